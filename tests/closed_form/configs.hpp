// Configurations for the tests: two that are worked out by hand, and random ones that stay small enough for the naive
// model.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "kiln/program/placement.hpp"
#include "support/models.hpp"
#include "support/random_chip.hpp"
#include "support/tile_kinds.hpp"

namespace kiln::closed_form {

struct Case {
  config::ModelConfig model;
  config::ChipConfig chip;
  [[nodiscard]] program::Placement place() const {
    auto placed = program::Placement::create(model, {}, chip);
    base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
    return std::move(placed).value();
  }
};

inline config::ModelConfig shape(std::uint32_t hidden, std::uint32_t ffn, std::uint32_t layers, std::uint32_t heads,
                                 std::uint32_t kv_heads, std::uint32_t head_dim, std::uint32_t vocabulary) {
  return support::model_of({"test", hidden, ffn, layers, heads, kv_heads, head_dim, vocabulary, 1024});
}

/// The worked example of docs/closed-form.md.
inline Case worked_example() {
  Case c;
  c.model = shape(128, 192, 2, 2, 1, 64, 300);
  c.chip.name = "worked-example";
  c.chip.tile = {"product_select", 96, 128, 2, 4, 3, {{"product_select", {{"product_cycles", 2}}}}};
  c.chip.reduction = {2, 1, 32, 3};
  c.chip.vector = {16, 3, 5, 6, 4, 8, 9, 7, 2};
  c.chip.attention = {64, 1, 2, 4, 32, 10, 11, 12, 13};
  c.chip.kv = {4, 1, 16, 64, 2, 1, 0};
  c.chip.embedding = {4, 64};
  c.chip.sampler = {16, 8};
  c.chip.sequencer = {2, 3};
  c.chip.link = {.beat_groups = 1, .stages = {1, 2, 3, 1, 2, 1, 1, 2, 1, 4, 1}};
  c.chip.host = {100, 4};
  return c;
}

/// Every vector is one beat, every latency and every link one cycle.
inline Case all_ones() {
  Case c;
  c.model = shape(64, 64, 1, 1, 1, 64, 64);
  c.chip.name = "all-ones";
  c.chip.tile = {"product_select", 64, 64, 64, 64, 1, {{"product_select", {{"product_cycles", 1}}}}};
  c.chip.reduction = {2, 1, 64, 1};
  c.chip.vector = {64, 1, 1, 1, 1, 1, 1, 1, 1};
  c.chip.attention = {64, 1, 1, 64, 64, 1, 1, 1, 1};
  c.chip.kv = {64, 1, 64, 64, 1, 1, 0};
  c.chip.embedding = {1, 64};
  c.chip.sampler = {64, 1};
  c.chip.sequencer = {1, 1};
  c.chip.link = {};
  c.chip.host = {1, 1};
  return c;
}

/// Wider than the chips of support/random_chip.hpp where the naive model affords it (tiles of one row, of any number of
/// rows), with KV caches of few tokens. Latencies are at least one, so that a test may take one away.
inline config::TileConfig random_tile(support::RandomConfigs& d) {
  config::TileConfig t;
  t.microarchitecture = support::kTileKinds[d.number(0, 2)];
  t.rows = d.coin() ? d.pick({7U, 31U, 33U, 65U, 64U, 128U, 96U, 1U}) : d.number(1, 300);
  t.columns = d.few(300);
  t.inputs_per_cycle = d.few(64);
  t.scale_lanes = d.few(80);
  t.accumulate_cycles = d.few(20);
  t.parameters["product_select"] = {{"product_cycles", d.few(20)}};
  t.parameters["bit_serial"] = {{"count_cycles", d.few(20)}, {"multiply_cycles", d.few(20)}};
  t.parameters["rom_mac"] = {{"mac_lanes", d.few(300)}, {"read_cycles", d.few(20)}, {"multiply_cycles", d.few(20)}};
  return t;
}

inline config::ChipConfig random_chip(support::RandomConfigs& d) {
  config::ChipConfig c;
  c.name = "random";
  const auto latency = [&] { return d.few(20); };
  const auto stages = [&] { return d.few(6); };
  c.tile = random_tile(d);
  for (auto& own : c.tiles)
    if (d.number(0, 3) == 0) own = random_tile(d);
  c.reduction = {d.number(2, 6), latency(), d.few(200), latency()};
  c.vector = {d.few(200), latency(), latency(), latency(), latency(), latency(), latency(), latency(), latency()};
  c.attention = {d.few(200), d.few(5), d.few(9), d.few(20), d.few(200), latency(), latency(), latency(), latency()};
  c.kv = {d.few(40), d.few(3), d.number(4, 40), 1, latency(), latency(), d.coin() ? 0 : d.number(1, 9)};
  c.embedding = {latency(), d.few(200)};
  c.sampler = {d.few(200), latency()};
  c.sequencer = {latency(), latency()};
  c.link.beat_groups = d.number(1, 3);
  for (const auto& [link, name] : config::kNamedLinks)
    if (link != config::Link::VectorToVector) c.link[link] = stages();
  c.host = {d.few(300), d.few(4000)};
  return c;
}

inline Case random_case(std::uint64_t seed) {
  support::RandomConfigs d(seed);
  Case c;
  const std::uint32_t kv_heads = d.number(1, 4);
  const std::uint32_t heads = kv_heads * d.number(1, 4);
  c.model = shape(d.few(400), d.few(500), d.number(1, 3), heads, kv_heads, 2 * d.number(1, 35), d.few(700));
  c.chip = random_chip(d);
  const std::uint32_t tokens = d.number(1, 40);  // of the KV cache, about
  const std::uint32_t row = (c.model.head_dim + c.chip.kv.width_bytes - 1) / c.chip.kv.width_bytes;
  c.chip.kv.depth_words = 2 * tokens * (kv_heads * row + c.chip.kv.row_pad_words) / c.chip.kv.banks + 1;
  while (2 * (kv_heads * row + c.chip.kv.row_pad_words) > c.chip.kv.banks * c.chip.kv.depth_words)
    ++c.chip.kv.depth_words;
  return c;
}

}  // namespace kiln::closed_form
