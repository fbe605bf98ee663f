// Random chips and small models from a seed, always legal together: small enough to be run beat by beat, odd enough to
// meet cut groups, partial beats, partial blocks and bank conflicts. Their seed: support/seed.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "kiln/program/placement.hpp"
#include "support/seed.hpp"
#include "support/tile_kinds.hpp"

namespace kiln::support {

/// The tiles of every array: the chip's and those of arrays that have their own.
template <class Edit>
void for_each_tile(config::ChipConfig& chip, Edit edit) {
  edit(chip.tile);
  for (auto& own : chip.tiles)
    if (own) edit(*own);
}

class RandomConfigs {
 public:
  explicit RandomConfigs(std::uint64_t seed) : random_(seed) {}

  config::ModelConfig model() {
    config::ModelConfig m;
    m.name = "random";
    m.hidden_size = pick({16, 48, 64, 100, 128, 192, 200});
    m.intermediate_size = pick({32, 64, 96, 172, 256, 320});
    m.layers = number(1, 3);
    m.kv_heads = number(1, 4);
    m.heads = m.kv_heads * number(1, 3);
    m.head_dim = pick({2, 8, 16, 24, 64, 80, 128});
    m.vocab_size = pick({40, 64, 130, 257, 512});
    m.max_context = 256;
    return m;
  }

  /// A chip whose KV SRAM holds at least `context` tokens of `model`.
  config::ChipConfig chip(const config::ModelConfig& model, std::uint64_t context) {
    config::ChipConfig c;
    c.name = "random";
    c.tile = tile();
    for (auto& own : c.tiles)
      if (number(0, 3) == 0) own = tile();
    c.reduction = {
        .fan_in = number(2, 6), .level_cycles = latency(), .outputs_per_cycle = few(200), .scale_cycles = latency()};
    c.vector = {.lanes = few(200),
                .add_cycles = latency(),
                .sum_cycles = latency(),
                .rsqrt_cycles = latency(),
                .scale_cycles = latency(),
                .rope_cycles = latency(),
                .silu_cycles = latency(),
                .hadamard_cycles = latency(),
                .quantise_cycles = latency()};
    c.attention = {.input_lanes = few(200),
                   .heads_parallel = number(1, 5),
                   .tokens_parallel = number(1, 9),
                   .softmax_lanes = few(20),
                   .output_lanes = few(200),
                   .score_cycles = latency(),
                   .softmax_cycles = latency(),
                   .value_cycles = latency(),
                   .reciprocal_cycles = latency()};
    c.kv = {.banks = few(24),
            .ports = number(1, 3),
            .width_bytes = pick({1, 3, 4, 8, 16, 64, 256}),
            .depth_words = 1,
            .read_cycles = latency(),
            .write_cycles = latency(),
            .row_pad_words = coin() ? 0 : number(1, 9)};
    c.embedding = {.read_cycles = latency(), .elements_per_cycle = few(200)};
    c.sampler = {.lanes = few(200), .compare_cycles = latency()};
    c.sequencer = {.issue_cycles = latency(), .commit_cycles = latency()};
    c.link.beat_groups = coin() ? 1 : number(1, 4);
    for (const auto& [link, name] : config::kNamedLinks)
      if (link != config::Link::VectorToVector) c.link[link] = stages();
    c.host = {.latency_cycles = number(1, 200), .cycles_per_token = few(1000)};
    c.lora = config::LoraConfig{.sram_kib = 1U << 20,
                                .macs = few(5000),
                                .read_cycles = latency(),
                                .multiply_cycles = latency(),
                                .accumulate_cycles = latency(),
                                .quantise_cycles = latency(),
                                .add_cycles = latency()};
    const std::uint64_t row_words = base::ceil_div(model.head_dim, c.kv.width_bytes);
    const std::uint64_t token_words = model.kv_heads * row_words + c.kv.row_pad_words;
    c.kv.depth_words = static_cast<std::uint32_t>(base::ceil_div(2 * token_words * context, c.kv.banks));
    return c;
  }

  /// No adapter at all, or ranks for some matrices.
  config::AdapterShape adapter() {
    config::AdapterShape shape;
    if (coin()) return shape;
    for (auto c = config::TensorClass::Q; c <= config::TensorClass::Down;
         c = static_cast<config::TensorClass>(static_cast<int>(c) + 1)) {
      if (coin()) shape.ranks[static_cast<std::size_t>(c)] = few(70);
    }
    return shape;
  }

  /// Any member of the family: schedule, chips in a row, slots, whose turn, what a full KV cache means.
  program::Placement member(std::uint64_t context) {
    const config::ModelConfig m = model();
    config::ChipConfig c = chip(m, context);
    c.schedule = coin() ? config::Schedule::LayerSerial : config::Schedule::LayerPipelined;
    c.chips = {.count = number(1, m.layers), .latency_cycles = stages(), .bytes_per_cycle = few(300)};
    c.link[config::Link::VectorToVector] = stages();
    c.sampler.draw_cycles = latency();
    c.sequencer.slots = number(1, 5);
    c.sequencer.arbitration = static_cast<config::Arbitration>(number(0, 2));
    c.kv.when_full = coin() ? config::WhenFull::Queue : config::WhenFull::Refuse;
    auto placed = program::Placement::create(m, {}, c, adapter());
    base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
    return std::move(placed).value();
  }

  /// Of any microarchitecture, with parameters of the others beside.
  config::TileConfig tile() {
    config::TileConfig t;
    t.microarchitecture = support::kTileKinds[number(0, kOwnTileKinds - 1)];
    t.rows = pick({5, 7, 16, 31, 33, 64, 65, 96, 128, 200});
    t.columns = few(300);
    t.inputs_per_cycle = few(std::min(80U, config::tile_kind(t.microarchitecture).most_inputs_per_cycle));
    t.scale_lanes = few(80);
    t.accumulate_cycles = latency();
    set_parameters_of_every_kind(
        t, [&] { return latency(); }, [&] { return few(300); });
    return t;
  }

  program::Placement placement(std::uint64_t context) {
    const config::ModelConfig m = model();
    auto placed = program::Placement::create(m, {}, chip(m, context), adapter());
    base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
    return std::move(placed).value();
  }

  std::uint32_t number(std::uint32_t low, std::uint32_t high) {
    return static_cast<std::uint32_t>(random_.between(low, high));
  }
  /// In [1, high], small values as likely as large ones.
  std::uint32_t few(std::uint32_t high) { return number(1, number(1, high)); }
  bool coin() { return random_.below(2) == 0; }
  template <std::size_t N>
  std::uint32_t pick(const std::uint32_t (&values)[N]) {
    return values[random_.below(N)];
  }

 private:
  std::uint32_t latency() { return few(20); }
  std::uint32_t stages() { return few(6); }
  base::Random random_;
};

}  // namespace kiln::support
