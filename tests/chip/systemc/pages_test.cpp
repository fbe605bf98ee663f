// docs/units against the code: every parameter of a chip is on exactly one page, with its unit and range; every
// page has its parts and names tests that exist.
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

struct Row {
  std::string page, unit, minimum, maximum;
};

/// Rows "| `/pointer` | unit | min | max | ..." of all pages.
std::multimap<std::string, Row> documented() {
  std::multimap<std::string, Row> rows;
  const std::regex row(R"(\| `(/[a-z_/]+)` \| ([^|]+) \| (\d+) \| (\d+) \| [^|]+ \|)");
  for (const auto& [page, text] : pages()) {
    for (std::sregex_iterator i(text.begin(), text.end(), row), end; i != end; ++i)
      rows.emplace((*i)[1], Row{page, (*i)[2], (*i)[3], (*i)[4]});
  }
  return rows;
}

TEST(UnitPages, EveryParameterStandsOnOnePageWithItsUnitAndRange) {
  const auto rows = documented();
  std::set<std::string> known;
  for (const auto& parameter : config::chip_parameters()) {
    known.insert(parameter.pointer);
    ASSERT_EQ(rows.count(parameter.pointer), 1U) << parameter.pointer;
    const Row& row = rows.find(parameter.pointer)->second;
    EXPECT_EQ(row.unit, parameter.unit) << parameter.pointer << " on " << row.page;
    EXPECT_EQ(row.minimum, std::to_string(parameter.minimum)) << parameter.pointer << " on " << row.page;
    EXPECT_EQ(row.maximum, std::to_string(parameter.maximum)) << parameter.pointer << " on " << row.page;
  }
  for (const auto& [pointer, row] : rows)
    EXPECT_TRUE(known.count(pointer)) << pointer << " on " << row.page << " does not exist";
}

TEST(UnitPages, AUnitsParametersStandOnItsOwnPage) {
  const std::map<std::string, std::string> page_of = {{"reduction", "reduction_tree"}, {"vector", "vector_unit"},
                                                      {"attention", "attention_unit"}, {"kv", "kv_sram"},
                                                      {"embedding", "embedding_rom"},  {"sampler", "lm_head"},
                                                      {"sequencer", "sequencer"},      {"link", "link"},
                                                      {"host", "host_link"},           {"chips", "chip_link"},
                                                      {"lora", "lora_unit"},           {"clock_mhz", "README"}};
  const std::vector<std::string> names = config::tile_kind_names();
  const std::set<std::string> microarchitectures(names.begin(), names.end());
  for (const auto& [pointer, row] : documented()) {
    if (pointer.starts_with("/tile/")) {  // those of a microarchitecture are on its own page
      const std::string part = pointer.substr(6, pointer.find('/', 6) - 6);
      EXPECT_EQ(row.page, microarchitectures.contains(part) ? part : "tile_array") << pointer;
      continue;
    }
    const std::string section = pointer.substr(1, pointer.find('/', 1) - 1);
    ASSERT_TRUE(page_of.count(section)) << pointer;
    EXPECT_EQ(row.page, page_of.at(section)) << pointer;
  }
}

TEST(UnitPages, EveryUnitIsAQuartet) {
  const std::string root = KILN_SOURCE_DIR;
  for (const auto& [page, text] : pages()) {
    if (page == "README") continue;
    for (const char* part : {"## Parameters", "## Ports", "## Timing", "## Formula", "## Counts", "## RTL", "## Tests"})
      EXPECT_NE(text.find(part), std::string::npos) << page << " lacks " << part;
    const bool microarchitecture = page == "bit_serial" || page == "product_select" || page == "rom_mac";
    EXPECT_EQ(fs::exists(root + "/src/chip/timing/" + page + ".hpp"), !microarchitecture)
        << page;  // rows of a registry
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
