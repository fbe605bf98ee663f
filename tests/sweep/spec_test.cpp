// Specs and formulas: what they mean, and that each mistake has a sentence with its place.
#include "sweep/spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kiln/config/load.hpp"
#include "sweep/axes.hpp"

namespace kiln::sweep {
namespace {

using testing::HasSubstr;

double value(const std::string& text, double x = 0) {
  return Formula::parse(text).value().value([x](const std::string&) { return std::optional(x); }).value();
}

TEST(Formula, IsArithmeticAndComparisons) {
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("ceil(tile.rows / 2)", 5), 3);
  EXPECT_EQ(value("min(a, max(2, 7)) - floor(1.5)", 9), 6);
  EXPECT_EQ(value("area_mm2.typical <= 858", 858), 1);
  EXPECT_EQ(value("area_mm2.typical < 858 || a == 3", 858), 0);
  EXPECT_EQ(Formula::parse("b + a.c * b").value().names(), (std::vector<std::string>{"a.c", "b"}));
}

TEST(Formula, ADivisionBy0HasNoValueWithinAComparisonToo) {
  EXPECT_FALSE(Formula::parse("1 / (a - 3) > 5").value().value([](const std::string&) { return std::optional(3.0); }));
}

TEST(Formula, WhatMayBe0MayBeDividedBy) {
  EXPECT_EQ(value("ceil(6144 / floor(kv.banks / 8))", 64), 768);
  EXPECT_EQ(value("power_w.typical / floor(area_mm2.typical / 100) <= 1", 250), 0);
  EXPECT_FALSE(Formula::parse("ceil(6144 / floor(kv.banks / 8))").value().value([](const auto&) {
    return std::optional(7.0);
  })) << "and has no value where it is 0";
}

TEST(Formula, HasNoValueWithoutItsNamesOrByZero) {
  const auto formula = Formula::parse("a / b").value();
  EXPECT_FALSE(formula.value([](const std::string& name) { return name == "a" ? std::optional(1.0) : std::nullopt; }));
  EXPECT_FALSE(formula.value([](const std::string& name) { return std::optional(name == "a" ? 1.0 : 0.0); }));
}

TEST(Spec, ManySettingsAndLongNamesAreReadInTimeThatGrowsWithThem) {
  json::Array settings;
  for (int i = 0; i < 20000; ++i) settings.emplace_back("tech:/x" + std::to_string(i) + "=1");
  settings.emplace_back("kv.banks=3");
  json::Object vary;
  for (const auto& key : config::key_pointers("tech")) vary.emplace("tech:" + key + "/typical", json::Array{1});
  const auto spec = [&] {
    return parse_spec(
        json::write(json::Object{{"version", 1},
                                 {"base", json::Object{{"chip", "demo"}, {"model", "m"}, {"set", settings}}},
                                 {"vary", vary},
                                 {"sample", json::Object{{"method", "grid"}}}}),
        "s");
  };
  (void)spec();
  vary = {{"chip:/kv", json::Array{1}}};
  EXPECT_THAT(spec().error().message, HasSubstr("takes the effect from kv.banks=3"));
  vary = {{"chip:/" + std::string(10 << 20, 'k'), json::Array{1}}};
  const auto error = spec().error().message;
  EXPECT_THAT(error, HasSubstr("is not a key of a chip"));
  EXPECT_LT(error.size(), 300U);
}

TEST(Formula, SaysWhatIsWrong) {
  for (const std::string text : {"", "  ", "a +", "(a", "a b", "f(1)", "a = 3", "\"a\"", "1 2", "a, b", "1 <= a <= 10",
                                 "a ^ 2", "a ? 1 : 2", "sin(1)", "sum(1, 2)", "min()", "!a", "1 / (2 - 2)"})
    EXPECT_THAT(Formula::parse(text).error().message, HasSubstr("is no formula")) << text;
  EXPECT_THAT(Formula::parse("a = 3").error().message, HasSubstr("\"==\" compares"));
  EXPECT_FALSE(Formula::parse(std::string(100000, '(')).ok());
}

std::vector<json::Value> numbers(std::initializer_list<int> list) {
  std::vector<json::Value> values;
  for (const int each : list) values.emplace_back(each);
  return values;
}

/// A spec with `members` besides the usual ones.
std::string spec(const std::string& vary, const std::string& sample = R"({"method": "grid"})",
                 const std::string& more = "",
                 const std::string& base = R"("chip": "demo", "model": "kiln-stories-1m")") {
  return R"({"version": 1, "base": {)" + base + R"(}, "vary": )" + vary + R"(, "sample": )" + sample + more + "}";
}

std::string sentence(const std::string& text) {
  const auto parsed = parse_spec(text, "s.json");
  return parsed.ok() ? "" : parsed.error().message;
}

TEST(Spec, HoldsWhatItSays) {
  const auto parsed =
      parse_spec(spec(R"({"chip:/kv/banks": {"from": 8, "to": 64, "factor": 2}, "chip:/tile/rows": "64 * 2",
               "chip:/clock_mhz": {"from": 400, "to": 600, "step": 100}, "recipe": ["w4", "w8"]})",
                      R"({"method": "grid"})",
                      R"(, "links": "auto", "engine": "simulate", "constraints": ["verdict.buildable"],
               "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}])"),
                 "s.json");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_TRUE(parsed->automatic_links);
  EXPECT_EQ(parsed->engine, Engine::Simulate);
  ASSERT_EQ(parsed->axes.size(), 4U);
  EXPECT_EQ(parsed->axes[0].values, numbers({400, 500, 600}));
  EXPECT_EQ(parsed->axes[1].values, numbers({8, 16, 32, 64}));
  EXPECT_TRUE(parsed->axes[2].formula);
  EXPECT_EQ(parsed->axes[3].kind, "recipe");
  EXPECT_EQ(parsed->constraints.size(), 1U);
}

TEST(Spec, RangesEndWhereTheySay) {
  const auto values = [](const std::string& range) {
    return parse_spec(spec("{\"tech:/wafer_usd/typical\": " + range + "}"), "s").value().axes[0].values;
  };
  EXPECT_EQ(values(R"({"from": 0.1, "to": 0.5, "step": 0.1})").size(), 5U);
  EXPECT_EQ(values(R"({"from": 1, "to": 1000, "count": 4, "scale": "log"})"), numbers({1, 10, 100, 1000}));
  const auto reals = [](std::initializer_list<double> list) {
    return std::vector<json::Value>(list.begin(), list.end());
  };
  const auto whole = [](const std::string& range) {
    return parse_spec(spec("{\"chip:/kv/banks\": " + range + "}"), "s").value().axes[0].values;
  };
  EXPECT_EQ(whole(R"({"from": 1, "to": 2, "count": 5})"), numbers({1, 2})) << "whole, each once";
  EXPECT_EQ(whole(R"({"from": 8, "to": 64, "count": 4, "scale": "log"})"), numbers({8, 16, 32, 64}));
  EXPECT_EQ(values(R"({"from": 1, "to": 2, "count": 5})"), reals({1, 1.25, 1.5, 1.75, 2})) << "none is lost";
  EXPECT_EQ(values(R"({"from": 1, "to": 2, "factor": 1.2})"), reals({1, 1.2, 1.44, 1.728}));
  EXPECT_EQ(values(R"({"from": 800, "to": 1200, "count": 3})"), numbers({800, 1000, 1200}));
  EXPECT_EQ(json::write(json::Array(values(R"({"from": 0, "to": 0.7, "step": 0.1})"))),
            "[0,0.1,0.2,0.3,0.4,0.5,0.6,0.7]");
  EXPECT_EQ(json::write(values(R"({"from": -100, "to": 1, "step": 0.1})").at(1001)), "0.1");
  EXPECT_EQ(values(R"({"from": 7, "to": 7, "step": 1})"), numbers({7}));
  EXPECT_EQ(values(R"({"from": 1e300, "to": 1e300, "step": 1})").size(), 1U);
  EXPECT_EQ(values(R"({"from": -2000, "to": -1000, "step": 500})").size(), 3U);
  EXPECT_EQ(values(R"({"from": 2, "to": 16, "factor": 2})"), numbers({2, 4, 8, 16}));
}

TEST(Spec, EachMistakeHasASentence) {
  const std::string good = R"({"chip:/kv/banks": [8]})";
  ASSERT_EQ(sentence(spec(good)), "");
  const auto wrong = [](const std::string& text, const std::string& part) {
    EXPECT_THAT(sentence(text), HasSubstr(part)) << text;
  };
  wrong("{", "s.json: byte 2: not JSON");
  wrong("[]", "an object is expected");
  wrong(R"({"version": 2})", "/version is 2; an integer from 1 to 1 is expected");
  wrong(spec(good, R"({"method": "grid"})", R"(, "objective": [])"),
        "/objective is not a known key; did you mean objectives?");
  wrong(spec(good, R"({"method": "grid", "points": 3})"), "/sample/points is not a known key");
  wrong(spec(good, R"({"method": "random"})"), "/sample/points is missing");
  wrong(spec(good, R"({"method": "adaptive"})"), "/sample/points is missing");
  wrong(spec(good, R"({"method": "adaptive", "points": 2})"), "/objectives is expected");
  wrong(spec(good, R"({"method": "mesh"})"), "one of grid, list");
  wrong(spec(good, R"({"method": "one_at_a_time", "change": 10})"), "/sample/change has no effect");
  wrong(spec(R"({})"), "/vary: an object with at least one axis");
  wrong(spec(R"({"chip:/kv/banks": []})"), "a list with at least one value");
  wrong(spec(R"({"chip:/kv/banks": [8, 8]})"), "has 8 twice");
  wrong(spec(R"({"chip:/kv/bank": [8]})"), "is not a key of a chip; did you mean /kv/banks?");
  wrong(spec(R"({"kv.banks": [8]})"), "is no axis");
  wrong(spec(R"({"chip:/kv/banks": {"from": 9, "to": 8, "step": 1}})"), "the range is empty");
  wrong(spec(R"({"chip:/kv/banks": {"from": 8, "to": 9}})"), "/step is missing");
  wrong(spec(R"({"chip:/kv/banks": {"from": 8, "to": 9, "step": 1, "factor": 2}})"), "one of step, factor and count");
  wrong(spec(R"({"chip:/kv/banks": {"from": 1, "to": 1e12, "step": 1}})"), "makes more than 1000000 values");
  wrong(spec(R"({"chip:/kv/banks": {"from": 1, "to": 9, "factor": 1.0000000001}})"), "makes more than 1000000 values");
  std::string many;
  for (const auto& key : config::whole_key_pointers("chip"))
    many += (many.empty() ? "\"chip:" : ", \"chip:") + key + R"(": {"from": 1, "to": 1e9, "count": 1000000})";
  wrong(spec("{" + many + "}"), "makes more than 2000000 values of all axes together");
  wrong(spec(R"({"chip:/kv/banks": {"from": -1.7e308, "to": 1.7e308, "count": 3}})"), "no number says how far");
  wrong(spec(R"({"economics:/wafer_usd/typical": [1]})"), "is not a key of a economics");
  wrong(spec(good, R"({"method": "grid"})", R"(, "constraints": ["1 < 2"])"), "/constraints/0: 1 < 2 names no figure");
  wrong(spec(good, R"({"method": "grid"})", R"(, "links": "auto")",
             R"("chip": "demo", "model": "m", "set": ["link.tree_to_vector=2"])"),
        "has no effect: /links is auto");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo", "model": "m", "set": ["gpu:x=2"])"),
        "has no effect");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo", "rom": "r", "set": ["model:/vocab_size=2"])"),
        "has no effect: the ROM image");
  wrong(spec(R"({"chip:/kv/banks": "tile.rows * 2"})"), "uses tile.rows, which is no other axis");
  wrong(spec(R"({"model": {"from": 1, "to": 2, "step": 1}})"), "a list of names is expected");
  wrong(spec(R"({"chip:/link/tree_to_vector": [1]})", R"({"method": "grid"})", R"(, "links": "auto")"),
        "has no effect: /links is auto");
  wrong(spec(good, R"({"method": "grid"})", R"(, "links": "config")"), "/links is \"config\"; auto is expected");
  wrong(spec(good, R"({"method": "grid"})", R"(, "constraints": ["area_mm2.typical <="])"), "/constraints/0");
  wrong(spec(good, R"({"method": "grid"})", R"(, "objectives": [{"figure": "x"}])"),
        "/objectives/0/direction is missing");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo")"), "/base/model is missing");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo", "model": "m", "users": 2)"),
        "answers one user alone");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo", "model": "m", "set": ["kv.banks=4"])"),
        "takes the effect from kv.banks=4");
  wrong(spec(good, R"({"method": "grid"})", "", R"("chip": "demo", "rom": "r", "recipe": "w4")"),
        "/base/recipe has no effect");
  wrong(spec(R"({"recipe": ["w4"]})", R"({"method": "grid"})", "", R"("chip": "demo", "rom": "r")"),
        "has no effect: the ROM image");
}

std::string accuracy(const std::string& members, const std::string& base = R"("chip": "demo", "checkpoint": "c")") {
  return spec(R"({"chip:/kv/banks": [8]})", R"({"method": "grid"})", "", base + R"(, "accuracy": )" + members);
}

TEST(Spec, HasACheckpointAndWhatIsMeasured) {
  const auto parsed = parse_spec(accuracy(R"({"text": "t", "context": 64, "chunks": 8})"), "s").value();
  EXPECT_EQ(parsed.base.checkpoint, "c");
  EXPECT_EQ(parsed.base.accuracy->checkpoint, "c");
  EXPECT_EQ(parsed.base.accuracy->text, "t");
  EXPECT_EQ(parsed.base.accuracy->context, 64U);
  EXPECT_EQ(parsed.base.accuracy->chunks, 8U);
  const auto other = parse_spec(accuracy(R"({"checkpoint": "d", "tokens": "t"})"), "s").value();
  EXPECT_EQ(other.base.accuracy->checkpoint, "d");
  EXPECT_FALSE(other.base.accuracy->context);
}

TEST(Spec, EachMistakeInWhatIsMeasuredHasASentence) {
  const auto wrong = [](const std::string& text, const std::string& part) {
    EXPECT_THAT(sentence(text), HasSubstr(part)) << text;
  };
  const std::string grid = R"({"method": "grid"})", text = R"({"text": "t"})";
  ASSERT_EQ(sentence(accuracy(text)), "");
  wrong(accuracy("7"), "/base/accuracy is 7; an object is expected");
  wrong(accuracy("{}"), "/base/accuracy/text is missing; the file of a text is expected");
  wrong(accuracy(R"({"text": "t", "tokens": "u"})"), "/base/accuracy/tokens is beside text");
  wrong(accuracy(R"({"text": "t", "chunk": 3})"), "/base/accuracy/chunk is not a known key; did you mean chunks?");
  wrong(accuracy(R"({"text": "t", "chunks": 0})"), "/base/accuracy/chunks is 0");
  wrong(accuracy(R"({"text": "t", "context": 3})"), "/base/accuracy/context is 3; an integer from 4 to 1048576");
  wrong(accuracy(text, R"("chip": "demo", "model": "m")"), "/base/accuracy/checkpoint is missing");
  wrong(accuracy(R"({"text": "t", "checkpoint": "c"})", R"("chip": "demo", "rom": "r")"),
        "/base/accuracy has no effect: no recipe is baked beside a ROM image");
  wrong(accuracy(text, R"("chip": "demo", "checkpoint": "c", "model": "m")"), "/base/checkpoint is beside model");
  wrong(accuracy(text, R"("chip": "demo", "checkpoint": "c", "rom": "r")"), "/base/checkpoint is beside rom");
  wrong(accuracy(text, R"("chip": "demo", "checkpoint": "c", "set": ["model:/vocab_size=2"])"),
        "has no effect: the checkpoint says what it is");
  const std::string checkpoint = R"("chip": "demo", "checkpoint": "c")";
  EXPECT_EQ(sentence(spec(R"({"recipe": ["w4"], "recipe:/base/bits": [3]})", grid, "", checkpoint)), "");
  for (const std::string axis : {R"("model": ["m"])", R"("model:/vocab_size": [8])"})
    wrong(spec("{" + axis + "}", grid, "", checkpoint), "has no effect: the checkpoint says what it is");
}

}  // namespace
}  // namespace kiln::sweep
