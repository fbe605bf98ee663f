// `kiln rtl` and `kiln run --rtl` as far as they need no Verilator: what is written, what is refused.
#include <algorithm>

#include "support/kiln_test.hpp"

namespace kiln::cli {
namespace {

class RtlCommand : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    ASSERT_EQ(shared_image("synthetic:stories260k", "w4", "x.rom"), path("x.rom"));
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& sentence) const {
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(sentence), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << "one sentence: " << outcome.err;
  }
  [[nodiscard]] std::vector<std::string> run_rtl(std::vector<std::string> more) const {
    more.insert(more.begin(), {"run", "--rom", path("x.rom"), "--prompt-tokens", "2", "-n", "2", "--rtl"});
    return more;
  }
};

TEST_F(RtlCommand, WritesAUnitWithItsWeightsAndAReadme) {
  const auto written = kiln({"rtl", "--rom", path("x.rom"), "--chip", "demo", "--unit", "o_array", "-o", path("o")});
  ASSERT_EQ(written.status, 0) << written.err;
  EXPECT_NE(written.out.find("/o/README.md has the commands"), std::string::npos) << written.out;
  const std::string top = test::slurp(path("o/kiln_o_array_top.sv"));
  EXPECT_NE(top.find("kiln_tile_array #("), std::string::npos);
  EXPECT_NE(top.find(".Inputs(64)"), std::string::npos) << top;
  EXPECT_NE(top.find(".Layers(5)"), std::string::npos) << top;
  EXPECT_NE(test::slurp(path("o/README.md")).find("verilator --lint-only -Wall"), std::string::npos);
  const std::string codes = test::slurp(path("o/o_codes_000_000.hex"));
  EXPECT_EQ(std::ranges::count(codes, '\n'), 5 * 64);    // a word an input, layer after layer
  EXPECT_EQ(codes.find('\n'), std::size_t{64} * 4 / 4);  // 64 outputs of 4 bits
}

TEST_F(RtlCommand, WritesAWholeChipWithWhatItsTestbenchExpects) {
  const auto written = document({"rtl", "--rom", path("x.rom"), "--chip", "demo", "--unit", "chip", "--prompt-tokens",
                                 "3", "-n", "4", "-o", path("chip")});
  const auto run = document({"run", "--rom", path("x.rom"), "--chip", "demo", "--prompt-tokens", "3", "-n", "4"});
  EXPECT_EQ(written["unit"], "chip");
  EXPECT_EQ(written["directory"], path("chip"));
  EXPECT_EQ(written["testbench"]["tokens"], 6);
  EXPECT_EQ(written["testbench"]["cycles_total"], run["cycles_total"]);
  const std::string testbench = test::slurp(path("chip/kiln_chip_tb.cpp"));
  EXPECT_NE(testbench.find("kPromptTokens = 3;"), std::string::npos);
  EXPECT_NE(testbench.find("kCommits = 6;"), std::string::npos);
  for (const auto& id : run["token_ids"])
    EXPECT_NE(testbench.find(", " + std::to_string(id.get<int>()) + "},"), std::string::npos) << id;
  EXPECT_NE(test::slurp(path("chip/kiln_chip.sv")).find("u_qkv_array_to_qkv_tree"), std::string::npos);
}

TEST_F(RtlCommand, RefusesWhatTheRtlIsNot) {
  const auto write = [&](const std::string& chip, const std::string& unit) {
    return std::vector<std::string>{"rtl", "--rom", path("x.rom"), "--chip", chip, "--unit", unit, "-o", path("no")};
  };
  expect_refused(write("demo", "lora"), "found lora; one of chip, sequencer, embedding_rom");
  expect_refused(write("hc1-pipelined", "chip"), "RTL is there for one chip with /schedule layer_serial");
  auto unit = write("demo", "o_array");
  unit.insert(unit.end(), {"-n", "3"});
  expect_refused(unit, "are for the testbench of --unit chip; o_array has none");
  for (const auto* number : {"4294967296", "18446744073709551615"}) {
    auto longer = write("demo", "chip");
    longer.insert(longer.end(), {"--prompt-tokens", "2", "-n", number});
    expect_refused(longer, std::string("the RTL makes 4294967295 tokens at most, ") + number + " are asked for");
  }
  for (const auto* number : {"16777217", "18446744073709551615"}) {
    auto longer = write("demo", "chip");
    longer.insert(longer.end(), {"--prompt-tokens", number});
    expect_refused(longer, "--prompt-tokens is above 16777216");
  }
  expect_refused(run_rtl({"--chip", "demo", "--timing-only"}), "--rtl runs values");
  expect_refused(run_rtl({"--chip", "demo", "--users", "2"}), "--rtl runs one user without an adapter");
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "--rtl"},
                 "--rtl runs values");
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(RtlCommand, SaysThatVerilatorIsMissing) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  ::setenv("KILN_CACHE", folder_.c_str(), 1);
  expect_refused(run_rtl({"--chip", "demo"}), "--rtl: verilator is not on this machine");
  ::setenv("PATH", before.c_str(), 1);
  ::unsetenv("KILN_CACHE");
}

}  // namespace
}  // namespace kiln::cli
