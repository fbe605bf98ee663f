// The adversary: what a search over every numeric key of `hc1` gains, and that no key of it is free, alone or with
// others. Prints the tables of docs/validation/free-lunch.md.
#include "support/free_lunch.hpp"

#include <gtest/gtest.h>

#include "study/chip_search.hpp"
#include "support/adversary.hpp"

namespace kiln::test {
namespace {

void print(const char* name, const Found& f) {
  fmt::print("| {} | {:.0f} | {:.0f} | {:.1f} | {:.1f} | {:.2f} |\n", name, f.rate, f.clock_mhz, f.area_mm2, f.power_w,
             f.mj_per_token);
}

void print(const TakenBack& row, const std::optional<std::string>& other) {
  const std::string& key = row.keys.front();
  if (!row.placed) return fmt::print("| `{}` | {} | {} | not without it | | | | |\n", key, row.from, row.to);
  fmt::print("| `{}` | {} | {} | {:+.2f} % | {:+.2f} % | {:+.2f} % | {:+.2f} %{} | {:+.2f} % |\n", key, row.from,
             row.to, 100 * row.rate, 100 * row.area_mm2, 100 * row.power_w, 100 * row.mj,
             !row.free() ? ""
             : other     ? fmt::format(", fits `{}`", *other)
                         : " FREE",
             100 * row.slack);
}

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* asked = std::getenv(name);
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : otherwise;
}

void hunt(const char* name, double power_w, std::uint64_t seed) {
  const std::uint64_t evaluations = number("KILN_EVALUATIONS", 10000);
  const FreeLunch lunch;
  print("hc1", lunch.base());
  auto search = lunch.search(power_w);
  Adversary adversary(search, number("KILN_SEED", seed));
  const Found best = adversary.hunt({{}, lunch.first_chip()}, evaluations);
  print(name, best);
  ASSERT_EQ(best.excess, 0);
  EXPECT_GE(search.evaluations(), evaluations);
  EXPECT_GT(best.rate, 1.04 * lunch.base().rate) << "the search has become weak: a few keys by hand gain as much";
  fmt::print("\n| key | hc1 | found | rate | area | W | mJ | slack |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
  std::vector<TakenBack> unexplained;  // what fits another key does so beside a third one, too
  for (const auto& row : lunch.taken_back(search, best)) {
    const std::string& key = row.keys.front();
    const auto other = row.free() ? lunch.fits(search, best, key) : std::nullopt;
    if (!other) unexplained.push_back(row);
    print(row, other);
    EXPECT_FALSE(row.free() && !other) << key << " " << row.from << " to " << row.to;
    EXPECT_FALSE(row.free_by_power()) << key << " " << row.from << " to " << row.to;
  }
  std::size_t groups = 0;
  for (const auto& row : lunch.free_groups(search, best, unexplained, groups))
    ADD_FAILURE() << fmt::format("{}: {:+.2f} % of the rate", fmt::join(row.keys, " "), 100 * row.rate);
  fmt::print("\n{} evaluations, {} groups\n\n", search.evaluations(), groups);
}

TEST(FreeLunch, IsNotFoundWithinHc1sAreaAndPower) { hunt("same area, same power", 0, 1501); }
TEST(FreeLunch, IsNotFoundWithinTwoHundredWatts) { hunt("same area, up to 200 W", 200, 1502); }

}  // namespace
}  // namespace kiln::test
