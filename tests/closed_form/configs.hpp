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
  c.chip.tile = {.microarchitecture = "product_select",
                 .rows = 96,
                 .columns = 128,
                 .inputs_per_cycle = 2,
                 .scale_lanes = 4,
                 .accumulate_cycles = 3,
                 .parameters = {{"product_select", {{"product_cycles", 2}}}}};
  c.chip.reduction = {.fan_in = 2, .level_cycles = 1, .outputs_per_cycle = 32, .scale_cycles = 3};
  c.chip.vector = {.lanes = 16,
                   .add_cycles = 3,
                   .sum_cycles = 5,
                   .rsqrt_cycles = 6,
                   .scale_cycles = 4,
                   .rope_cycles = 8,
                   .silu_cycles = 9,
                   .hadamard_cycles = 7,
                   .quantise_cycles = 2};
  c.chip.attention = {.input_lanes = 64,
                      .heads_parallel = 1,
                      .tokens_parallel = 2,
                      .softmax_lanes = 4,
                      .output_lanes = 32,
                      .score_cycles = 10,
                      .softmax_cycles = 11,
                      .value_cycles = 12,
                      .reciprocal_cycles = 13};
  c.chip.kv = {.banks = 4,
               .ports = 1,
               .width_bytes = 16,
               .depth_words = 64,
               .read_cycles = 2,
               .write_cycles = 1,
               .row_pad_words = 0};
  c.chip.embedding = {.read_cycles = 4, .elements_per_cycle = 64};
  c.chip.sampler = {.lanes = 16, .compare_cycles = 8};
  c.chip.sequencer = {.issue_cycles = 2, .commit_cycles = 3};
  c.chip.link = {.beat_groups = 1, .registers = {1, 2, 3, 1, 2, 1, 1, 2, 1, 4, 1}};
  c.chip.host = {.latency_cycles = 100, .cycles_per_token = 4};
  return c;
}

/// Every vector is one beat, every latency and every link one cycle.
inline Case all_ones() {
  Case c;
  c.model = shape(64, 64, 1, 1, 1, 64, 64);
  c.chip.name = "all-ones";
  c.chip.tile = {.microarchitecture = "product_select",
                 .rows = 64,
                 .columns = 64,
                 .inputs_per_cycle = 64,
                 .scale_lanes = 64,
                 .accumulate_cycles = 1,
                 .parameters = {{"product_select", {{"product_cycles", 1}}}}};
  c.chip.reduction = {.fan_in = 2, .level_cycles = 1, .outputs_per_cycle = 64, .scale_cycles = 1};
  c.chip.vector = {.lanes = 64,
                   .add_cycles = 1,
                   .sum_cycles = 1,
                   .rsqrt_cycles = 1,
                   .scale_cycles = 1,
                   .rope_cycles = 1,
                   .silu_cycles = 1,
                   .hadamard_cycles = 1,
                   .quantise_cycles = 1};
  c.chip.attention = {.input_lanes = 64,
                      .heads_parallel = 1,
                      .tokens_parallel = 1,
                      .softmax_lanes = 64,
                      .output_lanes = 64,
                      .score_cycles = 1,
                      .softmax_cycles = 1,
                      .value_cycles = 1,
                      .reciprocal_cycles = 1};
  c.chip.kv = {.banks = 64,
               .ports = 1,
               .width_bytes = 64,
               .depth_words = 64,
               .read_cycles = 1,
               .write_cycles = 1,
               .row_pad_words = 0};
  c.chip.embedding = {.read_cycles = 1, .elements_per_cycle = 64};
  c.chip.sampler = {.lanes = 64, .compare_cycles = 1};
  c.chip.sequencer = {.issue_cycles = 1, .commit_cycles = 1};
  c.chip.link = {};
  c.chip.host = {.latency_cycles = 1, .cycles_per_token = 1};
  return c;
}

/// Wider than the chips of support/random_chip.hpp where the naive model affords it (tiles of one row, of any number of
/// rows), with KV caches of few tokens. Latencies are at least one, so that a test may take one away.
inline config::TileConfig random_tile(support::RandomConfigs& d) {
  config::TileConfig t;
  t.microarchitecture = support::kTileKinds[d.number(0, support::kOwnTileKinds - 1)];
  t.rows = d.coin() ? d.pick({7U, 31U, 33U, 65U, 64U, 128U, 96U, 1U}) : d.number(1, 300);
  t.columns = d.few(300);
  t.inputs_per_cycle = d.few(64);
  t.scale_lanes = d.few(80);
  t.accumulate_cycles = d.few(20);
  support::set_parameters_of_every_kind(
      t, [&] { return d.few(20); }, [&] { return d.few(300); });
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
  c.reduction = {
      .fan_in = d.number(2, 6), .level_cycles = latency(), .outputs_per_cycle = d.few(200), .scale_cycles = latency()};
  c.vector = {.lanes = d.few(200),
              .add_cycles = latency(),
              .sum_cycles = latency(),
              .rsqrt_cycles = latency(),
              .scale_cycles = latency(),
              .rope_cycles = latency(),
              .silu_cycles = latency(),
              .hadamard_cycles = latency(),
              .quantise_cycles = latency()};
  c.attention = {.input_lanes = d.few(200),
                 .heads_parallel = d.few(5),
                 .tokens_parallel = d.few(9),
                 .softmax_lanes = d.few(20),
                 .output_lanes = d.few(200),
                 .score_cycles = latency(),
                 .softmax_cycles = latency(),
                 .value_cycles = latency(),
                 .reciprocal_cycles = latency()};
  c.kv = {.banks = d.few(40),
          .ports = d.few(3),
          .width_bytes = d.number(4, 40),
          .depth_words = 1,
          .read_cycles = latency(),
          .write_cycles = latency(),
          .row_pad_words = d.coin() ? 0 : d.number(1, 9)};
  c.embedding = {.read_cycles = latency(), .elements_per_cycle = d.few(200)};
  c.sampler = {.lanes = d.few(200), .compare_cycles = latency()};
  c.sequencer = {.issue_cycles = latency(), .commit_cycles = latency()};
  c.link.beat_groups = d.number(1, 3);
  for (const auto& [link, name] : config::kNamedLinks)
    if (link != config::Link::VectorToVector) c.link[link] = stages();
  c.host = {.latency_cycles = d.few(300), .cycles_per_token = d.few(4000)};
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
