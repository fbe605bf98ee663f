// The reader against the parser's own tree, and each kind of problem with its place.
#include "json/read.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::json {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Reading {
  std::optional<Value> value;
  std::vector<Problem> problems;
};

Reading all_of(std::string_view text, std::size_t depth = 8) {
  Reading reading;
  reading.value = read(text, depth, [&](const Problem& problem) {
    reading.problems.push_back(problem);
    return true;
  });
  return reading;
}

std::string nested(std::size_t levels, char open, char close) {
  return std::string(levels, open) + std::string(levels, close);
}

TEST(Read, GivesWhatTheParserGives) {
  for (const std::string text : {"null",
                                 "true",
                                 "0",
                                 "-0",
                                 "-7",
                                 "18446744073709551615",
                                 "18446744073709551616",
                                 "-9223372036854775808",
                                 "-9223372036854775809",
                                 "1.0",
                                 "1e2",
                                 "0.1",
                                 "2.5e-300",
                                 "\"\"",
                                 R"("\u00e9\ud83d\ude00\n")",
                                 "[]",
                                 "{}",
                                 R"([1,[2,{"a":[]}],"x"])",
                                 R"({"b":1,"a":{"c":null,"A":[false]}})",
                                 " \t\r\n[ 1 , 2 ] "}) {
    const Reading reading = all_of(text);
    ASSERT_TRUE(reading.value) << text;
    EXPECT_THAT(reading.problems, IsEmpty()) << text;
    EXPECT_EQ(write(*reading.value), nlohmann::json::parse(text).dump()) << text;
    EXPECT_EQ(reading.value->type_name(), nlohmann::json::parse(text).type_name()) << text;
    EXPECT_EQ(reading.value->is_whole(), nlohmann::json::parse(text).is_number_unsigned()) << text;
  }
}

TEST(Read, SyntaxSaysAfterHowManyBytes) {
  for (const std::string text : {"", " ", "{", "[1,]", "{\"a\" 1}", "[1] 2", "nul", "01", "+1", "\"a\nb\"", "'a'",
                                 "// c", "{\"a\":1,}", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\ud800\""}) {
    const Reading reading = all_of(text);
    EXPECT_FALSE(reading.value) << text;
    ASSERT_EQ(reading.problems.size(), 1U) << text;
    EXPECT_EQ(reading.problems[0].kind, Problem::Kind::Syntax) << text;
    EXPECT_THAT(reading.problems[0].what, testing::StartsWith("syntax error while parsing")) << text;
    try {
      const auto tree = nlohmann::json::parse(text);
      ADD_FAILURE() << "the parser takes " << text << " as " << tree;
    } catch (const nlohmann::json::parse_error& error) {
      EXPECT_EQ(reading.problems[0].byte, error.byte) << text;
    }
  }
}

TEST(Read, NumberOutsideADouble) {
  const Reading reading = all_of("[1, 1e999]");
  EXPECT_FALSE(reading.value);
  ASSERT_EQ(reading.problems.size(), 1U);
  EXPECT_EQ(reading.problems[0].kind, Problem::Kind::NumberTooLarge);
  EXPECT_EQ(reading.problems[0].what, "number overflow parsing '1e999'");
  EXPECT_EQ(reading.problems[0].byte, 9U);
}

TEST(Read, ANulEndsNoText) {
  for (const std::string before : {"{}", "[1]\n", "7", "\"a\" "}) {
    for (const auto& after : {std::string(), std::string("\n"), std::string("{\"b\":"), std::string(8, '\0')}) {
      const std::string text = before + '\0' + after;
      const Reading reading = all_of(text);
      EXPECT_FALSE(reading.value) << before << " NUL " << after;
      ASSERT_EQ(reading.problems.size(), 1U) << before << " NUL " << after;
      EXPECT_EQ(reading.problems[0].kind, Problem::Kind::Syntax);
      EXPECT_EQ(reading.problems[0].byte, before.size() + 1);
      EXPECT_THAT(reading.problems[0].what, testing::HasSubstr("unexpected NUL character"));
      EXPECT_FALSE(is_json(text)) << before << " NUL " << after;
    }
  }
  const std::string_view inside("[1,\0 2]", 8);
  EXPECT_FALSE(all_of(inside).value);
  EXPECT_FALSE(is_json(inside));
  EXPECT_FALSE(is_json(std::string_view("\"a\0b\"", 5)));
  const Reading escaped = all_of(R"("a\u0000b")");
  ASSERT_TRUE(escaped.value);
  EXPECT_EQ(escaped.value->text(), std::string("a\0b", 3));
}

TEST(Read, KeyTwice_EachWithItsPlace_TheLastCounts) {
  const Reading reading = all_of(R"({"a":1,"b":[0,{"x/y":{"k":1,"k":2}}],"a":3})");
  ASSERT_TRUE(reading.value);
  EXPECT_EQ(write(*reading.value), R"({"a":3,"b":[0,{"x/y":{"k":2}}]})");
  ASSERT_EQ(reading.problems.size(), 2U);
  EXPECT_EQ(reading.problems[0].kind, Problem::Kind::KeyTwice);
  EXPECT_EQ(reading.problems[0].what, "k");
  EXPECT_THAT(reading.problems[0].path, ElementsAre("b", "1", "x/y"));
  EXPECT_EQ(reading.problems[1].what, "a");
  EXPECT_THAT(reading.problems[1].path, IsEmpty());
}

TEST(Read, KeyTwice_SameKeyInAnotherObjectIsFine) {
  EXPECT_THAT(all_of(R"([{"a":1},{"a":{"a":2}}])").problems, IsEmpty());
  EXPECT_EQ(all_of(R"({"a":1,"\u0061":2})").problems.size(), 1U) << "however it is written";
}

TEST(Read, StopsAtTheFirstProblemIfAskedTo) {
  std::size_t seen = 0;
  const auto stop = [&](const Problem&) {
    ++seen;
    return false;
  };
  EXPECT_FALSE(read(R"({"a":1,"a":2,"a":3} x)", 8, stop));
  EXPECT_EQ(seen, 1U);
}

TEST(Read, DepthIsRefusedBeforeItIsBuilt) {
  EXPECT_TRUE(all_of(nested(3, '[', ']'), 3).value);
  const Reading reading = all_of(R"({"a":[1,[2]]})", 2);
  EXPECT_FALSE(reading.value);
  ASSERT_EQ(reading.problems.size(), 1U);
  EXPECT_EQ(reading.problems[0].kind, Problem::Kind::TooDeep);
  EXPECT_THAT(reading.problems[0].path, ElementsAre("a"));
  EXPECT_FALSE(all_of(std::string(5'000'000, '['), 64).value) << "no stack for five million levels";
}

TEST(Read, IsJsonLooksAtTheTextOnly) {
  EXPECT_TRUE(is_json(R"({"a":1,"a":2})"));
  EXPECT_TRUE(is_json(nested(1000, '[', ']')));
  EXPECT_FALSE(is_json("kv"));
  EXPECT_FALSE(is_json(""));
  EXPECT_FALSE(is_json("1e999"));
}

TEST(Read, TakesNoDepthThatWouldEndTheStack) {
  EXPECT_THROW((void)read("1", kDeepest + 1, [](const Problem&) { return false; }), base::BugError);
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    std::string text;
    for (int i = 0; i < 1000000; ++i) text += open;
    const Reading reading = all_of(text, kDeepest);
    EXPECT_FALSE(reading.value);
    ASSERT_EQ(reading.problems.size(), 1U);
    EXPECT_EQ(reading.problems[0].kind, Problem::Kind::TooDeep);
    // As deep as may be: walked by all that recurses.
    std::string deepest = std::string("1");
    for (std::size_t i = 0; i < kDeepest; ++i) deepest = open + deepest + close;
    const Reading whole = all_of(deepest, kDeepest);
    ASSERT_TRUE(whole.value);
    EXPECT_EQ(write(*whole.value), deepest);
    EXPECT_TRUE(*whole.value == Value(*whole.value));
  }
}

TEST(Read, ALongKeyInFrontOfManyProblemsIsCut) {
  std::string text = "{\"" + std::string(4 << 20, 'k') + "\":{\"a\":1";
  for (int i = 0; i < 100000; ++i) text += ",\"a\":1";  // 400 GB of paths, were they whole
  const Reading reading = all_of(text + "}}");
  ASSERT_EQ(reading.problems.size(), 100000U);
  EXPECT_LT(reading.problems.back().path.at(0).size(), 200U);
}

}  // namespace
}  // namespace kiln::json
