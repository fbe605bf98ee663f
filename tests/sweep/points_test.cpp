// The points of each method, and the front of some.
#include "sweep/points.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sweep/front.hpp"

namespace kiln::sweep {
namespace {

using testing::HasSubstr;

base::Result<std::vector<Setting>> points(const std::string& vary, const std::string& sample) {
  const auto spec = parse_spec(
      R"({"version": 1, "base": {"chip": "demo", "model": "m"}, "vary": )" + vary + R"(, "sample": )" + sample + "}",
      "s.json");
  EXPECT_TRUE(spec.ok()) << spec.error().message;
  return points_of(*spec, [](const Axis&) { return std::optional<json::Value>(100); });
}

constexpr int kBase = -1;  ///< the base's own value

Setting setting(std::initializer_list<int> list) {
  Setting values;
  for (const int each : list) values.push_back(each == kBase ? json::Value() : json::Value(each));
  return values;
}

std::vector<Setting> settings(std::initializer_list<std::initializer_list<int>> list) {
  std::vector<Setting> all;
  for (const auto& each : list) all.push_back(setting(each));
  return all;
}

const std::string kTwo = R"({"chip:/kv/banks": [8, 16], "chip:/kv/ports": [1, 2, 4]})";

TEST(Points, AGridGoesThroughTheLastAxisFastest) {
  const auto grid = points(kTwo, R"({"method": "grid"})").value();
  ASSERT_EQ(grid.size(), 6U);
  EXPECT_EQ(grid[0], setting({8, 1}));
  EXPECT_EQ(grid[1], setting({8, 2}));
  EXPECT_EQ(grid[5], setting({16, 4}));
}

TEST(Points, AMillionMillionAreRefused) {
  std::string axis;
  for (int i = 1; i <= 1000; ++i) axis += (i == 1 ? "" : ", ") + std::to_string(i);
  const std::string vary = R"({"chip:/kv/banks": [)" + axis + R"(], "chip:/kv/ports": [)" + axis +
                           R"(], "chip:/clock_mhz": [)" + axis + R"(], "chip:/tile/rows": [)" + axis + "]}";
  EXPECT_THAT(points(vary, R"({"method": "grid"})").error().message,
              HasSubstr("the grid has 1e+12 points; at most 1000000 are expected"));
}

TEST(Points, AListTakesTheFirstOfAllThenTheSecond) {
  const auto list = points(R"({"chip:/kv/banks": [8, 16], "chip:/kv/ports": [1, 1]})", R"({"method": "list"})").value();
  EXPECT_EQ(list, settings({{8, 1}, {16, 1}}));
  EXPECT_THAT(points(kTwo, R"({"method": "list"})").error().message, HasSubstr("as many are expected"));
}

TEST(Points, FormulasFollowTheOtherAxes) {
  const auto grid = points(R"x({"chip:/kv/banks": [8, 16], "chip:/kv/depth_words": "ceil(1000 / kv.banks)"})x",
                           R"({"method": "grid"})")
                        .value();
  EXPECT_EQ(grid, settings({{8, 125}, {16, 63}}));
}

TEST(Points, DrawnOnesAreDifferentWithinTheirRangesAndFollowTheSeed) {
  const std::string vary =
      R"({"chip:/kv/banks": {"from": 10, "to": 1000}, "chip:/tile/rows": {"from": 64, "to": 4096, "scale": "log"}})";
  for (const std::string method : {"random", "sobol", "latin_hypercube"}) {
    const auto sample = [&](int seed) {
      return points(vary, R"({"method": ")" + method + R"(", "points": 64, "seed": )" + std::to_string(seed) + "}")
          .value();
    };
    const auto first = sample(1);
    EXPECT_EQ(first.size(), 64U) << method;
    EXPECT_EQ(first, sample(1)) << method;
    EXPECT_NE(first, sample(2)) << method;
    std::uint64_t below = 0;
    for (const auto& setting : first) {
      EXPECT_GE(setting[0].whole(), 10U);
      EXPECT_LE(setting[0].whole(), 1000U);
      EXPECT_GE(setting[1].whole(), 64U);
      EXPECT_LE(setting[1].whole(), 4096U);
      below += setting[1].whole() < 512 ? 1 : 0;
    }
    // The middle of a logarithmic range is its geometric mean; sequences are even, chance is not.
    EXPECT_NEAR(static_cast<double>(below), 32, method == "random" ? 16 : 4) << method;
  }
}

TEST(Points, MoreThanThereAreAreRefused) {
  for (const std::string method : {"random", "sobol", "latin_hypercube"})
    EXPECT_THAT(points(kTwo, R"({"method": ")" + method + R"(", "points": 7})").error().message,
                HasSubstr("there are 6 different points"));
  EXPECT_THAT(
      points(R"({"chip:/kv/banks": {"from": 1, "to": 3}})", R"({"method": "random", "points": 4})").error().message,
      HasSubstr("random found 3 different points"));
}

TEST(Points, AllThatThereAreCanBeDrawn) {
  const auto drawn = points(kTwo, R"({"method": "random", "points": 6, "seed": 3})").value();
  std::set<std::string> different;
  for (const auto& each : drawn) different.insert(json::write(json::Array(each.begin(), each.end())));
  EXPECT_EQ(different.size(), 6U);
}

std::string list_of(int count) {
  std::string list;
  for (int i = 1; i <= count; ++i) list += (i == 1 ? "" : ", ") + std::to_string(i);
  return "[" + list + "]";
}

std::size_t different(const std::vector<Setting>& drawn) {
  std::set<std::string> all;
  for (const auto& each : drawn) all.insert(json::write(json::Array(each.begin(), each.end())));
  return all.size();
}

/// Two strata of a hypercube may mean the same combination of lists.
TEST(Points, AHypercubeOfListsHasAsManyAsAreWanted) {
  const auto drawn = [](int first, int second, int third, int count, int seed) {
    return points(R"({"chip:/kv/banks": )" + list_of(first) + R"(, "chip:/kv/ports": )" + list_of(second) +
                      R"(, "chip:/tile/rows": )" + list_of(third) + "}",
                  R"({"method": "latin_hypercube", "points": )" + std::to_string(count) + R"(, "seed": )" +
                      std::to_string(seed) + "}")
        .value();
  };
  for (int seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(different(drawn(3, 5, 1, 10, seed)), 10U) << seed;
    EXPECT_EQ(different(drawn(3, 5, 1, 15, seed)), 15U) << seed;
    EXPECT_EQ(different(drawn(10, 10, 10, 50, seed)), 50U) << seed;
    EXPECT_EQ(drawn(10, 10, 10, 50, seed), drawn(10, 10, 10, 50, seed));
  }
}

TEST(Points, MostOfMoreThanAGridMayHaveCanBeDrawn) {
  const auto drawn = points(R"({"chip:/kv/banks": )" + list_of(1200) + R"(, "chip:/tile/rows": )" + list_of(1000) + "}",
                            R"({"method": "random", "points": 700000})");
  ASSERT_TRUE(drawn.ok()) << drawn.error().message;
  EXPECT_EQ(drawn->size(), 700000U);
}

TEST(Points, SobolsSeedsAreOtherSamples) {
  const auto sample = [](int seed) {
    const auto drawn = points(R"({"chip:/kv/banks": {"from": 1, "to": 1000000}})",
                              R"({"method": "sobol", "points": 32, "seed": )" + std::to_string(seed) + "}")
                           .value();
    std::set<std::string> all;
    for (const auto& each : drawn) all.insert(json::write(each[0]));
    return all;
  };
  std::size_t common = 0;
  for (const auto& each : sample(1)) common += sample(2).count(each);
  EXPECT_LT(common, 3U);
}

TEST(Points, LengthsAreWithinTheirLimitsWhereverTheyComeFrom) {
  const auto wrong = [](const std::string& vary) { return points(vary, R"({"method": "grid"})").error().message; };
  EXPECT_THAT(wrong(R"({"new_tokens": [1]})"),
              HasSubstr("/vary/new_tokens: 1 is one of its values; an integer from 2"));
  EXPECT_THAT(wrong(R"({"prompt_tokens": [10], "new_tokens": "prompt_tokens / 4"})"), HasSubstr("2.5 is one of its"));
  EXPECT_THAT(wrong(R"({"prompt_tokens": {"from": -5, "to": 5, "step": 5}})"), HasSubstr("-5 is one of its"));
}

TEST(Points, OneAtATimeLeavesTheRest) {
  const auto some =
      points(R"({"chip:/kv/banks": {}, "chip:/kv/ports": [1, 4]})", R"({"method": "one_at_a_time", "change": 20})")
          .value();
  EXPECT_EQ(some, settings({{kBase, kBase}, {80, kBase}, {120, kBase}, {kBase, 1}, {kBase, 4}}));
  // What the base has is the base.
  EXPECT_EQ(points(R"({"chip:/kv/ports": [1, 100]})", R"({"method": "one_at_a_time"})").value(),
            settings({{kBase}, {1}}));
}

TEST(Points, OneAtATimeHasTheBasesOwnNameOnce) {
  const auto spec = parse_spec(R"({"version": 1, "base": {"chip": "demo", "model": "m", "recipe": "w3w6"},
      "vary": {"recipe": ["w3w6", "w4"]}, "sample": {"method": "one_at_a_time"}})",
                               "s.json");
  const auto some = points_of(*spec, [](const Axis&) { return std::optional<json::Value>("w3w6"); }).value();
  EXPECT_EQ(some, (std::vector<Setting>{{json::Value()}, {json::Value("w4")}}));
}

TEST(Front, IsWhatNothingBeats) {
  const std::vector<Objective> two = {{"rate", Direction::Maximum}, {"area", Direction::Minimum}};
  const auto front = front_of({{0, {5, 5}}, {1, {6, 5}}, {2, {6, 6}}, {3, {1, 1}}, {4, {6, 5}}, {5, {0, 1}}}, two);
  std::vector<std::uint64_t> numbers;
  for (const auto& each : front) numbers.push_back(each.number);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 4, 3}));
  EXPECT_EQ(front_of({{0, {5}}, {1, {7}}, {2, {7}}}, {two[0]}).size(), 2U);
}

TEST(Front, OfThreeObjectivesIsThatOfComparingAll) {
  std::uint64_t state = 1;
  std::vector<Candidate> all;
  for (std::uint64_t i = 0; i < 300; ++i) {
    Candidate candidate{i, {}};
    for (int k = 0; k < 3; ++k)
      candidate.values.push_back(
          static_cast<double>((state = state * 6364136223846793005U + 1442695040888963407U) >> 60));
    all.push_back(candidate);
  }
  const std::vector<Objective> three = {
      {"a", Direction::Minimum}, {"b", Direction::Maximum}, {"c", Direction::Minimum}};
  std::set<std::uint64_t> expected, found;
  for (const auto& one : all) {
    bool beaten = false;
    for (const auto& other : all) {
      const bool as_good =
          other.values[0] <= one.values[0] && other.values[1] >= one.values[1] && other.values[2] <= one.values[2];
      beaten = beaten || (as_good && other.values != one.values);
    }
    if (!beaten) expected.insert(one.number);
  }
  for (const auto& each : front_of(all, three)) found.insert(each.number);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace kiln::sweep
