// How good a first chip is: against the best of 2,000 points that a search over every numeric key finds under the same
// area, from scratch and from the first chip itself. Prints the table of docs/new-chip.md.
#include "kiln/study/new_chip.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "study/chip_sketch.hpp"
#include "support/design_search.hpp"
#include "support/study_test.hpp"

namespace kiln::test {
namespace {

struct FirstChipCase {
  const char *model, *node;
  double area_mm2;
};

class NewChipLong : public StudyTest, public testing::WithParamInterface<FirstChipCase> {
 protected:
  static std::uint64_t points() {
    const char* asked = std::getenv("KILN_EVALUATIONS");
    return asked != nullptr ? std::max(1000ULL, std::strtoull(asked, nullptr, 10)) : 2000;
  }
};

/// Whatever sizes, as the keys of `base` that change.
Design random_design(base::Random& random, const config::ChipConfig& base, const config::ModelConfig& model,
                     std::uint64_t context) {
  const auto below = [&](std::uint32_t count) { return static_cast<std::uint32_t>(random.below(count)); };
  study::ChipSketch sketch;
  const std::uint32_t rows = model.hidden_size / (1 + below(4)) / 64 * 64;
  sketch.tile = {rows, 1024U << below(4), 1 + below(8)};
  sketch.head = {model.hidden_size, 1024U << below(4), 1 + below(4)};
  for (auto& own : sketch.inputs_per_cycle)
    if (below(2) == 0) own = 1 + below(8);
  sketch.beat_groups = 1 + below(8);
  sketch.tokens_parallel = 8 * (1 + below(24));
  sketch.softmax_beats = 1 + below(8);
  sketch.kv_width_bytes = 16U << below(2);
  Design design = DesignSearch::numbers(study::chip_of(sketch, base, model, context));
  const auto same = DesignSearch::numbers(base);
  std::erase_if(design, [&](const auto& key) {
    const auto at = same.find(key.first);
    return at != same.end() && at->second == key.second;
  });
  return design;
}

struct Reference {
  double from_own = 0, from_scratch = 0;  ///< tokens/s
};

double climbed(DesignSearch& search, const Design& start, std::uint64_t points) {
  const Found found = search.climb(start, points);
  fmt::print("  {:.0f} tokens/s, {:.1f} mm2, excess {:.3f}:", found.rate, found.area_mm2, found.excess);
  for (const auto& [key, value] : found.design) fmt::print(" {}={}", key, value);
  fmt::print("\n");
  return found.excess == 0 ? found.rate : 0;
}

/// The best within the area: half of the points from `kiln new`'s own chip; of the others 300 random, and from the best
/// of them the rest.
Reference reference(const config::ChipConfig& own, const config::ChipConfig& base,
                    const study::ClosedQuestion& question, double area_mm2, std::uint64_t points) {
  SearchLimits limits{area_mm2, 1e6};
  limits.at_least = {{"/sequencer/slots", 16}, {"/sampler/max_top_k", 8}};
  limits.kv_tokens = study::kv_tokens(question.prompt_tokens, question.answer_tokens);
  Reference best;
  DesignSearch near(config::to_json(own), question, limits, 1504);
  best.from_own = climbed(near, {}, points / 2);
  DesignSearch far(config::to_json(base), question, limits, 1505);
  const Found begun = far.begin(
      300, [&](base::Random& random) { return random_design(random, base, question.model, limits.kv_tokens); });
  best.from_scratch = climbed(far, begun.design, points - points / 2 - 300);
  return best;
}

TEST_P(NewChipLong, IsNearTheBestOfASearchOverEveryKey) {
  const auto& [model, node, area] = GetParam();
  study::NewChipQuestion asked;
  asked.model = model;
  asked.node = node;
  asked.area_mm2 = area;
  const auto made = study::new_chip(asked, environment_);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made->cost.verdict.is_buildable());
  const auto& configs = environment_.configs();
  const auto of_model = configs.model(model).value();
  const auto recipe = configs.recipe(asked.recipe).value();
  const auto tech = configs.tech(node).value();
  const auto chip = config::parse_chip(made->file, "new.json", {}, configs.finder("chip"));
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  auto base = configs.chip(study::kFirstChip).value();
  base.kv.depth_words =
      chip->kv.depth_words * chip->kv.banks * chip->kv.width_bytes / (base.kv.banks * base.kv.width_bytes) + 1;
  base.silicon->technology = node;
  const study::ClosedQuestion question{of_model, recipe, tech, asked.context / 2, asked.context / 2 + 1};
  const auto own = study::closed_point(*chip, question);
  ASSERT_TRUE(own.ok()) << own.error().message;
  const double area_mm2 = own->chip.die.area_mm2.typical;
  EXPECT_LE(area_mm2, area);
  const Reference best = reference(*chip, base, question, area, points());
  const double rate = own->tokens_per_s_user;
  const double share = rate / std::max({best.from_own, best.from_scratch, rate});
  fmt::print("| {} | {} | {:g} | {:.1f} | {} | {:.0f} | {:.0f} | {:.0f} | {:.1f} % |\n", model, node, area, area_mm2,
             chip->clock_mhz, rate, best.from_own, best.from_scratch, 100 * share);
  std::fflush(stdout);
  EXPECT_GE(share, 0.9);
}

INSTANTIATE_TEST_SUITE_P(
    Nine, NewChipLong,
    testing::Values(FirstChipCase{"llama-3.2-1b", "28nm", 850}, FirstChipCase{"llama-3.2-1b", "n7", 220},
                    FirstChipCase{"llama-3.2-1b", "n5", 160}, FirstChipCase{"llama-3.2-3b", "n7", 400},
                    FirstChipCase{"llama-3.2-3b", "n6", 400}, FirstChipCase{"llama-3.2-3b", "n5", 300},
                    FirstChipCase{"llama-3.1-8b", "n7", 850}, FirstChipCase{"llama-3.1-8b", "n6", 800},
                    FirstChipCase{"llama-3.1-8b", "n5", 600}));

}  // namespace
}  // namespace kiln::test
