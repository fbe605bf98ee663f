// A chip and a technology whose areas and energies a reader can check by hand.
// Arrays of the model: qkv 64 x (32 k + 32 v + 64 q), o 64 x 64, gate_up 64 x (128 + 128), down 128 x 64, lm_head 64
// x 96.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kiln/config/load.hpp"
#include "kiln/cost/energy.hpp"

namespace kiln::cost {

inline config::ModelConfig small_model(std::uint32_t layers = 3) {
  config::ModelConfig m;
  m.name = "small";
  m.hidden_size = 64;
  m.intermediate_size = 128;
  m.layers = layers;
  m.heads = 2;
  m.kv_heads = 1;
  m.head_dim = 32;
  m.vocab_size = 96;
  m.max_context = 64;
  return m;
}

/// Tiles of 64 x 64, four inputs a step, sixteen lanes.
inline config::ChipConfig small_chip(const std::string& kind = "product_select") {
  config::ChipConfig c;
  c.name = "small";
  c.tile = {kind,
            64,
            64,
            4,
            16,
            2,
            {{"product_select", {{"product_cycles", 2}}},
             {"bit_serial", {{"count_cycles", 3}, {"multiply_cycles", 3}}},
             {"rom_mac", {{"mac_lanes", 16}, {"read_cycles", 2}, {"multiply_cycles", 2}}}}};
  c.silicon = config::SiliconConfig{"plain", config::RomCell::TransistorPerBit};
  return c;
}

/// Tiles whose rows are one step, a stage for each layer: what cells of wires want.
inline config::ChipConfig wired_chip() {
  config::ChipConfig c = small_chip("bit_serial");
  c.tile.inputs_per_cycle = 64;
  c.schedule = config::Schedule::LayerPipelined;
  c.silicon->rom_cell = config::RomCell::Metal;
  return c;
}

inline config::BakeRecipe recipe_of(int bits, config::CodebookKind codebook = config::CodebookKind::KMeans) {
  config::BakeRecipe recipe;
  for (auto& format : recipe.formats) format = {bits, codebook};
  return recipe;
}

inline program::Placement placed(const config::ChipConfig& chip, const config::ModelConfig& model = small_model(),
                                 const config::BakeRecipe& recipe = recipe_of(4)) {
  auto placement = program::Placement::create(model, recipe, chip);
  EXPECT_TRUE(placement.ok()) << (placement.ok() ? "" : placement.error().message);
  return std::move(placement).value();
}

inline config::TechConfig shipped_tech(const std::string& name) {
  auto tech = config::load_tech(std::string(KILN_SOURCE_DIR) + "/configs/tech/" + name + ".json");
  EXPECT_TRUE(tech.ok()) << (tech.ok() ? "" : tech.error().message);
  return tech.value();
}

/// Every constant v: half of it, v, twice of it.
inline void set(config::TechConstant& constant, double value) {
  constant = {value / 2, value, value * 2, "G", "chosen"};
}

/// um2 that are counted easily; all else 1; no overheads, no wires but for their delay, no margin, registers without
/// clocks.
inline config::TechConfig plain_silicon() {
  config::TechConfig tech;
  for (const auto& field : config::fields(tech)) set(*field.constant, 1);
  const double densities[] = {4, 2, 1.5, 1};
  for (std::size_t i = 0; i < config::kMacroWords.size(); ++i) {
    set(tech.rom_um2_per_bit[i], densities[i]);
    set(tech.sram_um2_per_bit[i], 2 * densities[i]);
  }
  tech.placement_overhead = {1, 1, 1, "G", "chosen"};
  tech.toggle_rate = {0.5, 0.5, 0.5, "G", "chosen"};
  for (auto* constant : {&tech.repeater_um2_per_bit_mm, &tech.wire_track_um, &tech.column_load_um, &tech.clock_margin,
                         &tech.clock_enabled_share})
    *constant = {0, 0, 0, "G", "chosen"};
  return tech;
}

inline Die die_of(const program::Placement& placement, const config::TechConfig& tech = plain_silicon(),
                  const config::BakeRecipe& recipe = recipe_of(4)) {
  auto made = die(placement, recipe, tech);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  return std::move(made).value();
}

inline const Part* find_part(const Die& die, program::Unit unit, const std::string& what) {
  for (const auto& part : die.parts)
    if (part.unit == unit && part.what == what) return &part;
  return nullptr;
}

inline void expect_in_order(const base::Range& range) {
  for (const auto corner : base::kCorners) {
    ASSERT_TRUE(std::isfinite(range.at(corner)));
    ASSERT_GE(range.at(corner), 0);
  }
  ASSERT_LE(range.low, range.typical);
  ASSERT_LE(range.typical, range.high);
}

inline void expect_near(const base::Range& a, const base::Range& b) {
  for (const auto corner : base::kCorners) ASSERT_NEAR(a.at(corner), b.at(corner), 1e-12 * std::abs(b.at(corner)));
}

/// Parts are in order and add up to the die.
inline void expect_sound(const Die& die) {
  base::Range transistors, area, leakage;
  for (const auto& part : die.parts) {
    SCOPED_TRACE(part.what);
    expect_in_order(part.transistors);
    expect_in_order(part.area_mm2);
    expect_in_order(part.leakage_w);
    transistors += part.transistors;
    area += part.area_mm2;
    leakage += part.leakage_w;
  }
  expect_near(transistors, die.transistors);
  expect_near(area, die.area_mm2);
  expect_near(leakage, die.leakage_w);
  ASSERT_GT(die.area_mm2.low, 0);
  double blocks = die.plan.white_space_mm2;
  for (const auto& placed : die.plan.blocks) blocks += placed.block.area_mm2;
  ASSERT_NEAR(blocks, die.area_mm2.typical, 1e-9 * die.area_mm2.typical);
}

inline void expect_sound(const Energy& energy) {
  base::Range sum;
  for (const auto& part : energy.parts) {
    SCOPED_TRACE(part.what);
    expect_in_order(part.mj_per_token);
    sum += part.mj_per_token;
  }
  expect_near(sum, energy.mj_per_token);
  expect_in_order(energy.power_w);
}

/// A run of ten tokens, four with logits.
inline RunFigures small_run() {
  RunFigures run;
  run.cycles = 50000;
  run.tokens = 10;
  run.logits_tokens = 4;
  auto& a = run.activity;
  a.embedding_reads = 640;
  a.vector_elements = 70000;
  a.kv_words_read = 9000;
  a.kv_words_written = 400;
  a.score_macs = 40000;
  a.value_macs = 40000;
  a.exponentials = 1300;
  a.logits_compared = 384;
  a.lora_macs = 100;
  a.link_beats = 2000;
  return run;
}

inline base::Range part_of(const Energy& energy, const std::string& what) {
  for (const auto& part : energy.parts)
    if (part.what == what) return part.mj_per_token;
  ADD_FAILURE() << "no part " << what;
  return {};
}

}  // namespace kiln::cost
