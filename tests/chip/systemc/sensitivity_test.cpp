// One cycle more of a latency costs a token as many cycles as it meets that latency; nothing hides it, since one token
// is in the chip at a time. Parameters of width are in the units' tests.
#include <functional>
#include <optional>
#include <string>

#include "chip/chip_testing.hpp"
#include "support/random_chip.hpp"
#include "support/tile_kinds.hpp"

namespace kiln::chip {
namespace {

struct Latency {
  const char* name;
  std::function<std::uint32_t&(config::ChipConfig&)> field;
  std::uint64_t fixed;                           ///< times a token with logits meets it
  std::uint64_t per_layer;                       ///< and again in every layer
  std::uint64_t head;                            ///< of `fixed`, those that a token without logits does not meet
  std::optional<std::string> of = std::nullopt;  ///< of tiles of this one alone
};

#define KILN_LATENCY(field, ...)                                                          \
  {                                                                                       \
#field, [](config::ChipConfig & c) -> std::uint32_t& { return c.field; }, __VA_ARGS__ \
  }

const Latency kLatencies[] = {
    KILN_LATENCY(embedding.read_cycles, 1, 0, 0),
    KILN_LATENCY(vector.add_cycles, 1, 2, 0),
    KILN_LATENCY(vector.sum_cycles, 1, 2, 1),
    KILN_LATENCY(vector.rsqrt_cycles, 1, 2, 1),
    KILN_LATENCY(vector.scale_cycles, 1, 2, 1),
    KILN_LATENCY(vector.hadamard_cycles, 1, 4, 1),
    KILN_LATENCY(vector.quantise_cycles, 1, 5, 1),
    KILN_LATENCY(vector.rope_cycles, 0, 1, 0),
    KILN_LATENCY(vector.silu_cycles, 0, 1, 0),
    KILN_LATENCY(tile.accumulate_cycles, 1, 4, 1),
    KILN_LATENCY(reduction.scale_cycles, 1, 4, 1),
    KILN_LATENCY(tile.parameters["product_select"]["product_cycles"], 1, 4, 1, "product_select"),
    KILN_LATENCY(tile.parameters["bit_serial"]["count_cycles"], 1, 4, 1, "bit_serial"),
    KILN_LATENCY(tile.parameters["bit_serial"]["multiply_cycles"], 1, 4, 1, "bit_serial"),
    KILN_LATENCY(tile.parameters["rom_mac"]["read_cycles"], 1, 4, 1, "rom_mac"),
    KILN_LATENCY(tile.parameters["rom_mac"]["multiply_cycles"], 1, 4, 1, "rom_mac"),
    KILN_LATENCY(attention.score_cycles, 0, 1, 0),
    KILN_LATENCY(attention.softmax_cycles, 0, 1, 0),
    KILN_LATENCY(attention.value_cycles, 0, 1, 0),
    KILN_LATENCY(attention.reciprocal_cycles, 0, 1, 0),
    KILN_LATENCY(kv.write_cycles, 0, 1, 0),
    KILN_LATENCY(kv.read_cycles, 0, 2, 0),
    KILN_LATENCY(sampler.compare_cycles, 1, 0, 1),
    KILN_LATENCY(sequencer.issue_cycles, 1, 0, 0),
    KILN_LATENCY(sequencer.commit_cycles, 1, 0, 0),
    KILN_LATENCY(link[config::Link::SequencerToEmbedding], 1, 0, 0),
    KILN_LATENCY(link[config::Link::EmbeddingToVector], 1, 0, 0),
    KILN_LATENCY(link[config::Link::VectorToArray], 1, 4, 1),
    KILN_LATENCY(link[config::Link::ArrayToTree], 1, 4, 1),
    KILN_LATENCY(link[config::Link::TreeToVector], 0, 4, 0),
    KILN_LATENCY(link[config::Link::VectorToAttention], 0, 1, 0),
    KILN_LATENCY(link[config::Link::AttentionToVector], 0, 1, 0),
    KILN_LATENCY(link[config::Link::TreeToSampler], 1, 0, 1),
    KILN_LATENCY(link[config::Link::SamplerToSequencer], 1, 0, 1),
};
#undef KILN_LATENCY

std::vector<std::uint64_t> token_cycles(const config::ModelConfig& model, const config::ChipConfig& chip) {
  const auto placement = program::Placement::create(model, {}, chip);
  std::vector<std::uint64_t> cycles;
  const auto watched = watch(*placement, timing_request(2, 2));
  for (const TokenTiming& t : watched.outcome.tokens) cycles.push_back((t.commit - t.issue).count());
  return cycles;
}

TEST(Sensitivity, ACycleMoreOfALatencyCostsEveryTokenThatMeetsIt) {
  support::RandomConfigs random(support::test_seed(81));
  for (int round = 0; round < 6; ++round) {
    const config::ModelConfig model = random.model();
    config::ChipConfig chip = random.chip(model, 8);
    chip.tiles = {};
    chip.tile.microarchitecture = support::kTileKinds[static_cast<std::size_t>(round) % support::kOwnTileKinds];
    const auto before = token_cycles(model, chip);
    for (const Latency& latency : kLatencies) {
      config::ChipConfig slower = chip;
      ++latency.field(slower);
      const auto after = token_cycles(model, slower);
      const bool met = !latency.of || *latency.of == chip.tile.microarchitecture;
      const std::uint64_t cost = met ? latency.fixed + latency.per_layer * model.layers : 0;
      EXPECT_EQ(after[0], before[0] + cost - (met ? latency.head : 0))
          << latency.name << " without logits, round " << round;
      EXPECT_EQ(after[1], before[1] + cost) << latency.name << ", round " << round;
      EXPECT_EQ(after[2], before[2] + cost) << latency.name << ", round " << round;
    }
  }
}

TEST(Sensitivity, TheWayBackOfAPrefillTokenIsALinkOfItsOwn) {
  support::RandomConfigs random(support::test_seed(82));
  const config::ModelConfig model = random.model();
  config::ChipConfig chip = random.chip(model, 8);
  const auto before = token_cycles(model, chip);
  ++chip.link[config::Link::VectorToSequencer];
  const auto after = token_cycles(model, chip);
  EXPECT_EQ(after[0], before[0] + 1);
  EXPECT_EQ(after[1], before[1]);
}

TEST(Sensitivity, ATreeLevelCostsItsDepthInEveryArray) {
  support::RandomConfigs random(support::test_seed(83));
  config::ModelConfig model = random.model();
  model.hidden_size = 128;
  model.heads = 4, model.kv_heads = 2, model.head_dim = 8;  // O: 32 inputs
  model.intermediate_size = 320;
  config::ChipConfig chip = random.chip(model, 8);
  support::for_each_tile(chip, [](config::TileConfig& tile) { tile.rows = 32; });
  chip.reduction.fan_in = 2;  // qkv, gate_up, lm_head: 4 tiles, 2 levels; o: 1 tile; down: 10 tiles, 4 levels
  const auto before = token_cycles(model, chip);
  ++chip.reduction.level_cycles;
  const auto after = token_cycles(model, chip);
  EXPECT_EQ(after[0], before[0] + model.layers * (2 + 0 + 2 + 4));
  EXPECT_EQ(after[1], before[1] + model.layers * (2 + 0 + 2 + 4) + 2);
}

TEST(Sensitivity, HostLatencyIsPaidBothWays) {
  support::RandomConfigs random(support::test_seed(84));
  const config::ModelConfig model = random.model();
  config::ChipConfig chip = random.chip(model, 8);
  const auto total = [&] {
    return watch(*program::Placement::create(model, {}, chip), timing_request(1, 1)).outcome.total;
  };
  const auto before = total();
  ++chip.host.latency_cycles;
  EXPECT_EQ(total(), before + base::Cycles(2));
}

}  // namespace
}  // namespace kiln::chip
