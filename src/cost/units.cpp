#include "cost/units.hpp"

#include <algorithm>

#include "cost/tile.hpp"
#include "cost/wires.hpp"
#include "kiln/cost/circuits.hpp"

namespace kiln::cost {
namespace {

using namespace circuits;
using floorplan::BlockKind;
using program::ArrayKind;
using program::Unit;

constexpr double kElement = 32;    // bits of binary32
constexpr double kGroupBits = 21;  // a sum of 64 products
constexpr double kTreeSum = 64;    // INT64
constexpr double kSlot = 160;      // of the sequencer: a user's token, place and state
constexpr double kCandidate = 49;  // of the sampler: a logit and its token
constexpr double kOperations = 7;  // of the vector unit: add, squares, norm, RoPE, SiLU, Hadamard, quantise

// An element through each of them (docs/numerics.md).
double add_lane() { return float_adder(); }
double square_lane() { return shifter(25, 32) + multiplier(25, 25) + adder(68); }
double norm_lane() { return 2 * float_multiplier(); }
double rope_lane() { return 2 * float_multiplier() + float_adder() + 2 * multiplier(32, 32) + select(257, 32); }
double silu_lane() { return multiplier(24, 32) + exponential() + reciprocal() + 2 * float_multiplier(); }
double hadamard_lane() { return shifter(25, 32) + 6 * adder(31); }

/// Registers where `levels` of adders of `fan_in` numbers have them, beginning with `numbers`.
double tree_nodes(double numbers, double fan_in) {
  double nodes = 0;
  while (numbers > 1) {
    numbers = std::ceil(numbers / fan_in);
    nodes += numbers;
  }
  return nodes;
}

double layers_on(const std::vector<program::Stage>& stages, std::uint32_t chip) {
  double layers = 0;
  for (const auto& stage : stages) layers += stage.chip == chip ? stage.layers : 0;
  return layers;
}

void add_rom(std::vector<Amount>& all, const program::Placement& placement, const config::BakeRecipe& recipe,
             ArrayKind kind, std::uint32_t layers) {
  const auto& plan = placement.array(kind);
  const config::TileConfig tile = used_tile(placement, kind);
  const config::RomCell cell = placement.chip().silicon->rom_cell;
  const double words = static_cast<double>(rom_words(tile, layers));
  Amount codes{.unit = program::array_unit(kind),
               .what = "weights",
               .kind = BlockKind::Rom,
               .words = words,
               .tiles = plan.tiles()};
  if (cell == config::RomCell::TransistorPerBit) {
    codes.bits = static_cast<double>(plan.code_bits) * layers;
  } else {
    codes.held_bits = static_cast<double>(plan.code_bits) * layers;
    for (const auto& section : placement.dataflow().sections(kind)) {
      const double weights = static_cast<double>(section.rows) * plan.inputs * layers;
      const double cells = std::ceil(recipe.of(section.tensor_class).bits / 4.0);
      if (cell == config::RomCell::Metal)
        codes.metal_weights += weights;
      else
        codes.weight_cells += weights * cells;
    }
  }
  all.push_back(codes);
  // A lane reads one scale a cycle: of its columns one after the other, of a tile's groups, of its layers.
  const double groups = std::ceil(plan.inputs / 64.0);
  const double slots = columns_of_a_scale_lane(tile);
  all.push_back({.unit = program::array_unit(kind),
                 .what = "scales",
                 .kind = BlockKind::Rom,
                 .bits = layers * static_cast<double>(plan.outputs) * (groups * 8 + 32),
                 .words = std::max(1.0, groups / plan.tiles_over_inputs) * slots * layers,
                 .tiles = plan.tiles()});
}

void add_array(std::vector<Amount>& all, const program::Placement& placement, const config::BakeRecipe& recipe,
               ArrayKind kind, std::uint32_t layers) {
  const auto& chip = placement.chip();
  const auto& plan = placement.array(kind);
  add_rom(all, placement, recipe, kind, layers);
  const TileCircuits tiles = tile_circuits(placement, recipe, kind);
  const Unit unit = program::array_unit(kind);
  const auto add = [&](std::string what, double transistors, double flip_flops) {
    all.push_back(logic(unit, std::move(what), transistors - registers(flip_flops), flip_flops));
    all.back().tiles = plan.tiles();
  };
  if (tiles.products > 0) add("product banks", tiles.products, tiles.product_flip_flops);
  add("accumulators", tiles.accumulators, tiles.accumulator_flip_flops);
  add("scale lanes", tiles.scales, tiles.scale_flip_flops);
  add("control", tiles.control, 0);
  add("input buffer", tiles.input, tiles.input_flip_flops);
  // The tree: at its root `outputs_per_cycle` sums a cycle, of each tile's columns the ones whose turn it is.
  const double lanes = std::min(chip.reduction.outputs_per_cycle, plan.outputs);
  const double choice = plan.tiles_over_inputs * lanes * select(plan.outputs / lanes, 46);
  const double held =
      tree_nodes(plan.tiles_over_inputs, chip.reduction.fan_in) * chip.reduction.level_cycles * kTreeSum +
      chip.reduction.scale_cycles * kElement;
  all.push_back(logic(program::tree_unit(kind), "adders",
                      choice + lanes * ((plan.tiles_over_inputs - 1) * adder(kTreeSum) + row_scale(0)), lanes * held));
}

void add_vector(std::vector<Amount>& all, const program::Placement& placement, double norms) {
  const auto& chip = placement.chip();
  const auto& model = placement.model();
  const auto& v = chip.vector;
  const double latency = v.add_cycles + v.sum_cycles + v.scale_cycles + v.rope_cycles + v.silu_cycles +
                         v.hadamard_cycles + v.quantise_cycles;
  all.push_back(logic(Unit::VectorUnit, "lanes",
                      v.lanes * kOperations * vector_operation() + reciprocal() + 6 * multiplier(32, 32),
                      kElement * (v.lanes * latency + v.rsqrt_cycles)));
  const double widest = std::max({model.hidden_size, model.intermediate_size, model.heads * model.head_dim});
  all.push_back(logic(Unit::VectorUnit, "residual and output buffer", 0, kElement * (model.hidden_size + widest)));
  // A weight of a norm for each lane in a cycle.
  if (norms > 0)
    all.push_back({.unit = Unit::VectorUnit,
                   .what = "norm weights",
                   .kind = BlockKind::Rom,
                   .bits = norms * model.hidden_size * kElement,
                   .words = norms * std::ceil(static_cast<double>(model.hidden_size) / v.lanes)});
}

/// Read and not multiplied, so wires cannot hold it; cells of one transistor can, with 1 on their line.
void add_embedding(std::vector<Amount>& all, const program::Placement& placement, int bits) {
  const double rows = placement.model().vocab_size, width = placement.model().hidden_size;
  const bool cells = placement.chip().silicon->rom_cell == config::RomCell::TransistorPerWeight;
  const auto& embedding = placement.chip().embedding;
  const double words = std::max(1.0, rows * std::ceil(width / embedding.elements_per_cycle));
  all.push_back({.unit = Unit::EmbeddingRom,
                 .what = "weights",
                 .kind = BlockKind::Rom,
                 .bits = cells ? 0 : rows * width * bits,
                 .words = words,
                 .weight_cells = cells ? rows * width * std::ceil(bits / 4.0) : 0,
                 .held_bits = cells ? rows * width * bits : 0});
  all.push_back({.unit = Unit::EmbeddingRom,
                 .what = "scales",
                 .kind = BlockKind::Rom,
                 .bits = rows * (8 * std::ceil(width / 64) + 32),
                 .words = rows});
  all.push_back(logic(Unit::EmbeddingRom, "conversion", embedding.elements_per_cycle * embedding_lane(),
                      static_cast<double>(embedding.elements_per_cycle) * bits * embedding.read_cycles));
}

void add_lora(std::vector<Amount>& all, const program::Placement& placement, double share) {
  const auto& lora = placement.chip().lora;
  if (!lora) return;
  all.push_back({.unit = Unit::Lora,
                 .what = "adapter",
                 .kind = BlockKind::Sram,
                 .bits = share * 8192.0 * lora->sram_kib,
                 .words = std::max(1.0, share * 1024.0 * lora->sram_kib / lora->macs)});
  // Codes that are read, products, and the few sums, codes and results that a cycle brings.
  const double macs = lora->macs;
  const double held = macs * (8.0 * lora->read_cycles + kGroupBits * lora->multiply_cycles) +
                      46.0 * lora->accumulate_cycles + kElement * lora->quantise_cycles +
                      kElement * placement.chip().link.beat_elements() * lora->add_cycles;
  all.push_back(logic(Unit::Lora, "multipliers", macs * lora_mac() - macs * registers(16), macs * 16 + held));
}

void add_links(std::vector<Amount>& all, const program::Placement& placement, std::uint32_t stage) {
  double bits = 0;
  for (const Bus& bus : buses(placement, stage)) bits += bus.wires * placement.chip().link[bus.link];
  all.push_back(logic(Unit::Links, "pipeline registers", 0, bits));
}

void add_sampler(std::vector<Amount>& all, const config::SamplerConfig& sampler) {
  // A lane holds its candidates; each cycle of the comparisons between lanes as many again.
  const double candidates = kCandidate * sampler.max_top_k;
  all.push_back(logic(Unit::Sampler, "comparisons", sampler.lanes * (compare_lane(sampler) - registers(candidates)),
                      candidates * (sampler.lanes + static_cast<double>(sampler.compare_cycles))));
  all.push_back(logic(Unit::Sampler, "draw", exponential() + multiplier(32, 32), kElement * sampler.draw_cycles));
}

}  // namespace

Amount logic(Unit unit, std::string what, double transistors, double flip_flops) {
  return {.unit = unit,
          .what = std::move(what),
          .kind = BlockKind::Logic,
          .transistors = transistors + registers(flip_flops),
          .flip_flops = flip_flops};
}

double quantise_lane() { return multiplier(31, 18) + shifter(49, 32) + adder(8); }
double vector_operation() {
  return (add_lane() + square_lane() + norm_lane() + rope_lane() + silu_lane() + hadamard_lane() + quantise_lane()) /
         kOperations;
}
double lora_mac() { return multiplier(8, 8) + registers(16) + adder(kGroupBits); }
double tree_adder() { return adder(kTreeSum) + registers(kTreeSum); }
double row_scale(double cycles) { return multiplier(24, 46) + to_float(70) + registers(cycles * kElement); }
double compare_lane(const config::SamplerConfig& sampler) {
  return sampler.max_top_k * (adder(kElement) + registers(kCandidate) + select(2, kCandidate));
}
double embedding_lane() { return multiplier(8, 8) + multiplier(16, 24) + to_float(40); }

std::vector<Amount> stage_amounts(const program::Placement& placement, const config::BakeRecipe& recipe,
                                  std::uint32_t stage) {
  const auto& chip = placement.chip();
  const auto& stages = placement.dataflow().stages();
  const program::Stage& here = stages[stage];
  const bool first = stage == 0, last = stage + 1 == stages.size();
  std::vector<Amount> all;
  if (here.layers > 0)
    for (const ArrayKind kind : {ArrayKind::Qkv, ArrayKind::O, ArrayKind::GateUp, ArrayKind::Down})
      add_array(all, placement, recipe, kind, here.layers);
  if (last) add_array(all, placement, recipe, ArrayKind::LmHead, 1);
  add_vector(all, placement, 2.0 * here.layers + (last ? 1 : 0));
  if (here.layers > 0) add_attention(all, placement);
  if (here.layers > 0) add_kv(all, placement, here.layers);
  if (here.layers > 0) add_lora(all, placement, static_cast<double>(here.layers) / layers_on(stages, here.chip));
  add_links(all, placement, stage);
  if (last) add_sampler(all, chip.sampler);
  if (first) {
    add_embedding(all, placement, recipe.of(config::TensorClass::Embedding).bits);
    const double cycles = static_cast<double>(chip.sequencer.issue_cycles) + chip.sequencer.commit_cycles;
    all.push_back(logic(Unit::Sequencer, "slots", 0, kSlot * (chip.sequencer.slots + cycles) + 4 * 1024));
  }
  return all;
}

}  // namespace kiln::cost
