// Tables that are right compile here; those that are wrong do not, which a concept sees.
#include "kiln/base/enum_table.hpp"

#include <gtest/gtest.h>

#include <span>
#include <string_view>

namespace kiln::base {
namespace {

enum class Colour { Red, Green, Blue };

constexpr auto kNames = enum_names<Colour>({{Colour::Red, "red"}, {Colour::Green, "green"}, {Colour::Blue, "blue"}});
constexpr auto kLengths = enum_table<int, Colour>({{Colour::Red, 3}, {Colour::Green, 5}, {Colour::Blue, 4}});

static_assert(is_enumerator<Colour::Blue>());
static_assert(!is_enumerator<static_cast<Colour>(3)>());
static_assert(kNames[Colour::Green] == "green" && kNames.size() == 3);
static_assert(kLengths[Colour::Blue] == 4);

/// Whether enum_names<Colour>() of these rows is a constant.
template <EnumRow<Colour, int>... rows>
concept GoodTable = requires {
  std::integral_constant<int, enum_table<int, Colour>({rows...})[0U]>();
};

using Row = EnumRow<Colour, int>;
static_assert(GoodTable<Row{Colour::Red, 1}, Row{Colour::Green, 2}, Row{Colour::Blue, 3}>);
static_assert(!GoodTable<Row{Colour::Red, 1}, Row{Colour::Blue, 2}, Row{Colour::Green, 3}>, "another order");
static_assert(!GoodTable<Row{Colour::Red, 1}, Row{Colour::Red, 2}, Row{Colour::Blue, 3}>, "one twice");
static_assert(!GoodTable<Row{Colour::Red, 1}, Row{Colour::Green, 2}>, "the last is missing");
static_assert(!GoodTable<Row{Colour::Red, 1}, Row{Colour::Green, 2}, Row{Colour::Blue, 3}, Row{Colour{3}, 4}>,
              "one more");

template <EnumRow<Colour, int>... rows>
concept GoodNames = requires {
  std::integral_constant<std::size_t,
                         enum_names<Colour>({{rows.key, kNames[std::size_t(rows.value)]}...})[0U].size()>();
};
static_assert(GoodNames<Row{Colour::Red, 0}, Row{Colour::Green, 1}, Row{Colour::Blue, 2}>);
static_assert(!GoodNames<Row{Colour::Red, 0}, Row{Colour::Green, 1}, Row{Colour::Blue, 1}>, "the same name twice");

TEST(EnumTable, IndexedByEnumeratorOrPlace) {
  EXPECT_EQ(kNames[Colour::Red], "red");
  for (std::size_t i = 0; i < kNames.size(); ++i) EXPECT_EQ(kNames[i], kNames[static_cast<Colour>(i)]);
  const std::span<const std::string_view> all = kNames;
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2], "blue");
}

TEST(EnumTable, FindsTheEnumerator) {
  EXPECT_EQ(kNames.find("blue"), Colour::Blue);
  EXPECT_EQ(kNames.find("blu"), std::nullopt);
  EXPECT_EQ(kLengths.find(5), Colour::Green);
}

}  // namespace
}  // namespace kiln::base
