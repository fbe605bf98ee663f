// configs/README.md says every key of every kind with its unit and its range, and no other; those of a chip are there or
// on a unit's page, each in one place (which page is whose: tests/chip/systemc/pages_test.cpp).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "base/mapped_file.hpp"
#include "config/writer.hpp"

namespace kiln::config {
namespace {

using Rows = std::multiset<std::string>;

/// Adds the first three cells of every row with a key in the section `heading` of a page.
void add_rows(Rows& rows, const std::string& page, const std::string& heading) {
  const auto text = base::read_text_file(page);
  ASSERT_TRUE(text.ok()) << page;
  std::istringstream lines(text.value());
  bool inside = false, keys = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) inside = line == "## " + heading;
    if (!line.starts_with("|")) keys = false;
    if (line == "| key | unit | range | meaning |") keys = true;
    if (!inside || !keys || !line.starts_with("| `/")) continue;
    std::size_t end = 0;
    for (int cell = 0; cell < 3; ++cell) end = line.find(" | ", end + 1);
    rows.insert(line.substr(0, end));
    EXPECT_GT(line.size(), end + 5) << "no meaning: " << line;
  }
}

Rows documented(const std::string& kind) {
  Rows rows;
  add_rows(rows, std::string(KILN_SOURCE_DIR) + "/configs/README.md", kind);
  if (kind == "chip")
    for (const auto& page : std::filesystem::directory_iterator(std::string(KILN_SOURCE_DIR) + "/docs/units"))
      add_rows(rows, page.path(), "Parameters");
  return rows;
}

template <class Config>
Rows expected() {
  Rows rows;
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
  const Rows rows = documented("chip");
  for (const auto& parameter : chip_parameters()) {
    const auto row =
        fmt::format("| `{}` | {} | {} to {}", parameter.pointer, parameter.unit, parameter.minimum, parameter.maximum);
    const bool latency = parameter.pointer.ends_with("_cycles") ||
                         (parameter.pointer.starts_with("/link/") && parameter.pointer != "/link/beat_groups");
    const std::string kind = latency ? " or `auto`" : "";
    EXPECT_EQ(rows.count(row + kind) + rows.count(row + kind + ", optional"), 1U) << row;
  }
}

}  // namespace
}  // namespace kiln::config
