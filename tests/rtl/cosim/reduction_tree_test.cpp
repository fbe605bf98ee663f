// Reduction trees of every array in lock step. docs/units/reduction_tree.md
#include <bit>

#include "chip/unit_modules.hpp"
#include "configurations.hpp"
#include "cosim.hpp"

namespace kiln::rtl {
namespace {

using program::ArrayKind;

class TreeOracle final : public Oracle {
 public:
  TreeOracle(const Case& which, ArrayKind kind, base::Random& random)
      : image_(*which.image),
        plan_(which.placement->array(kind)),
        sections_(which.placement->dataflow().sections(kind)),
        kind_(kind),
        beat_(which.placement->chip().link.beat_elements()),
        random_(random) {}
  void token(const chip::Flight&, const Pins&) override {}

  Exchange exchange(const chip::Flight&, const program::Op& op, const Pins& pins) override {
    pins["layer_i"].set(op.layer.value);
    Exchange result{"sums", "y", {Bits(sums_bits(plan_))}, {}};
    const int exponent = random_.below(10) == 0 ? numerics::kZeroExponent : static_cast<int>(random_.below(264)) - 135;
    const auto sums = draw(result.in[0], exponent);
    std::vector<std::vector<Bits>> beats;  // of each section
    std::size_t column = 0;
    for (const auto& section : sections_) {
      const auto scales = image_.tensor(section.tensor_class, op.layer).matrix.row_scales;
      auto& of = beats.emplace_back();
      for (std::uint32_t row = 0; row < section.rows; ++row) {
        if (row % beat_ == 0) of.emplace_back(32 * std::uint64_t{beat_});
        of.back().set(32 * std::uint64_t{row % beat_}, 32,
                      std::bit_cast<std::uint32_t>(numerics::row_result(scales[row], sums[column + row], exponent)));
      }
      column += section.rows;
    }
    if (kind_ == ArrayKind::GateUp) {
      for (std::size_t i = 0; i < beats[0].size(); ++i)
        for (auto& of : beats) result.out.push_back(std::move(of[i]));
    } else {
      for (auto& of : beats)
        for (Bits& beat : of) result.out.push_back(std::move(beat));
    }
    return result;
  }

 private:
  /// Partial sums of any size that a tree can meet; returns what they add up to.
  std::vector<std::int64_t> draw(Bits& beat, int exponent) {
    std::vector<std::int64_t> sums(plan_.outputs, 0);
    const auto shift = static_cast<unsigned>(64 - random_.between(1, 39));  // 64 tiles of them stay below 2^45
    for (std::uint64_t i = 0; i < plan_.tiles_over_inputs; ++i) {
      for (std::uint64_t o = 0; o < plan_.outputs; ++o) {
        const auto s =
            exponent == numerics::kZeroExponent ? 0 : static_cast<std::int64_t>(random_.next()) >> shift;
        sums[o] += s;
        beat.set((i * plan_.outputs + o) * kSumBits, kSumBits, static_cast<std::uint64_t>(s));
      }
    }
    beat.set(kSumBits * plan_.tiles_over_inputs * plan_.outputs, kExponentBits, static_cast<std::uint64_t>(exponent));
    return sums;
  }

  const rom::RomImage& image_;
  const program::ArrayPlan& plan_;
  const std::vector<program::Section>& sections_;
  ArrayKind kind_;
  std::uint32_t beat_;
  base::Random& random_;
};

Case tree_case(const Configuration& c, std::size_t index, std::uint64_t seed) {
  config::ModelConfig model;
  model.name = "cosim";
  model.hidden_size = 100;
  model.intermediate_size = 130;
  model.layers = 2;
  model.heads = 3;
  model.kv_heads = 1;
  model.head_dim = 24;
  model.vocab_size = 70;
  model.max_context = 16;
  config::ChipConfig chip = support::RandomConfigs(seed).chip(model, 16);
  chip.link.beat_groups = c.at("groups");
  chip.tile.rows = c.at("rows");
  chip.tiles = {};
  chip.reduction = {c.at("fan_in"), c.at("level"), c.at("lanes"), c.at("scale")};
  const auto kind = static_cast<ArrayKind>(c.at("kind"));
  config::BakeRecipe recipe;
  recipe.name = "cosim";
  Case made = make_case(model, recipe, chip, seed);
  made.name = fmt::format("reduction_tree {}", nlohmann::json(c).dump());
  made.unit = program::tree_unit(kind);
  made.design = reduction_tree(*made.image, *made.placement, kind, fmt::format("c{}", index));
  made.twin = [kind](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::PlainModule<chip::ReductionTree>>(name, stage, program::tree_unit(kind), kind);
  };
  made.oracle = [kind](const Case& which, base::Random& random) {
    return std::make_unique<TreeOracle>(which, kind, random);
  };
  return made;
}

class ReductionTreeCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(ReductionTreeCosim, AddsScalesAndSendsInTheCyclesOfTheModel) {
  const std::uint64_t seed = support::test_seed(20261202 + GetParam());
  std::vector<Case> cases;
  for (const auto& c : group("reduction_tree", GetParam()))
    cases.push_back(tree_case(c, cases.size(), base::mix(seed, 100 + cases.size())));
  run_in_lock_step(fmt::format("reduction_tree-{}", GetParam()), cases, seed);
}

INSTANTIATE_TEST_SUITE_P(Groups, ReductionTreeCosim, testing::Range<std::size_t>(0, groups("reduction_tree")));

}  // namespace
}  // namespace kiln::rtl
