// Reduction tree: a beat of all partial sums a transaction, streams of elements after it.
#include "rtl/rom_words.hpp"
#include "support.hpp"

namespace kiln::rtl {
namespace {

using program::ArrayKind;

class TreeOracle final : public Oracle {
 public:
  TreeOracle(const Case& which, ArrayKind kind, base::Random& random) : case_(which), kind_(kind), random_(random) {}
  void token(const chip::TokenInFlight&, const Pins&) override {}

  Exchange exchange(const chip::TokenInFlight&, const program::Op& op, const Pins& pins) override {
    pins["layer_i"].set(op.layer.value);
    const auto& plan = case_.placement->array(kind_);
    Exchange e{"sums", "y", {Bits(sums_bits(plan))}, {}};
    const bool zeros = random_.below(20) == 0;  // a vector of zeros has the exponent -256
    const int exponent = zeros ? -256 : static_cast<int>(random_.between(0, 263)) - 135;
    std::vector<std::int64_t> sums(plan.outputs, 0);
    for (std::uint32_t tile = 0; tile < plan.tiles_over_inputs && !zeros; ++tile) {
      for (std::uint32_t o = 0; o < plan.outputs; ++o) {
        const std::int64_t s = sum(plan.tiles_over_inputs);
        sums[o] += s;
        e.in[0].set((std::uint64_t{tile} * plan.outputs + o) * kSumBits, kSumBits, static_cast<std::uint64_t>(s));
      }
    }
    e.in[0].set(e.in[0].size() - kExponentBits, kExponentBits, static_cast<std::uint64_t>(exponent));
    e.out = results(op.layer.value, sums, exponent);
    return e;
  }

 private:
  /// Of any length in bits, so that the sum over the tiles stays below 2^45.
  std::int64_t sum(std::uint32_t tiles) {
    const auto limit = ((std::uint64_t{1} << 45) - 1) / tiles;
    const auto magnitude = static_cast<std::int64_t>(random_.below(limit + 1) >> random_.below(45));
    return random_.below(2) == 0 ? magnitude : -magnitude;
  }

  std::vector<Bits> results(std::uint32_t layer, const std::vector<std::int64_t>& sums, int exponent) const {
    const std::uint32_t width = case_.placement->chip().link.beat_elements();
    std::vector<std::vector<Bits>> sections;
    std::size_t first = 0;
    for (const auto* matrix : matrices(*case_.image, *case_.placement, kind_, layer)) {
      std::vector<float> y(matrix->rows);
      for (std::size_t i = 0; i < y.size(); ++i)
        y[i] = numerics::row_result(matrix->row_scales[i], sums[first + i], exponent);
      first += y.size();
      append_elements(sections.emplace_back(), y, width);
    }
    std::vector<Bits> beats;
    if (kind_ == ArrayKind::GateUp) {
      for (std::size_t k = 0; k < sections[0].size(); ++k)
        for (const auto& section : sections) beats.push_back(section[k]);
      return beats;
    }
    for (const auto& section : sections) beats.insert(beats.end(), section.begin(), section.end());
    return beats;
  }

  const Case& case_;
  ArrayKind kind_;
  base::Random& random_;
};

Case tree_case(const Configuration& c, std::uint64_t seed) {
  const auto kind = static_cast<ArrayKind>(c.at("array"));
  const auto model = support::model_of({"cosim", c.at("hidden"), 33, 2, 4, 2, 8, 70});
  config::ChipConfig chip;
  chip.link.beat_groups = c.at("beat_groups");
  chip.tile.rows = c.at("tile_rows");
  chip.reduction = {c.at("fan_in"), c.at("level_cycles"), c.at("outputs_per_cycle"), c.at("scale_cycles")};
  Case made = make_case(model, recipe_of(2), chip, seed);
  made.unit = program::tree_unit(kind);
  made.design = reduction_tree(*made.image, *made.placement, kind, fmt::format("t{:x}", seed));
  made.twin = [kind, unit = made.unit](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::PlainModule<chip::ReductionTree>>(name, stage, unit, kind);
  };
  made.oracle = [kind](const Case& which, base::Random& random) {
    return std::make_unique<TreeOracle>(which, kind, random);
  };
  return made;
}

KILN_COSIM(ReductionTree, "reduction_tree", tree_case);

}  // namespace
}  // namespace kiln::rtl
