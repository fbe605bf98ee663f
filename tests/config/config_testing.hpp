// The shipped files as text, and what loading one of them with overrides says.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/mapped_file.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

/// Of a file below configs.
inline std::string text_of(const std::string& file) {
  const auto text = base::read_text_file(std::string(KILN_SOURCE_DIR) + "/configs/" + file);
  EXPECT_TRUE(text.ok());
  return text.value();
}

/// Rows of a table whose first cell is a key in code marks, of a section of a page (a path from configs).
inline std::multiset<std::string> table_rows(const std::string& page, const std::string& section) {
  std::istringstream lines(text_of(page));
  std::multiset<std::string> found;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) inside = line == section;
    if (inside && line.starts_with("| `")) found.insert(line);
  }
  return found;
}

/// A constant's tag is one of kSourceTags and no other. `tree` is a file that loads, `parse` reads one, `constant`
/// finds the constant at `key` in what was read.
template <class Parse, class Constant>
void expect_known_tags(nlohmann::json tree, const std::string& key, Parse parse, Constant constant) {
  tree[key]["tag"] = "X";
  const auto refused = parse(tree.dump());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "x: /" + key + "/tag is \"X\"; allowed: `V`, `P`, `M`, `3P`, `D` or `G`.");
  for (const auto tag : kSourceTags) {
    tree[key]["tag"] = tag;
    EXPECT_EQ(constant(parse(tree.dump()).value()).tag, tag);
  }
}

inline base::Result<ChipConfig> parsed(const nlohmann::json& tree, ChipConfig*) { return parse_chip(tree.dump(), "x"); }
inline base::Result<ModelConfig> parsed(const nlohmann::json& tree, ModelConfig*) {
  return parse_model(tree.dump(), "x");
}
inline base::Result<BakeRecipe> parsed(const nlohmann::json& tree, BakeRecipe*) {
  return parse_recipe(tree.dump(), "x");
}
inline base::Result<GpuSpec> parsed(const nlohmann::json& tree, GpuSpec*) { return parse_gpu(tree.dump(), "x"); }
inline base::Result<ReferenceMachine> parsed(const nlohmann::json& tree, ReferenceMachine*) {
  return parse_machine(tree.dump(), "x");
}
inline base::Result<TechConfig> parsed(const nlohmann::json& tree, TechConfig*) { return parse_tech(tree.dump(), "x"); }
inline base::Result<EconomicsConfig> parsed(const nlohmann::json& tree, EconomicsConfig*) {
  return parse_economics(tree.dump(), "x");
}

/// What loading the tree as file "x" says: "" when all is well.
template <class Config>
std::string verdict(const nlohmann::json& tree) {
  const auto config = parsed(tree, static_cast<Config*>(nullptr));
  return config ? "" : config.error().message;
}

/// What the chip "demo" with these overrides is refused for, or "".
inline std::string demo_verdict(const std::vector<Override>& overrides) {
  const auto chip = parse_chip(text_of("chip/demo.json"), "demo.json", overrides);
  return chip ? "" : chip.error().message;
}

}  // namespace kiln::config
