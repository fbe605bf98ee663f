// configs/README.md says every key of every kind with its unit and its range, and no other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/mapped_file.hpp"
#include "config/writer.hpp"

namespace kiln::config {
namespace {

/// The first three cells of every row with a key in the section of `kind`.
std::multiset<std::string> documented(const std::string& kind) {
  const auto text = base::read_text_file(std::string(KILN_SOURCE_DIR) + "/configs/README.md");
  EXPECT_TRUE(text.ok());
  std::istringstream lines(text.value());
  std::multiset<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) inside = line == "## " + kind;
    if (!inside || !line.starts_with("| `/")) continue;
    std::size_t end = 0;
    for (int cell = 0; cell < 3; ++cell) end = line.find(" | ", end + 1);
    rows.insert(line.substr(0, end));
    EXPECT_GT(line.size(), end + 5) << "no meaning: " << line;
  }
  return rows;
}

template <class Config>
std::multiset<std::string> expected() {
  std::multiset<std::string> rows;
  for (const auto& field : fields_of<Config>())
    rows.insert(fmt::format("| `{}` | {} | {}{}", field.pointer, field.unit.empty() ? "–" : field.unit, field.allowed,
                            field.optional ? ", optional" : ""));
  return rows;
}

TEST(ConfigReadme, HasEveryKeyOfAChip) { EXPECT_EQ(documented("chip"), expected<ChipConfig>()); }
TEST(ConfigReadme, HasEveryKeyOfAModel) { EXPECT_EQ(documented("model"), expected<ModelConfig>()); }
TEST(ConfigReadme, HasEveryKeyOfARecipe) { EXPECT_EQ(documented("recipe"), expected<BakeRecipe>()); }
TEST(ConfigReadme, HasEveryKeyOfAMachine) { EXPECT_EQ(documented("machine"), expected<ReferenceMachine>()); }
TEST(ConfigReadme, HasEveryKeyOfAGpu) { EXPECT_EQ(documented("gpu"), expected<GpuSpec>()); }

TEST(ConfigReadme, ParametersOfAChipAreItsIntegers) {
  std::size_t integers = 0;
  for (const auto& field : fields_of<ChipConfig>()) integers += field.integer ? 1 : 0;
  ASSERT_EQ(chip_parameters().size(), integers);
  for (const auto& parameter : chip_parameters()) {
    const auto row =
        fmt::format("| `{}` | {} | {} to {}", parameter.pointer, parameter.unit, parameter.minimum, parameter.maximum);
    EXPECT_EQ(documented("chip").count(row) + documented("chip").count(row + ", optional"), 1U) << row;
  }
}

}  // namespace
}  // namespace kiln::config
