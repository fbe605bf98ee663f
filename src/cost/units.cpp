#include "cost/units.hpp"

#include <algorithm>

#include "cost/tile.hpp"
#include "kiln/cost/circuits.hpp"
#include "program/link_ends.hpp"

namespace kiln::cost {
namespace {

using namespace circuits;
using floorplan::BlockKind;
using program::ArrayKind;
using program::Unit;

constexpr double kElement = 32;    // bits of binary32
constexpr double kGroupBits = 21;  // a sum of 64 products
constexpr double kTreeSum = 64;    // INT64
constexpr double kOperations = 7;  // of the vector unit: add, squares, norm, RoPE, SiLU, Hadamard, quantise

// An element through each of them (docs/numerics.md).
double add_lane() { return float_adder(); }
double square_lane() { return shifter(25, 32) + multiplier(25, 25) + adder(68); }
double norm_lane() { return 2 * float_multiplier(); }
double rope_lane() { return 2 * float_multiplier() + float_adder() + 2 * multiplier(32, 32) + select(257, 32); }
double silu_lane() { return multiplier(24, 32) + exponential() + reciprocal() + 2 * float_multiplier(); }
double hadamard_lane() { return shifter(25, 32) + 6 * adder(31); }
double quantise_lane() { return multiplier(31, 18) + shifter(49, 32) + adder(8); }

Amount logic(Unit unit, std::string what, double transistors) {
  return {.unit = unit, .what = std::move(what), .kind = BlockKind::Logic, .transistors = transistors};
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
  const double slots = std::ceil(static_cast<double>(tile.columns) / tile.scale_lanes);
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
  const auto add = [&](std::string what, double transistors) {
    all.push_back(logic(unit, std::move(what), transistors));
    all.back().tiles = plan.tiles();
  };
  if (tiles.products > 0) add("product banks", tiles.products);
  add("accumulators", tiles.accumulators);
  add("scale lanes", tiles.scales);
  add("control", tiles.control);
  add("input buffer", tiles.input);
  // The tree: at its root `outputs_per_cycle` sums a cycle, of each tile's columns the ones whose turn it is.
  const double lanes = std::min(chip.reduction.outputs_per_cycle, plan.outputs);
  const double choice = plan.tiles_over_inputs * lanes * select(plan.outputs / lanes, 46);
  all.push_back(logic(program::tree_unit(kind), "adders",
                      choice + lanes * ((plan.tiles_over_inputs - 1) * tree_adder() + row_scale())));
}

void add_vector(std::vector<Amount>& all, const program::Placement& placement) {
  const auto& chip = placement.chip();
  const auto& model = placement.model();
  const auto& v = chip.vector;
  const double latency = v.add_cycles + v.sum_cycles + v.scale_cycles + v.rope_cycles + v.silu_cycles +
                         v.hadamard_cycles + v.quantise_cycles;
  all.push_back(logic(Unit::VectorUnit, "lanes",
                      v.lanes * (kOperations * vector_operation() + registers(latency * kElement)) + reciprocal() +
                          6 * multiplier(32, 32)));
  const double widest = std::max({model.hidden_size, model.intermediate_size, model.heads * model.head_dim});
  all.push_back(
      logic(Unit::VectorUnit, "residual and output buffer", registers(kElement * (model.hidden_size + widest))));
}

void add_attention(std::vector<Amount>& all, const program::Placement& placement, std::uint32_t layers) {
  const auto& chip = placement.chip();
  const auto& model = placement.model();
  const auto& a = chip.attention;
  const double group = static_cast<double>(model.heads) / model.kv_heads;
  const double heads = std::min(a.heads_parallel, model.kv_heads);
  const double macs = heads * a.tokens_parallel * std::min(chip.kv.width_bytes, model.head_dim) * group;
  const double capacity = static_cast<double>(placement.kv().capacity_tokens);
  all.push_back(logic(Unit::Attention, "scores", macs * score_mac()));
  all.push_back(logic(Unit::Attention, "softmax", a.softmax_lanes * softmax_lane()));
  all.push_back(logic(Unit::Attention, "values", macs * value_mac() + registers(64.0 * model.heads * model.head_dim)));
  all.push_back(
      logic(Unit::Attention, "output",
            a.output_lanes * output_lane() + reciprocal() + registers(kElement * model.heads * model.head_dim)));
  // Scores of a token wait for the largest: one a head and token.
  all.push_back({.unit = Unit::Attention,
                 .what = "score buffer",
                 .kind = BlockKind::Sram,
                 .bits = kElement * model.heads * capacity,
                 .words = std::max(1.0, model.heads * capacity / a.softmax_lanes)});
  const double bits = 8.0 * chip.kv.banks * chip.kv.depth_words * chip.kv.width_bytes * layers;
  all.push_back({.unit = Unit::KvSram,
                 .what = "keys and values",
                 .kind = BlockKind::Sram,
                 .bits = bits,
                 .words = static_cast<double>(chip.kv.depth_words) * layers,
                 .tiles = chip.kv.banks});
  const double exponents = static_cast<double>(placement.kv().exponent_bits_per_token) * capacity * layers;
  all.push_back({.unit = Unit::KvSram,
                 .what = "exponents",
                 .kind = BlockKind::Sram,
                 .bits = exponents,
                 .words = std::max(1.0, capacity * layers / a.tokens_parallel),
                 .tiles = chip.kv.banks});
}

/// Read and not multiplied, so wires cannot hold it; cells of one transistor can, with 1 on their line.
void add_embedding(std::vector<Amount>& all, const program::Placement& placement, int bits) {
  const double rows = placement.model().vocab_size, width = placement.model().hidden_size;
  const bool cells = placement.chip().silicon->rom_cell == config::RomCell::TransistorPerWeight;
  all.push_back({.unit = Unit::EmbeddingRom,
                 .what = "weights",
                 .kind = BlockKind::Rom,
                 .bits = cells ? 0 : rows * width * bits,
                 .words = rows,
                 .weight_cells = cells ? rows * width * std::ceil(bits / 4.0) : 0,
                 .held_bits = cells ? rows * width * bits : 0});
  all.push_back({.unit = Unit::EmbeddingRom,
                 .what = "scales",
                 .kind = BlockKind::Rom,
                 .bits = rows * (8 * std::ceil(width / 64) + 32),
                 .words = rows});
}

void add_lora(std::vector<Amount>& all, const program::Placement& placement, double share) {
  const auto& lora = placement.chip().lora;
  if (!lora) return;
  all.push_back({.unit = Unit::Lora,
                 .what = "adapter",
                 .kind = BlockKind::Sram,
                 .bits = share * 8192.0 * lora->sram_kib,
                 .words = std::max(1.0, share * 1024.0 * lora->sram_kib / lora->macs)});
  all.push_back(logic(Unit::Lora, "multipliers", lora->macs * lora_mac()));
}

/// Whether a stage with layers has registers of a whole beat there: those of the LM head, which one stage has, are left
/// out, and the sequencer's are an id wide.
bool carries_beats(const program::LinkEnds& ends) {
  const auto leaves_out = [](Unit unit) {
    return unit == Unit::Sequencer || unit == Unit::LmHeadArray || unit == Unit::LmHeadTree;
  };
  return !leaves_out(ends.from) && !leaves_out(ends.to);
}

void add_links(std::vector<Amount>& all, const program::Placement& placement) {
  const auto& link = placement.chip().link;
  double link_registers = 0;
  for (const auto& ends : program::link_ends())
    if (carries_beats(ends)) link_registers += link[ends.link];
  all.push_back(logic(Unit::Links, "pipeline registers", registers(link_registers * link.beat_elements() * kElement)));
}

}  // namespace

double vector_operation() {
  return (add_lane() + square_lane() + norm_lane() + rope_lane() + silu_lane() + hadamard_lane() + quantise_lane()) /
         kOperations;
}
double score_mac() { return multiplier(8, 8) + registers(16) + adder(kGroupBits) + registers(kGroupBits); }
double value_mac() { return multiplier(32, 8) + registers(40) + adder(40); }
double softmax_lane() {
  return to_float(32) + float_multiplier() + float_adder() + exponential() + adder(48) + registers(4 * kElement);
}
double lora_mac() { return multiplier(8, 8) + registers(16) + adder(kGroupBits); }
double tree_adder() { return adder(kTreeSum) + registers(kTreeSum); }
double row_scale() { return multiplier(24, 46) + to_float(70) + registers(3 * kElement); }
double compare_lane(const config::SamplerConfig& sampler) {
  return sampler.max_top_k * (adder(kElement) + registers(kElement + 17) + select(2, kElement + 17));
}
double output_lane() { return multiplier(64, 32) + to_float(96); }
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
  add_vector(all, placement);
  if (here.layers > 0) add_attention(all, placement, here.layers);
  if (here.layers > 0) add_lora(all, placement, static_cast<double>(here.layers) / layers_on(stages, here.chip));
  add_links(all, placement);
  if (last) {
    all.push_back(logic(Unit::Sampler, "comparisons", chip.sampler.lanes * compare_lane(chip.sampler)));
    all.push_back(logic(Unit::Sampler, "draw", exponential() + multiplier(32, 32)));
  }
  if (first) {
    add_embedding(all, placement, recipe.of(config::TensorClass::Embedding).bits);
    all.push_back(logic(Unit::EmbeddingRom, "conversion", chip.embedding.elements_per_cycle * embedding_lane()));
    all.push_back(logic(Unit::Sequencer, "slots", chip.sequencer.slots * registers(160) + 4 * kFlipFlop * 1024));
  }
  return all;
}

}  // namespace kiln::cost
