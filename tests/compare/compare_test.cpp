// Two sides by their figures and keys: what counts as moved, what comes first, and what cannot be compared. That keys
// explain figures as the simulated chip has them, tests/cli/diff_test.cpp shows.
#include "compare/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compare/flat.hpp"
#include "json/read.hpp"

namespace kiln::compare {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Compare : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const auto path = testing::TempDir() + "compare_" + name;
    std::ofstream(path) << text;
    return path;
  }
  base::Result<Comparison> compared(const std::string& a, const std::string& b) {
    return compare(write("a.json", a), write("b.json", b), environment_);
  }
  static std::vector<std::string> paths(const Comparison& comparison) {
    std::vector<std::string> all;
    for (const auto& figure : comparison.figures) all.push_back(figure.path);
    return all;
  }
  study::Environment environment_{config::Catalogue(KILN_SOURCE_DIR "/configs"), 1};
};

TEST_F(Compare, MainFiguresComeFirstThenWhatMovedMost) {
  const auto found = compared(
      R"({"command": "cost", "parts": [{"x": 1}, {"x": 2}], "kv": {"banks": 10, "capacity_tokens": 100}, "zeta": 10,
          "area_mm2": {"low": 1, "typical": 2}, "alpha": 10, "text": "a", "host": {"wall_s": 1}, "ids": [1, 2], "same": 1})",
      R"({"command": "cost", "parts": [{"x": 9}, {"x": 2}], "kv": {"banks": 11, "capacity_tokens": 101}, "zeta": 20,
          "area_mm2": {"low": 2, "typical": 3}, "alpha": 11, "text": "b", "host": {"wall_s": 2}, "ids": [1, 3], "same": 1})");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_THAT(paths(*found), ElementsAre("area_mm2.typical", "kv.capacity_tokens", "zeta", "alpha", "ids", "text",
                                         "kv.banks", "parts.0.x", "area_mm2.low"));
  EXPECT_DOUBLE_EQ(*found->figures[0].change, 1);
  EXPECT_DOUBLE_EQ(*found->figures[0].relative, 0.5);
}

TEST_F(Compare, SaysWhatOnlyOneSideHas) {
  const auto found =
      compared(R"({"command": "eval", "chip": {"perplexity": 10.5}, "old": 1, "recipe": {"name": "w4", "bits": 4}})",
               R"({"command": "eval", "chip": {"perplexity": 10.5}, "new": {"x": 1}})");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_THAT(found->only_a, ElementsAre("old"));
  EXPECT_THAT(found->only_b, ElementsAre("new.x"));
  ASSERT_EQ(found->keys.size(), 1U);
  EXPECT_EQ(found->keys[0].name, "recipe");
  EXPECT_THAT(found->keys[0].parts, ElementsAre("recipe:/bits", "recipe:/name"));
  EXPECT_FALSE(found->keys[0].b);
  EXPECT_THAT(found->not_explained, ElementsAre(HasSubstr("a document of kiln eval is not of a chip at work")));
  EXPECT_FALSE(found->equal());
}

TEST_F(Compare, EntriesWithNamesAreComparedByThem) {
  const auto found = compared(
      R"({"command": "bench", "measurements": [{"name": "decode", "rate": 8}, {"name": "prefill", "rate": 40}],
          "twice": [{"name": "x", "v": 1}, {"name": "x", "v": 2}], "some": [{"name": "x", "v": 1}, {"v": 2}]})",
      R"({"command": "bench", "measurements": [{"name": "prefill", "rate": 50}, {"name": "eval", "rate": 7}],
          "twice": [{"name": "x", "v": 1}, {"name": "x", "v": 3}], "some": [{"name": "x", "v": 4}, {"v": 2}]})");
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_THAT(paths(*found), testing::UnorderedElementsAre("measurements.prefill.rate", "twice.x#2.v", "some.0.v"));
  EXPECT_THAT(found->only_a, ElementsAre("measurements.decode.name", "measurements.decode.rate"));
  EXPECT_THAT(found->only_b, ElementsAre("measurements.eval.name", "measurements.eval.rate"));
}

TEST_F(Compare, EqualDocumentsAreEqualWhoeverMadeThem) {
  const auto found =
      compared(R"({"command": "cost", "version": "1", "git_revision": "a", "x": 1, "host": {"wall_s": 1}})",
               R"({"command": "cost", "version": "2", "git_revision": "b", "x": 1.0})");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->equal());
  EXPECT_THAT(to_text(*found, 100), HasSubstr("no figure moved, and no key of a config differs"));
}

TEST_F(Compare, RefusesWhatCannotBeCompared) {
  const auto wrong = [&](const std::string& a, const std::string& b) { return compared(a, b).error().message; };
  const std::string cost = R"({"command": "cost"})";
  EXPECT_THAT(wrong("{", cost), HasSubstr("a.json is no JSON; a document that --json wrote is expected (byte "));
  EXPECT_THAT(wrong(R"({"a": 1, "a": 2})", cost), HasSubstr("is no JSON"));
  EXPECT_THAT(wrong("[1]", cost), HasSubstr("has no /command"));
  EXPECT_THAT(wrong(cost, R"({"command": 7})"), HasSubstr("b.json has no /command"));
  EXPECT_THAT(wrong(cost, R"({"command": "bake"})"), HasSubstr("of kiln cost"));
  EXPECT_TRUE(compared(cost, R"({"command": "run"})").ok());
  const auto a = write("a.json", cost);
  EXPECT_THAT(compare(a, a + ":7", environment_).error().message,
              HasSubstr("has no points; a sweep's database or its export"));
  EXPECT_THAT(compare(a, "/nowhere:7", environment_).error().message, HasSubstr("/nowhere"));
  EXPECT_THAT(compare(a, "/nowhere:99999999999999999999", environment_).error().message, HasSubstr("cannot open"));
}

TEST_F(Compare, PointsOfExportsAreComparedByWhatWasVaried) {
  const auto file = write("e.json", R"({"command": "sweep", "points": [
    {"number": 3, "state": "done", "reason": "", "vary": {"recipe": "w4"}, "figures": {"area_mm2.typical": 10}},
    {"number": 9, "state": "infeasible", "reason": "area", "vary": {"recipe": "w8"}, "figures": {"area_mm2.typical": 20}}]})");
  const auto found = compare(file + ":3", file + ":9", environment_);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_THAT(paths(*found), ElementsAre("area_mm2.typical", "state"));
  ASSERT_EQ(found->keys.size(), 1U);
  EXPECT_EQ(found->keys[0].name, "recipe");
  EXPECT_THAT(found->not_explained, ElementsAre(HasSubstr("an export has no configs")));
  // What a sweep did not vary may differ all the same.
  for (const auto& other : {file + ":3", write("run.json", R"({"command": "run", "area_mm2": {"typical": 10},
                                            "state": "done", "chip": {"name": "c"}})")}) {
    const auto same = compare(file + ":3", other, environment_);
    ASSERT_TRUE(same.ok()) << same.error().message;
    EXPECT_TRUE(same->figures.empty() && same->keys.empty());
    EXPECT_FALSE(same->equal());
    EXPECT_THAT(same->not_explained, Contains(HasSubstr("an export has no configs")));
    const auto text = to_text(*same, 100);
    EXPECT_THAT(text, AllOf(HasSubstr("whether keys of configs differ is not known"), HasSubstr("no configs"),
                            Not(HasSubstr("no key of a config differs"))));
  }
  EXPECT_THAT(compare(file + ":3", file + ":4", environment_).error().message, HasSubstr("has no point 4"));
  // A file of that very name comes first.
  std::filesystem::copy_file(write("a.json", R"({"command": "sweep", "x": 1})"), file + ":4",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(compare(file, file + ":4", environment_).ok());
}

TEST_F(Compare, NamesFromFilesBreakNoTerminal) {
  const auto found =
      compared(R"({"command": "cost", "a\u001b[2Jb": 1, "t": "x\u0007", "long": ")" + std::string(300, 'a') + "\"}",
               R"({"command": "cost", "a\u001b[2Jb": 2, "t": "y\u0007", "long": ")" + std::string(300, 'b') + "\"}");
  ASSERT_TRUE(found.ok());
  const auto text = to_text(*found, 100);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\x07'), text.npos);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_LE(end - at, 100U) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST_F(Compare, SentencesWithTextsFromFilesBreakNoTerminal) {
  Comparison comparison;
  comparison.keys.push_back({"chip:/a\x1b[2J", json::Value(1), json::Value(2), {}, {}, "no chip is named \x1b[2J"});
  comparison.not_explained.emplace_back("no chip is named \x1b[2J");
  EXPECT_EQ(to_text(comparison, 100).find('\x1b'), std::string::npos);
}

TEST_F(Compare, PointersOfADocumentMayNotBeTooDeep) {
  const auto of = [](int clock, const std::string& pointer) {
    return R"({"command": "cost", "chip": {"name": "c", "clock_mhz": )" + std::to_string(clock) +
           R"(}, "model": {"name": "m"}, "recipe": {"name": "r"}, "users": 1, "prompt_tokens": 8,
              "generated_tokens": 8, "chip_auto": [")" +
           pointer + "\"]}";
  };
  std::string deep;
  for (int i = 0; i < 1000000; ++i) deep += "/a";
  const auto found = compared(of(400, deep), of(500, "/kv/banks"));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_THAT(found->not_explained, ElementsAre(HasSubstr("/chip_auto has /a/a/a")));
}

TEST(Flat, PutsAndTakesKeysByPointer) {
  json::Value tree = json::Object{{"kv", json::Object{{"banks", 4}}}};
  const json::Value eight(8);
  put(tree, "/kv/banks", &eight);
  put(tree, "/tile/rows~1columns", &eight);
  EXPECT_EQ(json::write(tree), R"({"kv":{"banks":8},"tile":{"rows/columns":8}})");
  put(tree, "/kv/banks", nullptr);
  EXPECT_EQ(json::write(tree), R"({"kv":{},"tile":{"rows/columns":8}})");
}

}  // namespace
}  // namespace kiln::compare
