// Tile arrays of the three microarchitectures: beats of a quantised vector in, the partial sums of all tiles out.
#include "rtl/rom_words.hpp"
#include "support.hpp"
#include "support/tile_kinds.hpp"

namespace kiln::rtl {
namespace {

using config::TensorClass;
using numerics::kGroup;
using program::ArrayKind;

class ArrayOracle final : public Oracle {
 public:
  ArrayOracle(const Case& which, ArrayKind kind, base::Random& random) : case_(which), kind_(kind), random_(random) {}
  void token(const chip::TokenInFlight&, const Pins&) override {}

  Exchange exchange(const chip::TokenInFlight&, const program::Op& op, const Pins& pins) override {
    pins["layer_i"].set(op.layer.value);
    const auto x = vector();
    return {"x", "sums", beats(x), {sums(op.layer.value, x)}};
  }

 private:
  /// Groups that differ by up to 40 in their exponents, some of zeros, some at the ends of the codes.
  numerics::QuantisedVector vector() {
    numerics::QuantisedVector x;
    x.size = case_.placement->array(kind_).inputs;
    const std::size_t groups = base::ceil_div(x.size, kGroup);
    x.codes.assign(groups * kGroup, 0);
    x.exponents.assign(groups, numerics::kZeroExponent);
    x.steps.assign(groups, 1);
    x.max_exponent = numerics::kZeroExponent;
    const int top = static_cast<int>(random_.between(0, 200)) - 95;
    const std::uint64_t spread = random_.below(3) == 0 ? 41 : 4;
    for (std::size_t g = 0; g < groups; ++g) {
      if (random_.below(12) == 0) continue;
      const bool ends = random_.below(6) == 0;
      for (std::size_t i = g * kGroup; i < std::min(x.size, (g + 1) * kGroup); ++i) {
        x.codes[i] = static_cast<std::int8_t>(ends ? (random_.below(2) == 0 ? 127 : -127)
                                                   : static_cast<int>(random_.below(255)) - 127);
      }
      x.exponents[g] = static_cast<std::int16_t>(top - static_cast<int>(random_.below(spread)));
      x.steps[g] = static_cast<std::uint8_t>(random_.between(4, 7));
      x.max_exponent = std::max(x.max_exponent, x.exponents[g]);
    }
    return x;
  }

  std::vector<Bits> beats(const numerics::QuantisedVector& x) const {
    const auto& link = case_.placement->chip().link;
    const std::uint64_t width = link.beat_elements();
    std::vector<Bits> all;
    for (std::size_t first = 0; first < x.size; first += width) {
      Bits beat(quantised_bits(link));
      for (std::size_t i = first; i < std::min<std::size_t>(x.size, first + width); ++i)
        beat.set(8 * (i - first), 8, bits_of(x.codes[i]));
      for (std::size_t g = first / kGroup; g < std::min(x.steps.size(), (first + width) / kGroup); ++g) {
        const std::size_t at = g - first / kGroup;
        beat.set(8 * width + 9 * at, 9, static_cast<std::uint64_t>(std::int64_t{x.exponents[g]}));
        beat.set(8 * width + 9 * link.beat_groups + 3 * at, 3, x.steps[g]);
      }
      all.push_back(std::move(beat));
    }
    return all;
  }

  /// S of a tile: the scaled terms of the groups whose last input it holds.
  Bits sums(std::uint32_t layer, const numerics::QuantisedVector& x) const {
    const auto& plan = case_.placement->array(kind_);
    const std::uint64_t rows = case_.placement->tile(kind_).rows;
    Bits beat(sums_bits(plan));
    std::uint64_t first = 0;
    for (const auto* matrix : matrices(*case_.image, *case_.placement, kind_, layer)) {
      for (std::uint32_t row = 0; row < matrix->rows; ++row) {
        std::vector<std::int64_t> tiles(plan.tiles_over_inputs, 0);
        for (std::size_t g = 0; g < matrix->groups(); ++g) {
          const std::size_t last = std::min<std::size_t>(matrix->columns, (g + 1) * kGroup);
          const auto p = numerics::partial_product(*matrix, row, g * kGroup, last, x);
          tiles[(last - 1) / rows] +=
              numerics::scaled_term(p, group_scale(*matrix, row, g), x.steps[g], x.max_exponent - x.exponents[g]);
        }
        for (std::size_t i = 0; i < tiles.size(); ++i) {
          beat.set((i * plan.outputs + first + row) * kSumBits, kSumBits, static_cast<std::uint64_t>(tiles[i]));
        }
      }
      first += matrix->rows;
    }
    beat.set(beat.size() - kExponentBits, kExponentBits, static_cast<std::uint64_t>(std::int64_t{x.max_exponent}));
    return beat;
  }

  const Case& case_;
  ArrayKind kind_;
  base::Random& random_;
};

/// A few less than the rows of whole tiles.
std::uint32_t inputs_of(const Configuration& c) { return c.at("rows") * c.at("input_tiles") - c.at("short"); }

/// q, k and v of 2 : 1 : 1; gate and up; or one matrix: `outputs` in all.
config::ModelConfig model_for(ArrayKind kind, std::uint32_t inputs, std::uint32_t outputs) {
  if (kind == ArrayKind::Qkv) return support::model_of({"cosim", inputs, 8, 2, 2, 1, outputs / 4, 20});
  if (kind == ArrayKind::GateUp) return support::model_of({"cosim", inputs, outputs / 2, 2, 1, 1, 4, 20});
  return support::model_of({"cosim", outputs, inputs, 2, 1, 1, 4, 20});
}

config::TileConfig tile_of(const Configuration& c, const std::string& kind) {
  config::TileConfig tile;
  tile.microarchitecture = kind;
  tile.rows = c.at("rows");
  tile.columns = c.at("columns");
  tile.inputs_per_cycle = c.at("inputs_per_cycle");
  tile.scale_lanes = c.at("scale_lanes");
  tile.accumulate_cycles = c.at("accumulate_cycles");
  for (const auto& parameter : config::tile_kind(kind).parameters)
    tile.parameters[kind][parameter.key] = c.at(parameter.key);
  return tile;
}

/// `Tile`: 0 product_select, 1 bit_serial, 2 rom_mac.
template <int Tile>
Case array_case(const Configuration& c, std::uint64_t seed) {
  const auto kind = static_cast<ArrayKind>(c.at("array"));
  config::ChipConfig chip;
  chip.link.beat_groups = c.at("beat_groups");
  chip.tile = tile_of(c, support::kTileKinds[Tile]);
  auto recipe = recipe_of(static_cast<int>(c.at("other_bits")));
  for (const auto which : {TensorClass::Q, TensorClass::Gate, TensorClass::Down})
    recipe.formats[static_cast<std::size_t>(which)].bits = static_cast<int>(c.at("bits"));
  Case made = make_case(model_for(kind, inputs_of(c), c.at("outputs")), recipe, chip, seed);
  made.unit = program::array_unit(kind);
  made.design = tile_array(*made.image, *made.placement, kind, fmt::format("a{:x}", seed));
  made.twin = [kind](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::ArrayModule>(name, stage, kind);
  };
  made.oracle = [kind](const Case& which, base::Random& random) {
    return std::make_unique<ArrayOracle>(which, kind, random);
  };
  return made;
}

KILN_COSIM(ProductSelect, "product_select", array_case<0>);
KILN_COSIM(BitSerial, "bit_serial", array_case<1>);
KILN_COSIM(RomMac, "rom_mac", array_case<2>);

}  // namespace
}  // namespace kiln::rtl
