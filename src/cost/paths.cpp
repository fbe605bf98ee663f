#include "cost/paths.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cost/depths.hpp"
#include "cost/tile.hpp"
#include "cost/tile_kinds.hpp"
#include "cost/units.hpp"
#include "kiln/cost/delays.hpp"

namespace kiln::cost {
namespace {

/// A function over as many cycles as its latency says.
Path function(std::string name, std::string key, double cycles, double fo4) {
  return {.name = std::move(name), .key = std::move(key), .fo4 = fo4, .cycles = cycles, .divided = true};
}
/// What must be over within a cycle.
Path loop(std::string name, double fo4) { return {.name = std::move(name), .fo4 = fo4}; }
Path counted(Path path) {
  path.counted = true;
  return path;
}

/// Of a memory of so many words: the choice of one of its macros, which are at most as long as the table's longest.
double choice_of_macro(double words) { return delays::select(std::ceil(words / config::kMacroWords.back())); }

/// Layers of the stage with the most.
std::uint32_t most_layers(const program::Placement& placement) {
  std::uint32_t most = 1;
  for (const auto& stage : placement.dataflow().stages()) most = std::max(most, stage.layers);
  return most;
}

/// Layers that share an array's tiles.
std::uint32_t sharing(const program::Placement& placement, program::ArrayKind kind) {
  return kind == program::ArrayKind::LmHead ? 1 : most_layers(placement);
}

/// Of keys and values: a macro of a bank, and the network between banks and lanes.
double choice_of_word(const program::Placement& placement) {
  return choice_of_macro(static_cast<double>(placement.chip().kv.depth_words) * most_layers(placement)) +
         delays::kMultiplexer * crossbar_levels(crossbar_ends(placement));
}

/// Of the embedding: as many words as its rows take.
double choice_of_row(const program::Placement& placement) {
  const double pieces =
      std::ceil(static_cast<double>(placement.model().hidden_size) / placement.chip().embedding.elements_per_cycle);
  return choice_of_macro(placement.model().vocab_size * pieces);
}

double widest_bits(const program::Placement& placement, const config::BakeRecipe& recipe, program::ArrayKind kind) {
  double bits = 0;
  for (const auto& section : placement.dataflow().sections(kind))
    bits = std::max<double>(bits, recipe.of(section.tensor_class).bits);
  return bits;
}

void add_tiles(std::vector<Path>& all, const program::Placement& placement, const config::BakeRecipe& recipe,
               const config::TechConfig& tech, program::ArrayKind kind, double line_mm) {
  const auto array = static_cast<std::size_t>(kind);
  const config::TileConfig tile = used_tile(placement, kind);
  const double macro = choice_of_macro(static_cast<double>(rom_words(tile, sharing(placement, kind))));
  const std::string at =
      placement.chip().tiles[array] ? fmt::format("/tiles/{}", config::kTileArrayNames[array]) : std::string("/tile");
  for (const TilePath& path : tile_kind(tile.microarchitecture)
                                  .paths({.tile = tile,
 .cell = placement.chip().silicon.value_or(config::SiliconConfig{}).rom_cell,
 .widest_bits = widest_bits(placement, recipe, kind),
 .line_mm = line_mm}))
    all.push_back({.name = path.name,
                   .key = path.key.empty() ? "" : fmt::format("{}/{}/{}", at, tile.microarchitecture, path.key),
                   .fo4 = path.fo4 + (path.reads_rom ? macro : 0),
                   .mm = path.wire_mm,
                   .access = path.reads_rom ? &tech.rom_read_ps : nullptr,
                   .cycles = path.cycles,
                   .divided = !path.key.empty() && !path.reads_rom,
                   .registers = path.registers});
  const double slots = columns_of_a_scale_lane(tile);
  all.push_back(function("scale, shift and add", at + "/accumulate_cycles", tile.accumulate_cycles,
                         delays::select(slots) + depths::scale_and_shift() + depths::sums_loop()));
  all.push_back(loop("accumulate a scaled sum", delays::select(slots) + depths::sums_loop()));
}

void add_tree(std::vector<Path>& all, const program::Placement& placement, program::ArrayKind kind) {
  const auto& reduction = placement.chip().reduction;
  const auto& plan = placement.array(kind);
  const double lanes = std::min(reduction.outputs_per_cycle, plan.outputs);
  const double choice = delays::select(std::ceil(plan.outputs / lanes));
  const double fan_in = std::min(reduction.fan_in, plan.tiles_over_inputs);
  if (fan_in > 1)
    all.push_back(function("add a level of a tree", "/reduction/level_cycles", reduction.level_cycles,
                           choice + depths::tree_level(fan_in)));
  all.push_back(function("scale a row's sum", "/reduction/scale_cycles", reduction.scale_cycles,
                         (fan_in > 1 ? 0 : choice) + depths::row_scale()));
}

void add_vector(std::vector<Path>& all, const program::Placement& placement) {
  const auto& v = placement.chip().vector;
  const auto& model = placement.model();
  const double beat = placement.chip().link.beat_elements();
  const double lanes = std::min<double>(v.lanes, beat);
  // The residual is registers: a lane group of it is chosen.
  const double choice = delays::select(std::ceil(model.hidden_size / lanes));
  constexpr double kGroup = 64;
  const auto add = [&](const char* name, const char* key, std::uint32_t cycles, double fo4) {
    all.push_back(function(name, std::string("/vector/") + key, cycles, fo4));
  };
  add("add to the residual", "add_cycles", v.add_cycles, choice + depths::residual_add(lanes));
  add("sum of squares", "sum_cycles", v.sum_cycles, choice + depths::squares(lanes));
  all.push_back(loop("add up squares", depths::squares_loop()));
  add("reciprocal square root", "rsqrt_cycles", v.rsqrt_cycles, depths::root_of_mean());
  add("scale by root and weight", "scale_cycles", v.scale_cycles, choice + depths::scale());
  add("sine, cosine and rotation", "rope_cycles", v.rope_cycles, depths::rope());
  add("SiLU", "silu_cycles", v.silu_cycles, depths::silu());
  add("Hadamard transform", "hadamard_cycles", v.hadamard_cycles, depths::hadamard(kGroup));
  add("quantise a group", "quantise_cycles", v.quantise_cycles, depths::quantise(kGroup));
}

void add_attention(std::vector<Path>& all, const program::Placement& placement) {
  const auto& a = placement.chip().attention;
  const auto& model = placement.model();
  const double word = std::min(placement.chip().kv.width_bytes, model.head_dim);
  const double groups = std::ceil(model.head_dim / 64.0);
  const double tokens = a.tokens_parallel;
  const double of_a_head = std::ceil(static_cast<double>(a.softmax_lanes) / model.heads);
  const double rows = std::ceil(static_cast<double>(placement.kv().row_words));
  const auto add = [&](const char* name, const char* key, std::uint32_t cycles, double fo4) {
    all.push_back(function(name, std::string("/attention/") + key, cycles, fo4));
  };
  // The query's word is chosen among the row's; the largest of a head's scores is over the tokens read together.
  add("a score and the largest", "score_cycles", a.score_cycles,
      delays::select(rows) + depths::dot_product(word) + depths::dot_product_loop() + depths::score(groups) +
          (delays::levels(tokens) + 1) * depths::largest_score_loop());
  all.push_back(loop("add up a score", depths::dot_product_loop()));
  all.push_back(loop("keep the largest score", depths::largest_score_loop()));
  add("a probability and its sum", "softmax_cycles", a.softmax_cycles,
      depths::probability() + delays::add_up(of_a_head, 48) + depths::probability_loop());
  all.push_back(loop("add up probabilities", depths::probability_loop()));
  add("weight and add values", "value_cycles", a.value_cycles,
      depths::value_weight() + depths::value_sum(tokens) + depths::value_loop());
  all.push_back(loop("add up values", depths::value_loop()));
  add("divide by the sum", "reciprocal_cycles", a.reciprocal_cycles, depths::quotient());
}

void add_memories(std::vector<Path>& all, const program::Placement& placement, const config::TechConfig& tech) {
  const auto& kv = placement.chip().kv;
  all.push_back({.name = "read a word of keys or values",
                 .key = "/kv/read_cycles",
                 .fo4 = choice_of_word(placement),
                 .access = &tech.sram_read_ps,
                 .cycles = static_cast<double>(kv.read_cycles)});
  all.push_back({.name = "write a word of keys or values",
                 .key = "/kv/write_cycles",
                 .fo4 = delays::select(std::ceil(placement.chip().link.beat_elements() / double(kv.width_bytes))),
                 .access = &tech.sram_read_ps,
                 .cycles = static_cast<double>(kv.write_cycles)});
  const auto& embedding = placement.chip().embedding;
  all.push_back({.name = "read a row of the embedding",
                 .key = "/embedding/read_cycles",
                 .fo4 = choice_of_row(placement) + depths::embedding_element(),
                 .access = &tech.rom_read_ps,
                 .cycles = static_cast<double>(embedding.read_cycles),
                 .divided = true});
}

void add_head(std::vector<Path>& all, const program::Placement& placement) {
  const auto& s = placement.chip().sampler;
  const double lanes = std::min<double>(s.lanes, placement.chip().link.beat_elements());
  all.push_back(function("largest logits", "/sampler/compare_cycles", s.compare_cycles,
                         depths::best_of(lanes, s.max_top_k) + depths::best_loop(s.max_top_k)));
  all.push_back(loop("keep the largest logits", depths::best_loop(s.max_top_k)));
  all.push_back(function("draw a token", "/sampler/draw_cycles", s.draw_cycles, depths::draw(s.max_top_k)));
  const auto& q = placement.chip().sequencer;
  all.push_back(function("issue a token", "/sequencer/issue_cycles", q.issue_cycles,
                         depths::turn_loop(q.slots) + delays::select(q.slots)));
  all.push_back(loop("whose turn it is", depths::turn_loop(q.slots)));
  all.push_back(function("commit a token", "/sequencer/commit_cycles", q.commit_cycles, depths::finish()));
}

/// What a frame takes one way in interfaces that are no logic of this clock: serialiser, wire, deserialiser, and to a host
/// its bus's controllers.
const config::TechConstant kHostLinkPs = {
    100e3, 150e3, 300e3, "M",
    "a round trip over PCIe takes about 550 ns with the host's memory (Neugebauer et al., SIGCOMM 2018); one way and "
    "without the memory chosen"};
const config::TechConstant kChipLinkPs = {10e3, 30e3, 60e3, "G", "chosen: order of a serial link over a board"};

/// Units that have no RTL.
void add_counted(std::vector<Path>& all, const program::Placement& placement) {
  const auto& chip = placement.chip();
  const auto add = [&](const char* name, const char* key, std::uint32_t cycles, const config::TechConstant& link) {
    all.push_back({.name = name,
                   .key = key,
                   .fo4 = depths::frame(),
                   .access = &link,
                   .cycles = static_cast<double>(cycles),
                   .counted = true,
                   .outside = true});
  };
  add("a frame to or from the host", "/host/latency_cycles", chip.host.latency_cycles, kHostLinkPs);
  if (chip.chips.count > 1)
    add("a frame to the next chip", "/chips/latency_cycles", chip.chips.latency_cycles, kChipLinkPs);
}

void add_adapter(std::vector<Path>& all, const program::Placement& placement, const config::TechConfig& tech) {
  const auto& lora = placement.chip().lora;
  if (!lora) return;
  const auto add = [&](const char* name, const char* key, std::uint32_t cycles, double fo4) {
    all.push_back(counted(function(name, std::string("/lora/") + key, cycles, fo4)));
  };
  all.push_back({.name = "read a word of an adapter",
                 .key = "/lora/read_cycles",
                 .access = &tech.sram_read_ps,
                 .cycles = static_cast<double>(lora->read_cycles),
                 .counted = true});
  add("an adapter's product", "multiply_cycles", lora->multiply_cycles, depths::adapter_product());
  add("an adapter's sum", "accumulate_cycles", lora->accumulate_cycles, depths::adapter_sum(lora->macs));
  add("quantise an adapter's sums", "quantise_cycles", lora->quantise_cycles, depths::quantise(64));
  add("add an adapter's result", "add_cycles", lora->add_cycles, depths::float_add());
}

}  // namespace

std::vector<Path> all_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                            const config::TechConfig& tech, double tile_line_mm) {
  std::vector<Path> all;
  for (std::size_t k = 0; k < program::kArrays; ++k) {
    const auto kind = static_cast<program::ArrayKind>(k);
    add_tiles(all, placement, recipe, tech, kind, tile_line_mm);
    add_tree(all, placement, kind);
  }
  add_memories(all, placement, tech);
  add_vector(all, placement);
  add_attention(all, placement);
  add_head(all, placement);
  add_adapter(all, placement, tech);
  add_counted(all, placement);
  return all;
}

}  // namespace kiln::cost
