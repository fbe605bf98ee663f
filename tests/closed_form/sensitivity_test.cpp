// How totals move with the parameters: by exactly the number of a latency's occurrences, never down when something is
// slower.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <optional>

#include "closed_form/configs.hpp"
#include "kiln/closed_form/closed_form.hpp"

namespace kiln::closed_form {
namespace {

using config::ChipConfig;
using program::Unit;

struct Latency {
  const char* name;
  std::function<std::uint32_t&(ChipConfig&)> field;
  std::uint64_t per_layer;
  std::uint64_t per_token;                       ///< outside the layers, with or without logits
  std::uint64_t for_logits;                      ///< more with logits
  std::uint64_t for_silence = 0;                 ///< more without
  std::optional<std::string> of = std::nullopt;  ///< of tiles of this one alone
};

#define KILN_FIELD(path) #path, [](ChipConfig & c) -> std::uint32_t& { return c.path; }
const std::vector<Latency>& latencies() {
  static const std::vector<Latency> all = {
      {KILN_FIELD(tile.parameters["product_select"]["product_cycles"]), 4, 0, 1, 0, "product_select"},
      {KILN_FIELD(tile.parameters["bit_serial"]["count_cycles"]), 4, 0, 1, 0, "bit_serial"},
      {KILN_FIELD(tile.parameters["bit_serial"]["multiply_cycles"]), 4, 0, 1, 0, "bit_serial"},
      {KILN_FIELD(tile.parameters["rom_mac"]["read_cycles"]), 4, 0, 1, 0, "rom_mac"},
      {KILN_FIELD(tile.parameters["rom_mac"]["multiply_cycles"]), 4, 0, 1, 0, "rom_mac"},
      {KILN_FIELD(tile.accumulate_cycles), 4, 0, 1},
      {KILN_FIELD(reduction.scale_cycles), 4, 0, 1},
      {KILN_FIELD(vector.add_cycles), 2, 1, 0},
      {KILN_FIELD(vector.sum_cycles), 2, 0, 1},
      {KILN_FIELD(vector.rsqrt_cycles), 2, 0, 1},
      {KILN_FIELD(vector.scale_cycles), 2, 0, 1},
      {KILN_FIELD(vector.rope_cycles), 1, 0, 0},
      {KILN_FIELD(vector.silu_cycles), 1, 0, 0},
      {KILN_FIELD(vector.hadamard_cycles), 4, 0, 1},
      {KILN_FIELD(vector.quantise_cycles), 5, 0, 1},
      {KILN_FIELD(attention.score_cycles), 1, 0, 0},
      {KILN_FIELD(attention.softmax_cycles), 1, 0, 0},
      {KILN_FIELD(attention.value_cycles), 1, 0, 0},
      {KILN_FIELD(attention.reciprocal_cycles), 1, 0, 0},
      {KILN_FIELD(kv.read_cycles), 2, 0, 0},
      {KILN_FIELD(kv.write_cycles), 1, 0, 0},
      {KILN_FIELD(embedding.read_cycles), 0, 1, 0},
      {KILN_FIELD(sampler.compare_cycles), 0, 0, 1},
      {KILN_FIELD(sequencer.issue_cycles), 0, 1, 0},
      {KILN_FIELD(sequencer.commit_cycles), 0, 1, 0},
      {KILN_FIELD(link[config::Link::SequencerToEmbedding]), 0, 1, 0},
      {KILN_FIELD(link[config::Link::EmbeddingToVector]), 0, 1, 0},
      {KILN_FIELD(link[config::Link::VectorToArray]), 4, 0, 1},
      {KILN_FIELD(link[config::Link::ArrayToTree]), 4, 0, 1},
      {KILN_FIELD(link[config::Link::TreeToVector]), 4, 0, 0},
      {KILN_FIELD(link[config::Link::VectorToAttention]), 1, 0, 0},
      {KILN_FIELD(link[config::Link::AttentionToVector]), 1, 0, 0},
      {KILN_FIELD(link[config::Link::TreeToSampler]), 0, 0, 1},
      {KILN_FIELD(link[config::Link::SamplerToSequencer]), 0, 0, 1},
      {KILN_FIELD(link[config::Link::VectorToSequencer]), 0, 0, 0, 1},
      {KILN_FIELD(host.latency_cycles), 0, 0, 0},
  };
  return all;
}
#undef KILN_FIELD

std::uint64_t cycles(const Case& c, std::uint64_t position, bool with_logits) {
  return token_cycles(c.place(), position, with_logits).total.count();
}

TEST(ALatencyCycle, MovesATokenByTheCountOfItsOccurrences) {
  const std::uint64_t seed = support::test_seed(11);
  for (std::uint64_t i = 0; i < 40; ++i) {
    Case c = random_case(base::mix(seed, i));
    c.chip.tiles = {};
    for (const auto& latency : latencies())
      for (const bool with_logits : {false, true}) {
        const bool met = !latency.of || *latency.of == c.chip.tile.microarchitecture;
        const std::uint64_t count = !met ? 0
                                         : latency.per_layer * c.model.layers + latency.per_token +
                                               (with_logits ? latency.for_logits : latency.for_silence);
        Case slower = c;
        ++latency.field(slower.chip);
        Case faster = c;
        --latency.field(faster.chip);
        const std::uint64_t plain = cycles(c, 0, with_logits);
        EXPECT_EQ(cycles(slower, 0, with_logits), plain + count) << latency.name << " configuration " << i;
        EXPECT_EQ(cycles(faster, 0, with_logits), plain - count) << latency.name << " configuration " << i;
      }
  }
}

TEST(ALatencyCycle, OfTilesOfItsOwnMovesThatArrayAlone) {
  Case c = worked_example();
  c.chip.tiles[2] = c.chip.tile;  // gate_up, once a layer
  c.chip.tiles[4] = c.chip.tile;  // lm_head
  const auto before = cycles(c, 0, true);
  ++c.chip.tile.accumulate_cycles;  // qkv, o and down
  EXPECT_EQ(cycles(c, 0, true), before + 2 * 3);
  c.chip.tiles[2]->accumulate_cycles += 10;
  EXPECT_EQ(cycles(c, 0, true), before + 2 * 3 + 2 * 10);
  c.chip.tiles[4]->accumulate_cycles += 100;
  EXPECT_EQ(cycles(c, 0, true), before + 2 * 3 + 2 * 10 + 100);
}

TEST(ALevelCycle, CountsOnceForEachLevelOfEachTree) {
  Case c = worked_example();
  c.chip.tile.rows = 16;  // 128 inputs on 8 tiles: 3 levels of 2; 192 inputs on 12: 4
  const auto before = cycles(c, 0, true);
  ++c.chip.reduction.level_cycles;
  EXPECT_EQ(cycles(c, 0, true), before + 2 * (3 + 3 + 3 + 4) + 3);
}

TEST(AHostLatencyCycle, MovesARunByTwo) {
  Case c = worked_example();
  const auto before = run_cycles(c.place(), 4, 5).total.count();
  ++c.chip.host.latency_cycles;
  EXPECT_EQ(run_cycles(c.place(), 4, 5).total.count(), before + 2);
}

TEST(MoreHardware, NeverTakesMoreCycles) {
  const std::vector<std::function<std::uint32_t&(ChipConfig&)>> widths = {
      [](ChipConfig& c) -> std::uint32_t& { return c.tile.inputs_per_cycle; },
      [](ChipConfig& c) -> std::uint32_t& { return c.tile.scale_lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.tile.parameters["rom_mac"]["mac_lanes"]; },
      [](ChipConfig& c) -> std::uint32_t& { return c.reduction.outputs_per_cycle; },
      [](ChipConfig& c) -> std::uint32_t& { return c.reduction.fan_in; },
      [](ChipConfig& c) -> std::uint32_t& { return c.vector.lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.attention.input_lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.attention.softmax_lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.attention.output_lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.embedding.elements_per_cycle; },
      [](ChipConfig& c) -> std::uint32_t& { return c.sampler.lanes; },
      [](ChipConfig& c) -> std::uint32_t& { return c.kv.ports; },
  };
  const std::uint64_t seed = support::test_seed(12);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Case c = random_case(base::mix(seed, i));
    const std::uint64_t last = c.place().kv().capacity_tokens - 1;
    for (std::size_t w = 0; w < widths.size(); ++w) {
      Case wider = c;
      widths[w](wider.chip) += static_cast<std::uint32_t>(1 + i % 7);
      EXPECT_LE(cycles(wider, last, true), cycles(c, last, true)) << "width " << w << " configuration " << i;
    }
  }
}

TEST(TheCriticalPath, AddsUpForTokensAndRuns) {
  const std::uint64_t seed = support::test_seed(13);
  const auto sum = [](const auto& path) { return std::accumulate(path.begin(), path.end(), base::Cycles(0)).count(); };
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto placement = random_case(base::mix(seed, i)).place();
    const std::uint64_t capacity = placement.kv().capacity_tokens;
    const auto token = token_cycles(placement, capacity - 1, i % 2 == 0);
    EXPECT_EQ(sum(token.critical_path), token.total.count());
    const auto run = run_cycles(placement, 1 + i % capacity, 1 + i);
    EXPECT_EQ(sum(run.critical_path), run.total.count());
  }
}

TEST(ARun, EndsWhereTheKvCacheIsFull) {
  const auto placement = worked_example().place();  // 4 x 64 words of KV SRAM, 2 x 4 words a token
  ASSERT_EQ(placement.kv().capacity_tokens, 32U);
  EXPECT_EQ(run_cycles(placement, 30, 1000).answer_tokens, 3U);
  EXPECT_EQ(run_cycles(placement, 30, 1000).total, run_cycles(placement, 30, 3).total);
  EXPECT_EQ(run_cycles(placement, 32, 1000).answer_tokens, 1U);
  EXPECT_THROW((void)run_cycles(placement, 33, 1), base::BugError);
  EXPECT_THROW((void)run_cycles(placement, 0, 1), base::BugError);
  EXPECT_THROW((void)run_cycles(placement, 1, 0), base::BugError);
  EXPECT_THROW((void)token_cycles(placement, 32, true), base::BugError);
}

TEST(ARun, OfOneTokenIsThatTokenAndTwoWaysOfTheHostLink) {
  const auto placement = worked_example().place();
  EXPECT_EQ(run_cycles(placement, 1, 1).total.count(), token_cycles(placement, 0, true).total.count() + 200);
}

// The largest shapes and widths that the configs allow stay within 64 bits, and a run of half a billion tokens is a
// formula too.
TEST(ARun, OfTheLargestConfigurationIsStillCounted) {
  Case c;
  c.model = shape(1U << 20, 1U << 20, 1024, 1U << 10, 1, 1U << 10, 1U << 24);
  c.chip.name = "largest";
  c.chip.kv = {65536, 1, 256, 1U << 24, 4096, 4096, 0};
  c.chip.tile.rows = 65521;
  const auto placement = c.place();
  const auto run = run_cycles(placement, 1U << 20, 1U << 24);
  EXPECT_EQ(run.answer_tokens, 1U << 24);
  EXPECT_GT(run.total.count(), std::uint64_t{1} << 50);
  EXPECT_THROW((void)run_cycles(placement, 1U << 20, 1U << 30), base::BugError);
}

}  // namespace
}  // namespace kiln::closed_form
