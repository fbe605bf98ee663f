// Kiln's own baseline holds what it should: every shipped chip and recipe, the embedded model's perplexities, events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/mapped_file.hpp"
#include "gate/baseline.hpp"

namespace kiln::gate {
namespace {

std::set<std::string> shipped(const std::string& kind) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(KILN_SOURCE_DIR "/configs/" + kind))
    names.insert(file.path().stem().string());
  return names;
}

TEST(OwnBaseline, HasEveryShippedChipAndRecipeAndTheEmbeddedModel) {
  const std::string file = KILN_SOURCE_DIR "/tests/gate/kiln.json";
  const auto baseline = parse_baseline(base::read_text_file(file).value(), file);
  ASSERT_TRUE(baseline.ok()) << baseline.error().message;
  std::set<std::string> chips, recipes, perplexities, events;
  for (const auto& metric : baseline->metrics) {
    const auto after = [&](const std::string& option) {
      const auto at = std::ranges::find(metric.command, option);
      return at == metric.command.end() || at + 1 == metric.command.end() ? std::string() : *(at + 1);
    };
    if (metric.path == "cycles_total") chips.insert(after("--chip"));
    if (metric.path == "host.kernel_events_per_token") events.insert(after("--chip"));
    if (metric.path == "rom_hash" && metric.command.front() == "bake") recipes.insert(after("--recipe"));
    if (metric.path == "chip.perplexity") perplexities.insert(after("--rom"));
  }
  auto all = shipped("chip");
  all.erase("base");  // what chips extend, none itself
  EXPECT_EQ(chips, all);
  EXPECT_EQ(events, all);
  EXPECT_EQ(recipes, shipped("recipe"));
  EXPECT_EQ(perplexities.size(), 2U);
}

}  // namespace
}  // namespace kiln::gate
