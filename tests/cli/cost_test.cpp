// `kiln cost` and what a run says of area and energy, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/kiln_process.hpp"

namespace kiln {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kCorners[] = {"low", "typical", "high"};
const std::vector<std::string> kHc1 = {"cost", "--model", "llama-3.1-8b", "--chip", "hc1"};

class CostCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "kiln_cost_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/scratch");
    ::setenv("KILN_CONFIG_PATH", KILN_SOURCE_DIR "/configs", 1);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] test::Outcome kiln(const std::vector<std::string>& arguments) const {
    return test::run_kiln(arguments, folder_ + "/scratch");
  }
  [[nodiscard]] json document(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) const {
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--json", "-"});
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json::parse(outcome.out) : json();
  }
  void expect_refused(std::vector<std::string> arguments, const std::string& part) const {
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, testing::StartsWith("kiln: error: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
  std::string folder_;
};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

void expect_adds_up(const json& parts, const char* key, const json& sum) {
  for (const auto* corner : kCorners) {
    double total = 0;
    for (const auto& part : parts) total += part[key][corner].get<double>();
    EXPECT_NEAR(total, sum[corner].get<double>(), 1e-9 * sum[corner].get<double>()) << key << " " << corner;
  }
}

TEST_F(CostCommand, PartsAddUp) {
  const json cost = document(kHc1);
  expect_adds_up(cost["silicon"]["parts"], "area_mm2", cost["area_mm2"]);
  expect_adds_up(cost["silicon"]["parts"], "transistors", cost["transistors"]);
  expect_adds_up(cost["silicon"]["parts"], "leakage_w", cost["silicon"]["leakage_w"]);
  expect_adds_up(cost["energy_by_part"], "mj_per_token", cost["energy_mj_per_token"]);
  json tokens = cost["money"]["usd_per_million_tokens"];
  double lines = 0;
  for (const auto& [key, line] : tokens.items()) lines += key == "total" ? 0 : line["typical"].get<double>();
  EXPECT_NEAR(lines, tokens["total"]["typical"].get<double>(), 1e-9 * lines);
}

TEST_F(CostCommand, Hc1IsNearThePublicFigures) {
  const json run = document({"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--timing-only"},
                            {"--prompt-tokens", "1024", "-n", "1024"});
  EXPECT_NEAR(run["tokens_per_s_user"].get<double>() / 16960, 1, 0.03);
  EXPECT_NEAR(run["area_mm2"]["typical"].get<double>() / 815, 1, 0.15);
  EXPECT_NEAR(run["transistors"]["typical"].get<double>() / 53e9, 1, 0.10);
  EXPECT_GE(run["kv"]["capacity_tokens"].get<int>(), 6144);
  for (const auto* key : {"energy_mj_per_token", "power_w", "area_mm2", "transistors"}) {
    EXPECT_GT(run[key]["low"].get<double>(), 0) << key;
    EXPECT_LE(run[key]["low"].get<double>(), run[key]["typical"].get<double>()) << key;
    EXPECT_LE(run[key]["typical"].get<double>(), run[key]["high"].get<double>()) << key;
  }
  EXPECT_NEAR(run["power_w"]["typical"].get<double>(),
              run["energy_mj_per_token"]["typical"].get<double>() * 2047 /
                  (run["cycles_total"].get<double>() / (run["clock_mhz"].get<double>() * 1e3)),
              1e-6);
}

TEST_F(CostCommand, EnergyTakesTheOperationsThatTheRunCounted) {
  // The energy of arrays and trees is written as tokens times what a token does in each array; the units count the
  // same.
  const json run = document({"run", "--model", "llama-3.1-8b", "--chip", "hc1", "--users", "2"},
                            {"--prompt-tokens", "16", "-n", "16"});
  const std::uint64_t logits = 2 * 16, tokens = 2 * (16 + 16 - 1), columns = 4096;
  std::uint64_t products = 0, selections = 0, scales = 0, additions = 0, rows = 0;
  for (const auto& array : run["tile_arrays"]) {
    const std::uint64_t inputs = array["inputs"], outputs = array["outputs"], tiles = array["tiles"];
    const std::uint64_t times =
        array["instances"].get<std::uint64_t>() * (array["array"] == "lm_head" ? logits : tokens);
    const std::uint64_t side_by_side = (outputs + columns - 1) / columns;
    products += times * inputs * side_by_side;
    selections += times * inputs * outputs;
    scales += times * outputs * (inputs / 64);
    additions += times * outputs * (tiles / side_by_side - 1);
    rows += times * outputs;
  }
  const json& counted = run["activity"];
  EXPECT_EQ(counted["products"], products);
  EXPECT_EQ(counted["selections"], selections);
  EXPECT_EQ(counted["group_scales"], scales);
  EXPECT_EQ(counted["tree_additions"], additions);
  EXPECT_EQ(counted["row_results"], rows);
}

TEST_F(CostCommand, LinksOfTheHc1FamilyHaveTheStagesThatTheirFloorplansTake) {
  const std::pair<const char*, const char*> chips[] = {{"hc1", "llama-3.1-8b"},
                                                       {"hc1-cell-per-weight", "llama-3.1-8b"},
                                                       {"hc1-pipelined", "llama-3.1-8b"},
                                                       {"hc1-x10", "llama-3.1-70b"}};
  for (const auto& [chip, model] : chips) {
    const json cost = document({"cost", "--chip", chip, "--model", model}, {"--prompt-tokens", "2", "-n", "2"});
    for (const auto& link : cost["silicon"]["links"]) {
      if (link["length_mm"] > 0) {
        EXPECT_EQ(link["configured_stages"], link["stages"]) << chip << " " << link;
      }
    }
    for (const auto& wire : cost["silicon"]["clock_paths"]) EXPECT_TRUE(wire["met"]) << chip << " " << wire;
  }
}

TEST_F(CostCommand, PictureHasTheTablesAreas) {
  const json cost = document(kHc1, {"--svg", path("die.svg")});
  const std::string svg = test::slurp(path("die.svg"));
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  const auto sum_of = [&](const std::string& key) {
    double sum = 0;
    for (std::size_t at = 0; (at = svg.find(key + "=\"", at)) != std::string::npos;) {
      at += key.size() + 2;
      sum += std::stod(svg.substr(at, svg.find('"', at) - at));
    }
    return sum;
  };
  const double area = cost["area_mm2"]["typical"];
  // Sums of doubles that are written out in full, in another order.
  EXPECT_NEAR(sum_of("data-die-mm2"), area, 1e-9 * area);
  EXPECT_NEAR(sum_of("data-area-mm2"), area, 1e-9 * area);
}

TEST_F(CostCommand, BreakEvenSaysWhenBakingPaysAndWhenItNeverDoes) {
  const auto outcome = kiln(with(kHc1, {"--break-even"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("never"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("inf")));
  const json cost = document(kHc1, {"--break-even", "--gpu", "h200", "--gpu-batch", "32"});
  ASSERT_EQ(cost["break_even"].size(), 1U);
  const json& against = cost["break_even"][0];
  EXPECT_EQ(against["gpu"], "h200");
  EXPECT_EQ(against["table"].size(), against["lifetimes"].size() * against["volumes"].size());
  // A model that lives longer pays at a smaller volume.
  double before = 1e300;
  for (const auto& row : against["lifetimes"]) {
    if (!row["tokens_per_day"]["typical"].is_number()) continue;
    EXPECT_LE(row["tokens_per_day"]["typical"].get<double>(), before);
    before = row["tokens_per_day"]["typical"];
  }
  EXPECT_LT(before, 1e300);
}

TEST_F(CostCommand, TablesFitATerminal) {
  for (const auto* chip : {"hc1", "hc1-pipelined", "demo"}) {
    const auto outcome =
        kiln({"cost", "--chip", chip, "--model", chip == std::string("demo") ? "kiln-stories-1m" : "llama-3.1-8b",
              "--break-even", "-n", "16", "--prompt-tokens", "16"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }), 100)
          << chip << ": " << line;
  }
}

TEST_F(CostCommand, RefusesWhatHasNoAnswer) {
  expect_refused(with(kHc1, {"--gpu", "h200"}), "--gpu is for --break-even");
  expect_refused(with(kHc1, {"--break-even", "--gpu", "l4"}), "/price_usd_per_h");
  expect_refused(with(kHc1, {"--users", "0"}), "--users is 0; 1 to 65536 is expected");
  expect_refused(with(kHc1, {"--svg", path("none/die.svg")}), "--svg");
  expect_refused(with(kHc1, {"--svg", path("x"), "--json", path("x")}), "two files are expected");
  expect_refused(with(kHc1, {"--set", "silicon.technology=n66"}), "the nearest is \"n6\"");
  expect_refused(with(kHc1, {"--set", "silicon.rom_cell=metal"}), "bit_serial");
  expect_refused(with(kHc1, {"--set", "tech:wafer_usd.low=20000"}), "/wafer_usd");
  EXPECT_FALSE(fs::exists(path("x")));
}

TEST_F(CostCommand, AChipThatSaysNothingOfItsSiliconHasNoAreaAndNoEnergy) {
  json chip = json::parse(test::slurp(KILN_SOURCE_DIR "/configs/chip/demo.json"));
  chip.erase("silicon");
  chip.erase("reasons");
  std::ofstream(path("bare.json")) << chip;
  const json run =
      document({"run", "--model", "kiln-stories-1m", "--chip", path("bare.json")}, {"--prompt-tokens", "4", "-n", "4"});
  for (const auto* key : {"energy_mj_per_token", "power_w", "area_mm2", "transistors"}) EXPECT_FALSE(run.contains(key));
  expect_refused({"cost", "--model", "kiln-stories-1m", "--chip", path("bare.json")}, "has no /silicon");
}

TEST_F(CostCommand, ADieThatNoWaferHoldsHasAnAreaAndNoPrice) {
  const std::vector<std::string> hnlpu = {
      "cost", "--model", "gpt-oss-120b-dense", "--chip", "hnlpu", "--prompt-tokens", "2", "-n", "2"};
  const json cost = document(hnlpu);
  EXPECT_GT(cost["area_mm2"]["typical"].get<double>(), 2e4);
  EXPECT_FALSE(cost["silicon"]["fits_reticle"]["low"]);
  EXPECT_FALSE(cost.contains("money"));
  const auto outcome = kiln(hnlpu);
  EXPECT_THAT(outcome.out, HasSubstr("no price: a die of"));
  EXPECT_THAT(outcome.out, HasSubstr("BEYOND the reticle"));
  expect_refused(with(hnlpu, {"--break-even"}), "--break-even: a die of");
}

TEST_F(CostCommand, ASetOfATechnologyIsTaken) {
  const double before = document(kHc1)["money"]["usd_per_good_die"]["typical"];
  const double after =
      document(kHc1, {"--set", "tech:wafer_usd.typical=10280.6"})["money"]["usd_per_good_die"]["typical"];
  EXPECT_NEAR(after / before, 1.1, 1e-6);
}

}  // namespace
}  // namespace kiln
