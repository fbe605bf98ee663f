// Verilator has nothing to say about any unit of the shipped chips, nor about a whole chip.
#include <fstream>
#include <iterator>

#include "base/subprocess.hpp"
#include "kiln/config/latencies.hpp"
#include "kiln/config/load.hpp"
#include "rtl/rtl.hpp"
#include "support.hpp"

namespace kiln::rtl {
namespace {

class Lint : public testing::TestWithParam<std::string> {};

TEST_P(Lint, HasNothingToSay) {
  auto chip = config::load_chip(KILN_SOURCE_DIR "/configs/chip/" + GetParam() + ".json", {});
  ASSERT_TRUE(chip.ok()) << chip.error().message;
  // Registers are the same text however many there are.
  config::for_each_latency(*chip, [](const std::string&, std::uint32_t& cycles) {
    if (cycles == config::kAutomatic) cycles = 3;
  });
  const auto made = make_case(support::model_of({"lint", 70, 96, 2, 4, 2, 16, 90}), recipe_of(3), *chip, 1);
  ASSERT_TRUE(check(*made.placement).ok());
  for (const std::string& unit : unit_names()) {
    const std::string folder = testing::TempDir() + "lint-" + GetParam() + "-" + unit;
    std::optional<Expected> expected;
    if (unit == "chip") {
      expected.emplace();
      expected->user.prompt = {1};
    }
    const auto written = write(*made.image, *made.placement, unit, folder, expected);
    ASSERT_TRUE(written.ok()) << written.error().message;
    const std::string top = unit == "chip" ? "kiln_chip" : "kiln_" + unit + "_top";
    const auto linted =
        base::run_program({"verilator", "--lint-only", "-Wall", "-y", folder, "--top-module", top,
                           folder + "/kiln_tables_pkg.sv", folder + "/kiln_pkg.sv", folder + "/" + top + ".sv"},
                          folder + "/lint.log", "lint is Verilator's");
    EXPECT_TRUE(linted.ok()) << linted.error().message;
    std::ifstream log(folder + "/lint.log");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(log), {}), "") << unit;
  }
}

INSTANTIATE_TEST_SUITE_P(Chips, Lint, testing::Values("demo", "demo-bit-serial", "demo-rom-mac"),
                         [](const auto& which) {
                           std::string name = which.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kiln::rtl
