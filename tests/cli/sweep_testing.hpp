// The fixture of tests that sweep a few small chips: a spec of 12 points, a third of which a constraint excludes.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "support/kiln_test.hpp"

namespace kiln::test {

class SweepTest : public KilnTest {
 protected:
  void spec(const std::string& clocks = "[400, 450, 500]") const {
    write("spec.json", R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
      "new_tokens": 8}, "links": "auto", "vary": {"chip:/clock_mhz": )" +
                           clocks + R"(, "chip:/tile/columns": [64, 128],
      "recipe": ["w4", "w8"]}, "sample": {"method": "grid"}, "constraints": ["clock_mhz >= 420"],
      "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}, {"figure": "area_mm2.typical", "direction": "min"}]})");
  }
  [[nodiscard]] std::string exported(const std::string& database) const {
    const auto outcome = kiln({"sweep", "export", path(database), "--json", "-"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }
  [[nodiscard]] Outcome sweep(const std::string& database, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"sweep", path("spec.json"), "-o", path(database)};
    words.insert(words.end(), more.begin(), more.end());
    return kiln(words);
  }
  /// Begun so many times, or gone on with, and killed after `first`, then after `step` more each time.
  void kill_sweeps(const std::string& database, int kills, std::chrono::milliseconds first,
                   std::chrono::milliseconds step) const {
    for (int kill = 0; kill < kills; ++kill) {
      const auto child =
          start_kiln({"sweep", path("spec.json"), "-o", path(database), "-j", "2", "--resume"}, scratch() + "/killed");
      std::this_thread::sleep_for(first + kill * step);
      ::kill(child, SIGKILL);
      finish_kiln(child, scratch() + "/killed");
    }
  }
};

}  // namespace kiln::test
