// No key of a chip is free: each is raised alone, to the next value that a formula tells apart, and what moves is what
// the table of docs/validation/prices.md says. A new key without a row fails.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "config/writer.hpp"
#include "cost/die_testing.hpp"
#include "kiln/closed_form/closed_form.hpp"
#include "kiln/config/latencies.hpp"
#include "kiln/cost/settle.hpp"

namespace kiln::cost {
namespace {

const std::string kSame = "the same";

struct Row {
  std::string key;              ///< its pointer; of /tiles/X the key of /tile
  std::string chip;             ///< on which it is raised: a shipped one, and what is set before
  std::string moves;            ///< "area +, transistors +, cycles -"
  std::string doubled = kSame;  ///< likewise, at twice the value
  bool operator==(const Row&) const = default;
  [[nodiscard]] const std::string& at_twice() const { return doubled == kSame ? moves : doubled; }
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.key << " | " << row.chip << " | " << row.moves << " | " << row.doubled;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"/clock_mhz", "hc1", "power +, paths +"},
      {"/tile/rows", "hc1", "area -, transistors -, power -, paths +, cycles +",
       "area -, transistors -, power +, paths +, cycles +"},
      {"/tile/columns", "hc1", "area -, transistors +, power -, paths +, cycles +",
       "area -, transistors -, power +, paths +, cycles +"},
      {"/tile/inputs_per_cycle", "hc1", "area +, transistors +, power +, paths +, cycles -"},
      {"/tile/scale_lanes", "hc1", "area +, transistors +, power +, paths +",
       "area +, transistors +, power +, paths +, cycles -"},
      {"/tile/accumulate_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/tile/product_select/product_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/tile/bit_serial/count_cycles", "demo-bit-serial", "area +, transistors +, power +, paths -, cycles +"},
      {"/tile/bit_serial/multiply_cycles", "demo-bit-serial", "area +, transistors +, power +, paths -, cycles +"},
      {"/tile/rom_mac/mac_lanes", "demo-rom-mac", "area +, transistors +, power +, paths +",
       "area +, transistors +, power +, paths +, cycles -"},
      {"/tile/rom_mac/read_cycles", "demo-rom-mac", "area +, transistors +, power +, paths -, cycles +"},
      {"/tile/rom_mac/multiply_cycles", "demo-rom-mac", "area +, transistors +, power +, paths -, cycles +"},
      {"/reduction/fan_in", "hc1", "area -, transistors -, power -", "area -, transistors -, power -, paths +"},
      {"/reduction/level_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/reduction/outputs_per_cycle", "hc1", "area +, transistors +, power +",
       "area +, transistors +, power +, paths -"},
      {"/reduction/scale_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/lanes", "hc1", "area +, transistors +, power +"},
      {"/vector/add_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/sum_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/rsqrt_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/scale_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/rope_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/silu_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/hadamard_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/vector/quantise_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/attention/input_lanes", "hc1", "area +, transistors +, power +"},
      {"/attention/heads_parallel", "hc1, attention.heads_parallel=4", "area +, transistors +, power +",
       "area +, transistors +, power +, cycles -"},
      {"/attention/tokens_parallel", "hc1", "area +, transistors +, power +, cycles +",
       "area +, transistors +, power +, paths +"},
      {"/attention/softmax_lanes", "hc1", "area +, transistors +, power +",
       "area +, transistors +, power +, paths +, cycles -"},
      {"/attention/output_lanes", "hc1", "area +, transistors +, power +"},
      {"/attention/score_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/attention/softmax_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/attention/value_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/attention/reciprocal_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/kv/banks", "hc1", "area +, transistors +, power +, cycles +, tokens +",
       "area +, transistors +, power +, paths +, tokens +"},
      {"/kv/ports", "hc1", "area +, transistors +, power +, paths +"},
      {"/kv/width_bytes", "hc1", "area +, transistors +, power +",
       "area +, transistors +, power +, paths -, cycles -, tokens +"},
      {"/kv/depth_words", "hc1", "area +, transistors +, power +, paths +, tokens +"},
      {"/kv/read_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/kv/write_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/kv/row_pad_words", "hc1", "area -, transistors -, power -, cycles +, tokens -"},
      {"/embedding/read_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/embedding/elements_per_cycle", "hc1", "area +, transistors +, power +",
       "area +, transistors +, power +, paths -"},
      {"/sampler/lanes", "hc1", "area +, transistors +, power +"},
      {"/sampler/compare_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/sampler/draw_cycles", "hc1", "area +, transistors +, power +, paths -"},
      {"/sampler/max_top_k", "hc1, sampler.max_top_k=4", "area +, transistors +, power +, paths +"},
      {"/sampler/max_temperature", "hc1", ""},
      {"/sequencer/issue_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/sequencer/commit_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
      {"/sequencer/slots", "hc1", "area +, transistors +, power +, paths +"},
      {"/link/beat_groups", "hc1", "area +, transistors +, power +, paths +, cycles +"},
      {"/link/sequencer_to_embedding", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/embedding_to_vector", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/vector_to_array", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/array_to_tree", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/tree_to_vector", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/vector_to_attention", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/attention_to_vector", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/tree_to_sampler", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/sampler_to_sequencer", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/vector_to_sequencer", "hc1", "area +, transistors +, power +, cycles +"},
      {"/link/vector_to_vector", "demo, schedule=layer_pipelined", "area +, transistors +, power +"},
      {"/host/latency_cycles", "hc1", "paths -, cycles +"},
      {"/host/cycles_per_token", "hc1", "cycles +", ""},
      {"/chips/count", "hc1", "area +, transistors +, power +, paths +, cycles +"},
      {"/chips/latency_cycles", "hc1, chips.count=2", "paths -, cycles +"},
      {"/chips/bytes_per_cycle", "hc1, chips.count=2", "area +, transistors +, power +"},
      {"/lora/sram_kib", "hc1", "area +, transistors +, power +"},
      {"/lora/macs", "hc1", "area +, transistors +, power +", "area +, transistors +, power +, paths +"},
      {"/lora/read_cycles", "hc1", "area +, transistors +, power +, paths -"},
      {"/lora/multiply_cycles", "hc1", "area +, transistors +, power +, paths -"},
      {"/lora/accumulate_cycles", "hc1", "area +, transistors +, power +, paths -"},
      {"/lora/quantise_cycles", "hc1", "area +, transistors +, power +, paths -"},
      {"/lora/add_cycles", "hc1", "area +, transistors +, power +, paths -, cycles +"},
  };
  return all;
}

/// What a chip costs and gives, in the order in which a row says it.
constexpr std::array<const char*, 6> kNames = {"area", "transistors", "power", "paths", "cycles", "tokens"};
using Figures = std::array<double, kNames.size()>;

struct Base {
  config::ModelConfig model;
  config::BakeRecipe recipe;
  config::TechConfig tech;
  std::string file;                        ///< of the chip
  std::vector<config::Override> settings;  ///< before the key is raised
  RunFigures run;                          ///< the same for every value
  Figures figures;
};

/// A run whose every part spends something.
RunFigures fixed_run(const program::Placement& placement, std::uint64_t cycles) {
  const auto& model = placement.model();
  RunFigures run;
  run.cycles = cycles;
  run.tokens = 256;
  run.logits_tokens = 128;
  auto& a = run.activity;
  const std::uint64_t layers = run.tokens * model.layers;
  a.embedding_reads = run.tokens * model.hidden_size;
  a.vector_elements = layers * 20 * model.hidden_size;
  a.kv_words_read = layers * 128 * 2 * placement.kv().token_words;
  a.kv_words_written = layers * 2 * placement.kv().token_words;
  a.score_macs = a.value_macs = layers * 128 * model.heads * model.head_dim;
  a.exponentials = layers * 128 * model.heads;
  a.logits_compared = run.logits_tokens * model.vocab_size;
  a.lora_macs = layers * 8 * model.hidden_size;
  a.link_beats = layers * 200;
  return run;
}

/// An adapter of rank 4 on every matrix of a layer, where the chip takes one.
config::AdapterShape adapter_of(const config::ChipConfig& chip) {
  config::AdapterShape shape;
  if (!chip.lora) return shape;
  using config::TensorClass;
  for (const auto c : {TensorClass::Q, TensorClass::K, TensorClass::V, TensorClass::O, TensorClass::Gate,
                       TensorClass::Up, TensorClass::Down})
    shape.ranks[static_cast<std::size_t>(c)] = 4;
  return shape;
}

std::optional<program::Placement> place_with(const Base& base, const std::string& setting) {
  auto settings = base.settings;
  if (!setting.empty()) settings.push_back(setting);
  const auto chip = config::load_chip(base.file, settings);
  if (!chip) return std::nullopt;
  auto placement = program::Placement::create(base.model, base.recipe, *chip, adapter_of(*chip));
  if (!placement) return std::nullopt;
  return std::move(placement).value();
}

constexpr std::uint64_t kPrompt = 64, kAnswer = 64;
std::uint64_t cycles_of(const program::Placement& placement) {
  return closed_form::run_cycles(placement, kPrompt, kAnswer).total.count();
}

Figures figures_of(const Base& base, const program::Placement& placement) {
  const auto made = die(placement, base.recipe, base.tech);
  EXPECT_TRUE(made.ok());
  const double dies = placement.chip().chips.count;
  double paths = 0;
  for (const auto& path : clock_paths(placement, base.recipe, base.tech, made->tile_line_mm))
    paths += path.delay_ps.typical / path.available_ps;
  return {dies * made->area_mm2.typical,
          dies * made->transistors.typical,
          energy(placement, base.recipe, base.tech, *made, base.run).power_w.typical,
          paths,
          static_cast<double>(cycles_of(placement)),
          static_cast<double>(placement.kv().capacity_tokens)};
}

Base base_of(const std::string& chip) {
  Base base;
  std::string name;
  std::istringstream parts(chip);
  for (std::string part; std::getline(parts, part, ',');) {
    part.erase(0, part.find_first_not_of(' '));
    if (name.empty())
      name = part;
    else
      base.settings.push_back(part);
  }
  const bool demo = name.starts_with("demo");
  const std::string configs = std::string(KILN_SOURCE_DIR) + "/configs/";
  base.model = *config::load_model(configs + (demo ? "model/kiln-stories-1m.json" : "model/llama-3.1-8b.json"));
  base.recipe = *config::load_recipe(configs + "recipe/w3w6.json");
  base.file = configs + "chip/" + name + ".json";
  const auto chip_given = config::load_chip(base.file, base.settings).value();
  base.tech = *config::load_tech(configs + "tech/" + chip_given.silicon->technology + ".json");
  // What is auto stays at its number, so that one key alone is raised; an array's own tile goes on inheriting.
  auto settled = settle(base.model, base.recipe, chip_given, adapter_of(chip_given), base.tech)->placement.chip();
  base.settings.push_back(fmt::format("link.beat_groups={}", settled.link.beat_groups));
  config::for_each_latency(settled, [&](const std::string& key, const std::uint32_t& cycles) {
    if (!key.starts_with("/tiles/")) base.settings.push_back(fmt::format("{}={}", key, cycles));
  });
  const auto placement = place_with(base, "");
  base::check(placement.has_value(), "a row's chip cannot be placed");
  base.run = fixed_run(*placement, cycles_of(*placement));
  base.figures = figures_of(base, *placement);
  return base;
}

std::string moves(const Figures& before, const Figures& after) {
  std::string all;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const double change = after[i] - before[i];
    if (std::abs(change) <= 1e-9 * std::abs(before[i])) continue;
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", kNames[i], change > 0 ? "+" : "-");
  }
  return all;
}

/// What a row's chip has; of a tile of its own, an array's key begins at what it inherits.
std::optional<double> value_of(const Base& base, const config::FieldInfo& field) {
  const auto chip = config::load_chip(base.file, base.settings).value();
  const auto tree = nlohmann::json::parse(config::to_json(chip));
  nlohmann::json::json_pointer at(field.pointer);
  if (!tree.contains(at)) at = nlohmann::json::json_pointer("/tile" + field.pointer.substr(field.pointer.find('/', 7)));
  if (!tree.contains(at)) return std::nullopt;
  return tree[at].get<double>();
}

/// Nothing where the chip cannot be placed then.
std::optional<std::string> moves_at(const Base& base, const config::FieldInfo& field, double value) {
  const auto placement =
      place_with(base, field.integer ? fmt::format("{}={}", field.pointer, static_cast<std::uint64_t>(value))
                                     : fmt::format("{}={}", field.pointer, value));
  if (!placement) return std::nullopt;
  return moves(base.figures, figures_of(base, *placement));
}

/// The key at its next value that moves anything, or "" where none does.
std::string moves_of(const Base& base, const config::FieldInfo& field) {
  const auto now = value_of(base, field);
  if (!now) return "no such key";
  for (double step = 1;; step *= 2) {
    const double most = field.integer ? field.range.maximum : *now + 64;
    if (*now + step / 2 >= most) return "";  // the one before was the last
    if (const auto moved = moves_at(base, field, std::min(*now + step, most)); moved && !moved->empty()) return *moved;
  }
}

/// The key at twice its value, at 1 where it is 0.
std::string moves_doubled(const Base& base, const config::FieldInfo& field) {
  const auto now = value_of(base, field);
  if (!now) return "no such key";
  const double twice = *now > 0 ? 2 * *now : 1;
  if (field.integer && twice > field.range.maximum) return "no such value";
  return moves_at(base, field, twice).value_or("no such chip");
}

/// "/tiles/down/rows" is a row of "/tile/rows".
std::string row_key(const std::string& pointer) {
  return pointer.starts_with("/tiles/") ? "/tile" + pointer.substr(pointer.find('/', 7)) : pointer;
}

/// What has a value to raise.
std::vector<config::FieldInfo> numeric_keys() {
  std::vector<config::FieldInfo> all;
  for (const auto& field : config::fields_of<config::ChipConfig>())
    if (field.integer || field.pointer == "/sampler/max_temperature") all.push_back(field);
  return all;
}

const Row* row_of(const std::string& key) {
  const auto at = std::find_if(rows().begin(), rows().end(), [&](const Row& row) { return row.key == key; });
  return at == rows().end() ? nullptr : &*at;
}

TEST(Prices, EveryNumericKeyHasARowAndEveryRowAKey) {
  std::set<std::string> left, keys;
  for (const auto& row : rows()) EXPECT_TRUE(left.insert(row.key).second) << row.key << " twice";
  for (const auto& field : numeric_keys()) {
    EXPECT_NE(row_of(row_key(field.pointer)), nullptr) << field.pointer;
    left.erase(row_key(field.pointer));
  }
  EXPECT_TRUE(left.empty()) << *left.begin();
}

TEST(Prices, ThePageHasTheSameTable) {
  std::istringstream page(base::read_text_file(std::string(KILN_SOURCE_DIR) + "/docs/validation/prices.md").value());
  std::vector<Row> found;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `/")) continue;
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(2));
    for (std::string cell; std::getline(parts, cell, '|');) {
      const auto end = cell.find_last_not_of(' ');
      const auto begin = cell.find_first_not_of(' ');
      cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
    }
    ASSERT_EQ(cells.size(), 5U) << line;
    EXPECT_GT(cells[4].size(), 10U) << "no formula: " << line;
    for (auto& cell : cells) cell = cell == "nothing" ? "" : cell;
    found.push_back({cells[0].substr(1, cells[0].size() - 2), cells[1], cells[2], cells[3]});
  }
  EXPECT_THAT(found, testing::ElementsAreArray(rows()));
}

TEST(Prices, RaisedAloneEachKeyMovesWhatItsRowSays) {
  std::map<std::string, Base> bases;
  for (const auto& field : numeric_keys()) {
    if (field.pointer.starts_with("/tiles/")) continue;
    const Row* row = row_of(field.pointer);
    if (row == nullptr) continue;  // another test says so
    if (!bases.contains(row->chip)) bases.emplace(row->chip, base_of(row->chip));
    EXPECT_EQ(moves_of(bases.at(row->chip), field), row->moves) << field.pointer;
    EXPECT_EQ(moves_doubled(bases.at(row->chip), field), row->at_twice()) << "twice " << field.pointer;
  }
}

/// "area +, cycles -" without what is said of paths.
std::string without_paths(const std::string& moves) {
  std::string all;
  std::istringstream parts(moves);
  for (std::string part; std::getline(parts, part, ',');) {
    part.erase(0, part.find_first_not_of(' '));
    if (!part.starts_with("paths")) all += (all.empty() ? "" : ", ") + part;
  }
  return all;
}

/// Gate and up of hc1, given tiles of their own: the same formulas. Of the arrays' paths of one name the slowest counts,
/// which may be another array's; that of `accumulate_cycles` is, so that nothing is left to see of what a cycle more
/// gives it.
TEST(Prices, OfATileOfAnArraysOwnMoveAsTheTilesOfAll) {
  const Base base = base_of("hc1");
  int tried = 0;
  for (auto field : numeric_keys()) {
    const bool elsewhere =
        field.pointer.find("/bit_serial/") != std::string::npos || field.pointer.find("/rom_mac/") != std::string::npos;
    if (!field.pointer.starts_with("/tile/") || elsewhere) continue;  // hc1 has no such tiles
    const Row& row = *row_of(field.pointer);
    field.pointer = "/tiles/gate_up" + field.pointer.substr(5);
    ++tried;
    for (const bool twice : {false, true}) {
      const std::string own = twice ? moves_doubled(base, field) : moves_of(base, field);
      const std::string& of_all = twice ? row.at_twice() : row.moves;
      EXPECT_EQ(without_paths(own), without_paths(of_all)) << field.pointer << (twice ? " twice" : "");
      if (own != without_paths(own) && !field.pointer.ends_with("/accumulate_cycles")) {
        EXPECT_EQ(own, of_all) << field.pointer << (twice ? " twice" : "");
      }
    }
  }
  EXPECT_EQ(tried, 6);
}

TEST(Prices, WhatIsFasterOrHoldsMoreCostsSomething) {
  for (const auto& row : rows())
    for (const std::string& moves : {row.moves, row.at_twice()}) {
      const auto has = [&](const char* what) { return moves.find(what) != std::string::npos; };
      const bool buys = has("cycles -") || has("tokens +") || has("paths -");
      const bool pays = has("area +") || has("transistors +") || has("power +") || has("paths +") || has("cycles +");
      EXPECT_TRUE(!buys || pays) << row.key << ": " << moves;
      // A latency: registers, and a run that takes longer.
      if (row.key.ends_with("_cycles") && row.key != "/host/latency_cycles" && row.key != "/chips/latency_cycles") {
        EXPECT_TRUE(has("area +") && has("transistors +") && has("power +")) << row.key << ": " << moves;
        EXPECT_FALSE(has("cycles -")) << row.key;
      }
    }
}

/// Ports, banks' width and lanes that a search found to be free.
TEST(Prices, KeyValuePortsOfHc1CostWhatTheirCellsDo) {
  const Base base = base_of("hc1");
  const auto kv = [&](std::uint32_t ports) {
    const auto placement = place_with(base, fmt::format("kv.ports={}", ports));
    const auto made = die(*placement, base.recipe, base.tech).value();
    return *find_part(made, program::Unit::KvSram, "keys and values");
  };
  const Part one = kv(1), two = kv(2), four = kv(4), eight = kv(8);
  EXPECT_NEAR(two.area_mm2.typical / one.area_mm2.typical, 1.342 * 1.25, 1e-9);
  EXPECT_NEAR(four.area_mm2.typical / one.area_mm2.typical, 2 * 1.342 * 1.25, 1e-9);
  EXPECT_NEAR(eight.area_mm2.typical / one.area_mm2.typical, 4 * 1.342 * 1.25, 1e-9);
  EXPECT_NEAR(four.transistors.typical / one.transistors.typical, 2 * 8 / 6.0, 1e-9);
  EXPECT_NEAR(two.leakage_w.typical / one.leakage_w.typical, 1.342 * 1.25, 1e-9);
}

}  // namespace
}  // namespace kiln::cost
