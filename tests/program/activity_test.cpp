// Sums over the tables of counters, and the page that names them. That a table is complete is checked when it compiles.
#include "kiln/program/activity.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace kiln::program {
namespace {

/// Another number in each counter.
template <class Counts, std::size_t kCount>
Counts numbered(const Counter<Counts> (&counters)[kCount], std::uint64_t first) {
  Counts counts;
  for (const auto& counter : counters) counts.*counter.value = first++;
  return counts;
}

template <class Counts, std::size_t kCount>
void expect_sums(const Counter<Counts> (&counters)[kCount]) {
  Counts sum = numbered(counters, 100);
  sum += numbered(counters, 1000);
  std::uint64_t expected = 1100;
  for (const auto& counter : counters) {
    EXPECT_EQ(sum.*counter.value, expected) << counter.name;
    expected += 2;
  }
}

TEST(Counters, AreAddedEachToItself) {
  expect_sums(kActivityCounters);
  expect_sums(kSwitchingCounters);
  // One that the tables do not go through.
  Activity a;
  a.host_tokens = 3;
  a += a;
  EXPECT_EQ(a.host_tokens, 6U);
}

struct Half {
  std::uint64_t a = 0, b = 0;
};
constexpr Counter<Half> kHalf[] = {{"a", "a", &Half::a}};
constexpr Counter<Half> kTwice[] = {{"a", "a", &Half::a}, {"b", "b", &Half::a}};
constexpr Counter<Half> kSameName[] = {{"a", "a", &Half::a}, {"a", "a", &Half::b}};
constexpr Counter<Half> kWhole[] = {{"a", "a", &Half::a}, {"b", "b", &Half::b}};
static_assert(!complete(kHalf) && !complete(kTwice) && !complete(kSameName) && complete(kWhole));

TEST(Counters, AreNamedOnTheReportsPageInTheirOrder) {
  std::ifstream file(KILN_SOURCE_DIR "/docs/report.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = page.find("### Counters");
  for (const auto& counter : kActivityCounters) {
    const auto row = fmt::format("\n| `{}` | {} | ", counter.name, counter.unit);
    const auto found = page.find(row);
    ASSERT_NE(found, page.npos) << row;
    EXPECT_LT(at, found) << row;
    at = found;
  }
}

}  // namespace
}  // namespace kiln::program
