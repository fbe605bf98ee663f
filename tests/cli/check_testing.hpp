// The fixture of tests of `--record` and `kiln check`: a chip that they may change, and a baseline.
#pragma once

#include <gmock/gmock.h>

#include <regex>

#include "support/kiln_test.hpp"

namespace kiln {

class CheckCommand : public test::KilnTest {
 protected:
  using Words = std::vector<std::string>;
  static constexpr const char* kModel = KILN_SOURCE_DIR "/models/kiln-stories-1m";

  void record(Words words, const std::string& baseline = "gates/kiln.json") const {
    std::filesystem::create_directories(folder_ / "gates");
    words.insert(words.end(), {"--record", path(baseline)});
    const auto outcome = kiln(words);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, testing::HasSubstr("wrote " + path(baseline)));
  }
  [[nodiscard]] test::Outcome check(Words more = {}, const std::string& baseline = "gates/kiln.json") const {
    more.insert(more.begin(), {"check", path(baseline)});
    return kiln(more);
  }
  /// The demo chip with this clock and this latency, as a file that commands name.
  void chip(int clock_mhz = 500, int add_cycles = 3) const {
    auto config = nlohmann::json::parse(test::slurp(KILN_SOURCE_DIR "/configs/chip/demo.json"));
    config["clock_mhz"] = clock_mhz;
    config["vector"]["add_cycles"] = add_cycles;
    write("chip.json", config.dump());
  }
  /// What was said, with line breaks as spaces.
  static std::string flat(const test::Outcome& outcome) {
    return std::regex_replace(outcome.out, std::regex("\n +"), " ");
  }
  void record_run() const {
    record({"run", "--model", "kiln-stories-1m", "--chip", path("chip.json"), "--prompt-tokens", "8", "-n", "8"});
  }
  void edit(const std::regex& from, const std::string& to) const {
    const auto text = test::slurp(path("gates/kiln.json"));
    const auto edited = std::regex_replace(text, from, to, std::regex_constants::format_first_only);
    ASSERT_NE(edited, text);
    write("gates/kiln.json", edited);
  }
};

}  // namespace kiln
