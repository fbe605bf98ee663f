// docs/units against the code: every key is on its unit's page (that each is somewhere, once, with its unit and range:
// tests/config/readme_test.cpp); every page has its parts and names tests that exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "kiln/config/load.hpp"
#include "kiln/config/tile_kind.hpp"

namespace kiln::chip {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> pages() {
  std::map<std::string, std::string> result;
  for (const auto& entry : fs::directory_iterator(std::string(KILN_SOURCE_DIR) + "/docs/units")) {
    if (entry.path().extension() != ".md") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    result[entry.path().stem()] = text.str();
  }
  return result;
}

std::set<std::string> microarchitectures() {
  const auto names = config::tile_kind_names();
  return {names.begin(), names.end()};
}

/// Key -> page, of the rows "| `/key` | unit | range | meaning |" of all pages.
std::multimap<std::string, std::string> documented() {
  std::multimap<std::string, std::string> rows;
  const std::regex row(R"(\| `(/[a-z_/]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|)");
  for (const auto& [page, text] : pages()) {
    for (std::sregex_iterator i(text.begin(), text.end(), row), end; i != end; ++i) rows.emplace((*i)[1], page);
  }
  return rows;
}

TEST(UnitPages, HaveEveryParameterOfAChip) {
  const auto rows = documented();
  for (const auto& parameter : config::chip_parameters())
    EXPECT_EQ(rows.count(parameter.pointer), 1U) << parameter.pointer;
}

TEST(UnitPages, AUnitsParametersStandOnItsOwnPage) {
  const std::map<std::string, std::string> page_of = {{"reduction", "reduction_tree"}, {"vector", "vector_unit"},
                                                      {"attention", "attention_unit"}, {"kv", "kv_sram"},
                                                      {"embedding", "embedding_rom"},  {"sampler", "lm_head"},
                                                      {"sequencer", "sequencer"},      {"link", "link"},
                                                      {"host", "host_link"},           {"chips", "chip_link"},
                                                      {"lora", "lora_unit"},           {"clock_mhz", "README"},
                                                      {"tiles", "tile_array"},         {"schedule", "README"}};
  const auto kinds = microarchitectures();
  for (const auto& [pointer, page] : documented()) {
    if (pointer.starts_with("/tile/")) {  // those of a microarchitecture stand on its own page
      const std::string part = pointer.substr(6, pointer.find('/', 6) - 6);
      EXPECT_EQ(page, kinds.contains(part) ? part : "tile_array") << pointer;
      continue;
    }
    const std::string section = pointer.substr(1, pointer.find('/', 1) - 1);
    ASSERT_TRUE(page_of.count(section)) << pointer;
    EXPECT_EQ(page, page_of.at(section)) << pointer;
  }
}

TEST(UnitPages, EveryUnitIsAQuartet) {
  const std::string root = KILN_SOURCE_DIR;
  const auto kinds = microarchitectures();
  for (const auto& [page, text] : pages()) {
    if (page == "README") continue;
    for (const char* part : {"## Parameters", "## Ports", "## Timing", "## Formula", "## Counts", "## RTL", "## Tests"})
      EXPECT_NE(text.find(part), std::string::npos) << page << " lacks " << part;
    // A microarchitecture is a row of a registry: its file has no header.
    EXPECT_EQ(fs::exists(root + "/src/chip/timing/" + page + ".hpp"), !kinds.contains(page)) << page;
    EXPECT_TRUE(fs::exists(root + "/src/chip/timing/" + page + ".cpp")) << page;
    EXPECT_TRUE(fs::exists(root + "/tests/chip/timing/" + page + "_test.cpp") ||
                fs::exists(root + "/tests/chip/systemc/" + page + "_test.cpp"))
        << page;
  }
}

TEST(UnitPages, NameTestsThatExist) {
  const std::regex path(R"(`(tests/[a-z_/]+\.cpp)`)");
  for (const auto& [page, text] : pages()) {
    for (std::sregex_iterator i(text.begin(), text.end(), path), end; i != end; ++i)
      EXPECT_TRUE(fs::exists(std::string(KILN_SOURCE_DIR) + "/" + (*i)[1].str())) << page << ": " << (*i)[1];
  }
}

// SystemC stays inside this module: its headers are named in one file of src/chip, in none of include.
TEST(UnitPages, SystemCIsIncludedByOneHeaderOfTheChipAlone) {
  for (const char* folder : {"/include", "/src"}) {
    for (const auto& entry : fs::recursive_directory_iterator(std::string(KILN_SOURCE_DIR) + folder)) {
      if (!entry.is_regular_file() || entry.path().filename() == "kernel.hpp") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      EXPECT_EQ(text.str().find("#include <systemc"), std::string::npos) << entry.path();
    }
  }
}

}  // namespace
}  // namespace kiln::chip
