// docs/checkpoints.md says of every key that transformers writes for a Llama what becomes of it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "base/mapped_file.hpp"

namespace kiln::checkpoint::test {
namespace {

/// What is in backticks in the table under "### FILE".
std::set<std::string> keys_of(const std::string& page, const std::string& file) {
  std::set<std::string> keys;
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) inside = line == "### " + file;
    if (!inside || !line.starts_with("|")) continue;
    std::size_t at = 0;
    while ((at = line.find('`', at)) != std::string::npos) {
      const std::size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      keys.insert(line.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  return keys;
}

TEST(CheckpointKeys, ThatTransformersWrites_AreInTheTable) {
  const auto page = base::read_text_file(KILN_SOURCE_DIR "/docs/checkpoints.md").value();
  const auto written = nlohmann::json::parse(
      base::read_text_file(KILN_SOURCE_DIR "/tests/checkpoint/data/transformers_keys.json").value());
  EXPECT_FALSE(written["transformers"].get<std::string>().empty());
  ASSERT_EQ(written["keys"].size(), 4U);
  for (const auto& [file, keys] : written["keys"].items()) {
    const auto known = keys_of(page, file);
    EXPECT_GT(keys.size(), 10U) << file;
    for (const auto& key : keys) EXPECT_TRUE(known.contains(key)) << file << ": " << key;
  }
}

TEST(CheckpointKeys, OneThatIsMissing_IsFound) {
  const std::string page = "### a.json\n\n| `x`, `y` | read |\n\ntext `z`\n### b.json\n| `w` | read |\n";
  EXPECT_EQ(keys_of(page, "a.json"), (std::set<std::string>{"x", "y"}));
  EXPECT_EQ(keys_of(page, "b.json"), (std::set<std::string>{"w"}));
}

}  // namespace
}  // namespace kiln::checkpoint::test
