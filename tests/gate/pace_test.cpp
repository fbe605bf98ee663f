// When a program is slower than another one, by the ratios of rounds.
#include "gate/pace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/random.hpp"
#include "gate/gate_testing.hpp"

namespace kiln::gate {
namespace {

/// Rounds of a machine on which one takes up to a third more now and then.
std::vector<double> rounds(double ratio, std::uint64_t seed) {
  base::Random random(seed);
  std::vector<double> all;
  for (int i = 0; i < 32; ++i)
    all.push_back(std::log(ratio) + 0.06 * (random.unit() - 0.5) +
                  (random.below(8) == 0 ? 0.3 * (random.unit() - 0.5) : 0));
  return all;
}

TEST(Paces, ATwentyPerCentSlowerProgramIsFoundAndTheSameOneIsNot) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    EXPECT_FALSE(band_of(rounds(1.0, seed)).slower()) << seed;
    EXPECT_TRUE(band_of(rounds(1.2, seed)).slower()) << seed;
  }
}

TEST(Paces, AreBoundedByCountingRounds) {
  // Of 15 coins all fall the same way in 3 of 100,000 cases, of 20 all but one in 2 of 100,000.
  const auto counted = [](std::size_t rounds) {
    std::vector<double> all;
    for (std::size_t i = rounds; i-- > 0;) all.push_back(static_cast<double>(i));
    const auto band = band_of(all);
    EXPECT_NEAR(std::log(band.low) + std::log(band.high), static_cast<double>(rounds - 1), 1e-9);
    return std::log(band.low);
  };
  EXPECT_NEAR(counted(15), 0, 1e-12);
  EXPECT_NEAR(counted(20), 1, 1e-12);
  EXPECT_NEAR(counted(100), 30, 1e-12);
}

TEST(Paces, AreDecidedWhereBothAreOrOneIsSlower) {
  const Band same{1.0, 0.99, 1.01}, slow{1.2, 1.1, 1.3}, unclear{1.04, 0.9, 1.2};
  EXPECT_FALSE((Pace{same, unclear}).decided());
  EXPECT_FALSE((Pace{unclear, same}).decided());
  EXPECT_TRUE((Pace{same, same}).decided());
  EXPECT_FALSE((Pace{same, same}).slower());
  for (const auto& pace : {Pace{slow, unclear}, Pace{unclear, slow}}) EXPECT_TRUE(pace.slower() && pace.decided());
}

TEST(Paces, AreOfTheShortestCommandsThatFit) {
  using Kept = std::vector<std::size_t>;
  EXPECT_EQ(that_fit({4, 1, 2}, 7.0 * static_cast<double>(kFewestRounds)), (Kept{0, 1, 2}));
  EXPECT_EQ(that_fit({4, 1, 2}, 7 + 3.0 * static_cast<double>(kFewestRounds - 1)), (Kept{1, 2}));
  EXPECT_EQ(that_fit({4, 1, 2}, 40), (Kept{1}));
  EXPECT_EQ(that_fit({400, 100}, 1), (Kept{1})) << "one at least";
}

/// Shell scripts in place of two kilns.
class Programs : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / "gate_pace";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "scratch");
  }
  [[nodiscard]] std::string program(const std::string& name, const std::string& lines) const {
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << lines << "\n";
    std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    return folder_ / name;
  }
  [[nodiscard]] Pace compared(const std::string& ours, const std::string& theirs, const Baseline& baseline,
                              double seconds) const {
    return measure(baseline, {ours, theirs, {folder_.string(), (folder_ / "scratch").string(), 0}, seconds}, {})
        .value();
  }
  std::filesystem::path folder_;
};

TEST_F(Programs, ThatSleepAreFoundByTheirWallTime) {
  const auto ours = program("ours", "sleep 0.06"), theirs = program("theirs", "sleep 0.02");
  const auto found = compared(ours, theirs, documents::baseline(documents::kRun, {"run"}), 60);
  EXPECT_TRUE(found.wall.slower()) << pace_text(found);
  EXPECT_TRUE(found.slower());
  EXPECT_THAT(pace_text(found), testing::HasSubstr("times the other program's wall time"));
  EXPECT_EQ(pace_json(found).find("wall_ratio_low")->second, json::Value(found.wall.low));
  EXPECT_FALSE(compared(theirs, ours, documents::baseline(documents::kRun, {"run"}), 60).slower());
}

TEST_F(Programs, AreNotComparedByCommandsThatTakeTooLong) {
  const auto both = program("both", "case \"$*\" in *long*) sleep 0.2;; esac");
  auto baseline = documents::baseline(documents::kRun, {"run", "--prompt", "long"});
  const auto brief = documents::baseline(documents::kRun, {"run", "--prompt", "short"});
  baseline.metrics.insert(baseline.metrics.begin(), brief.metrics.begin(), brief.metrics.end());
  const auto found = compared(both, both, baseline, 3);
  EXPECT_EQ(found.left_out, 1U);
  EXPECT_GE(found.rounds, kFewestRounds);
  EXPECT_LT(found.seconds, 8) << "15 rounds of both take more";
  EXPECT_THAT(pace_text(found), testing::HasSubstr("1 command is left out"));
}

}  // namespace
}  // namespace kiln::gate
