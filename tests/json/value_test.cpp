// Values, how they are written, and what is said about keys.
#include "json/value.hpp"

#include <gmock/gmock.h>

#include <array>
#include <variant>

#include "json/keys.hpp"

namespace kiln::json {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Value small_object() { return Object{{"a", Value(1)}, {"b", Value(Array{Value(2.5), Value("x"), Value(nullptr)})}}; }

TEST(Value, KnowsItsType) {
  EXPECT_EQ(Value().type_name(), "null");
  EXPECT_EQ(Value("text").type_name(), "string");
  EXPECT_TRUE(Value("text").is_text()) << "not a boolean";
  EXPECT_TRUE(Value(3).is_whole());
  EXPECT_FALSE(Value(std::int64_t{0}).is_whole()) << "-0 has a sign";
  EXPECT_FALSE(Value(-3).is_whole());
  EXPECT_FALSE(Value(3.0).is_whole());
  EXPECT_EQ(Value(-3).number(), -3.0);
  EXPECT_THROW(static_cast<void>(Value(-3).whole()), std::bad_variant_access);
  EXPECT_THROW(static_cast<void>(Value("3").number()), std::bad_variant_access);
}

TEST(Value, FindsMembersOfObjectsOnly) {
  const Value object = small_object();
  ASSERT_NE(object.find("a"), nullptr);
  EXPECT_EQ(object.find("a")->whole(), 1U);
  EXPECT_EQ(object.find("c"), nullptr);
  EXPECT_EQ(Value(Array{}).find("a"), nullptr);
  EXPECT_EQ(object.size(), 2U);
  EXPECT_EQ(object.find("b")->size(), 3U);
  EXPECT_EQ(Value("four").size(), 0U);
}

TEST(Value, NumbersAreEqualHoweverTheyWereWritten) {
  EXPECT_EQ(Value(5), Value(5.0));
  EXPECT_EQ(Value(0), Value(-0.0));
  EXPECT_EQ(Value(5), Value(std::int64_t{5}));
  EXPECT_EQ(Value(std::int64_t{5}), Value(5));
  EXPECT_NE(Value(~std::uint64_t{0}), Value(-1));
  EXPECT_NE(Value(5), Value(5.5));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(0), Value());
  EXPECT_NE(Value("1"), Value(1));
  EXPECT_EQ(Value(Array{Value(1)}), Value(Array{Value(1.0)}));
  EXPECT_EQ(small_object(), small_object());
}

TEST(Write, OneLineSortedKeys) {
  EXPECT_EQ(write(small_object()), R"({"a":1,"b":[2.5,"x",null]})");
  EXPECT_EQ(write(Value(1.0)), "1.0");
  EXPECT_EQ(write(Value(-7)), "-7");
  EXPECT_EQ(write(Value(Object{})), "{}");
}

TEST(Write, EscapesAndWhatIsNoUtf8) {
  EXPECT_EQ(write(Value("\u00e9\n\"")), "\"\u00e9\\n\\\"\"");
  EXPECT_EQ(write(Value("\u00e9"), Escapes::NonAscii), R"("\u00e9")");
  EXPECT_EQ(write(Value("a\xff")), "\"a\uFFFD\"");
}

TEST(Keys, PointersAreEscapedAndBack) {
  EXPECT_EQ(join_pointer("/kv", "a/b~c"), "/kv/a~1b~0c");
  EXPECT_EQ(join_pointer("", ""), "/");
  for (const std::string token : {"a/b~c", "~1", "~", "", "/~/"})
    EXPECT_EQ(unescaped(join_pointer("", token).substr(1)), token);
  EXPECT_EQ(unescaped("~2~"), "~2~") << "no escape";
}

TEST(Keys, UnknownOnesAndTheNearest) {
  const std::vector<std::string> known = {"banks", "ports"};
  const Object object = {{"bank", 1}, {"banks", 1}, {"zzz", 1}};
  EXPECT_THAT(unknown_keys(object, known), ElementsAre("bank", "zzz"));
  constexpr std::array<std::string_view, 3> kAll = {"zzz", "bank", "banks"};
  EXPECT_THAT(unknown_keys(object, kAll), IsEmpty());
  EXPECT_EQ(nearest_key("bank", known), "banks");
  EXPECT_EQ(nearest_key("zzz", known), std::nullopt);
  const std::vector<std::string> long_one = {std::string(65, 'a')};
  EXPECT_EQ(nearest_key(std::string(64, 'a'), long_one), long_one.front());
  EXPECT_EQ(nearest_key(std::string(65, 'a'), long_one), std::nullopt) << "nobody typed that";
}

}  // namespace
}  // namespace kiln::json
