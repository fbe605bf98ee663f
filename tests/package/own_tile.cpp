// An outside program: adds its own tile microarchitecture to an installed Kiln and asks what Llama-3.1-8B does
// on a chip of such tiles. docs/extending.md walks through it.
//
// The tile, `half_serial`: activations enter as two halves of four bits, one after the other. A bank forms the products
// of a half with every value of the codebook, which are half as wide as those of a whole activation, and each weight
// selects one of them, twice. Its values are the same sums as any tile's, so it says nothing about them.
#include <cmath>
#include <cstdio>

#include "kiln/cost/delays.hpp"
#include "kiln/extend/tile_kind.hpp"
#include "kiln/study/run.hpp"

namespace {

using namespace kiln;

constexpr double kHalfProduct = 12;  // bits of a weight (8) times half an activation (4)

cost::TileColumn column(const config::TileConfig& tile, const config::TensorFormat& format, config::RomCell) {
  using namespace cost::circuits;
  const double inputs = tile.inputs_per_cycle;
  const double one = select(std::exp2(format.bits), kHalfProduct) + adder(kGroupSum);
  return {.transistors = inputs * one + 2 * registers(kGroupSum),
          .per_weight = 2 * (one + registers(kGroupSum) / inputs),
          .flip_flops = 2 * kGroupSum};
}

cost::TileBank bank(const config::TileConfig& tile, const config::TensorFormat& format) {
  using namespace cost::circuits;
  const double values = std::exp2(format.bits);
  const double held = values * kHalfProduct * tile.parameter("product_cycles");
  return {.transistors = values * multiplier(8, 4) + registers(held),
          .lines = 2 * values * kHalfProduct,
          .flip_flops = held};
}

std::vector<cost::TilePath> paths(const cost::TileInPlace& place) {
  namespace delays = cost::delays;
  const double cycles = place.tile.parameter("product_cycles");
  return {{.name = "form half a product, drive it over the tile",
           .fo4 = delays::multiplier(8, 4),
           .wire_mm = place.line_mm,
           .cycles = cycles,
           .registers = cycles,
           .key = "product_cycles"},
          {.name = "read a row of ROM", .reads_rom = true, .cycles = 2},
          {.name = "select and accumulate",
           .fo4 = delays::select(std::exp2(place.widest_bits)) + delays::carry_save(place.tile.inputs_per_cycle) +
                  delays::adder(21)}};
}

extend::TileKind half_serial() {
  extend::TileKind kind;
  kind.name = "half_serial";
  kind.config.parameters = {{.key = "product_cycles", .unit = "cycles", .minimum = 1, .maximum = 64}};
  // What the chip does ...
  kind.timing.steps = [](const config::TileConfig& tile, std::uint64_t) {
    return chip::TileSteps{.beat = 2, .latency = tile.parameter("product_cycles")};
  };
  kind.timing.count = [](const chip::ArrayWork& work, program::Activity& activity) {
    activity.products += 2 * work.inputs * work.tiles_side_by_side;
    activity.selections += 2 * work.weights;
  };
  // ... and the same as an independent formula: every run is checked against this.
  kind.closed_form.time = [](const config::TileConfig& tile, std::uint64_t) {
    return closed_form::TileTime{.beat = 8 / 4, .latency = tile.parameter("product_cycles")};
  };
  kind.cost.column = column;
  kind.cost.bank = bank;
  kind.cost.paths = paths;
  return kind;
}

int failed(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  return 1;
}

}  // namespace

int main() {
  if (const auto status = extend::register_tile_kind(half_serial()); !status) return failed(status.error().message);

  // hc1 with these tiles: a step of two cycles takes twice as many inputs.
  config::Catalogue configs(KILN_CONFIGS);
  configs.override_values("chip", {"tile.microarchitecture=half_serial", "tile.half_serial={\"product_cycles\":2}",
                                   "tile.inputs_per_cycle=8", "tiles.lm_head.inputs_per_cycle=4"});
  study::Environment environment(std::move(configs));
  study::RunQuestion question;
  question.model = "llama-3.1-8b";
  question.chip = "hc1";
  question.timing_only = true;
  question.prompt_tokens = 16;
  question.new_tokens = 64;
  const auto answer = study::run(question, environment);
  if (!answer) return failed(answer.error().message);
  if (answer->mismatch()) return failed(*answer->mismatch());

  std::printf("%.0f tokens/s\n", answer->result.speed.tokens_per_s_user.value());
  std::printf("%.0f mm2\n", answer->cost->die.area_mm2.typical);
  std::printf("%.0f W\n", answer->cost->energy.power_w.typical);
  return 0;
}
