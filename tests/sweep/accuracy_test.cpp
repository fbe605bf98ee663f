// Accuracy as figures of points: each recipe is measured once whatever chips it is on, found again, and what it depends
// on is in its key.
#include "sweep/accuracy.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "kiln/study/evaluate.hpp"
#include "report/figures.hpp"
#include "study/images.hpp"
#include "support/study_test.hpp"
#include "sweep/accuracy_file.hpp"

namespace kiln::sweep {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kStories = KILN_SOURCE_DIR "/models/kiln-stories-1m";

class SweepAccuracy : public test::StudyTest {
 protected:
  void SetUp() override {
    StudyTest::SetUp();
    std::filesystem::create_directories(path("parts"));
    std::string ids;
    for (int i = 0; i < 40; ++i) ids += std::to_string(i * 7 % 100) + " ";
    write("ids", ids);
    environment_.progress.report = [this](std::string_view what, std::uint64_t, std::uint64_t) { told_.emplace(what); };
  }
  /// Of a tiny model whose text is `ids`, with `more` in what is measured.
  [[nodiscard]] base::Result<Plan> planned(const std::string& vary, const std::string& more = R"("context": 8)",
                                           const std::string& ids = "ids", const std::string& checkpoint = "") {
    return plan_of(R"({"version": 1, "base": {"chip": "demo", "checkpoint": ")" + tiny() +
                       R"(", "prompt_tokens": 8, "new_tokens": 8, "accuracy": {"tokens": ")" + path(ids) + "\"" +
                       (checkpoint.empty() ? "" : R"(, "checkpoint": ")" + checkpoint + "\"") +
                       (more.empty() ? "" : ", " + more) + R"(}}, "vary": )" + vary +
                       R"(, "sample": {"method": "grid"}, "constraints": ["top1_agreement <= 1"]})",
                   "s.json", environment_);
  }
  [[nodiscard]] Plan plan(const std::string& vary, const std::string& more = R"("context": 8)") {
    auto made = planned(vary, more);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *std::move(made);
  }
  [[nodiscard]] static std::vector<std::uint64_t> all(const Plan& plan) {
    std::vector<std::uint64_t> numbers(plan.resolver->points().size());
    std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
    return numbers;
  }
  void measure_all(const Plan& plan, Database* database = nullptr, std::vector<std::string> others = {}) {
    told_.clear();
    const auto good = measure(plan, all(plan), {path("parts"), database, std::move(others)}, environment_);
    EXPECT_TRUE(good.ok()) << good.error().message;
  }
  /// How many recipes were baked since.
  [[nodiscard]] std::size_t bakes() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(told_, [](const std::string& what) { return what.ends_with(": baking"); }));
  }
  [[nodiscard]] std::set<std::string> files(const std::string& ending) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path("parts")))
      if (entry.path().string().ends_with(ending)) names.insert(entry.path().filename().string());
    return names;
  }
  std::set<std::string> told_;
};

TEST_F(SweepAccuracy, ARecipeIsMeasuredOnceWhateverChipsItIsOn) {
  const auto made = plan(R"({"chip:/clock_mhz": [400, 450, 500], "recipe": ["w4", "w8"]})");
  measure_all(made);
  EXPECT_EQ(bakes(), 2U);
  EXPECT_THAT(told_, testing::Contains("recipe 1 of 2 (w4): baking"));
  EXPECT_THAT(told_, testing::Contains("recipe 2 of 2 (w8): evaluating"));
  EXPECT_EQ(files(".json").size(), 2U);
  EXPECT_TRUE(files(".rom").empty()) << "an image is gone with its evaluation";
  std::set<double> bits;
  for (const auto number : all(made)) {
    const auto found = evaluate(*made.spec, *made.resolver, number, false, environment_);
    ASSERT_EQ(found.state, State::Done) << found.reason;
    bits.insert(number_of(found.figures, "bits_per_weight").value());
  }
  EXPECT_EQ(bits.size(), 2U);
}

TEST_F(SweepAccuracy, TheFiguresAreThoseOfBakeAndEval) {
  const auto made = plan(R"({"recipe:/classes/down/bits": [3, 6]})", R"("context": 8, "chunks": 3)");
  measure_all(made);
  for (const auto number : all(made)) {
    const auto recipe = made.resolver->recipe(made.resolver->points()[number]).value();
    const auto checkpoint = study::open_checkpoint(tiny(), environment_.configs()).value();
    const auto baked = study::bake(*checkpoint, recipe, path("own.rom"), environment_).value();
    study::EvaluateQuestion question;
    question.rom = path("own.rom");
    question.checkpoint = tiny();
    question.tokens = path("ids");
    question.context = 8;
    question.chunks = 3;
    const auto evaluated = study::evaluate(question, environment_).value().evaluation;
    const auto found = evaluate(*made.spec, *made.resolver, number, true, environment_);
    ASSERT_EQ(found.state, State::Done) << found.reason;
    const auto figure = [&](const std::string& name) { return number_of(found.figures, name).value(); };
    EXPECT_EQ(figure("perplexity"), evaluated.chip->perplexity);
    EXPECT_EQ(figure("mean_nll"), evaluated.chip->mean_nll);
    EXPECT_EQ(figure("kl_divergence"), evaluated.agreement->mean_kl);
    EXPECT_EQ(figure("kl_divergence_max"), evaluated.agreement->max_kl);
    EXPECT_EQ(figure("top1_agreement"), evaluated.agreement->top1);
    EXPECT_EQ(figure("perplexity_ratio"), evaluated.agreement->perplexity_ratio);
    EXPECT_EQ(figure("scored_tokens"), 3 * 3);
    EXPECT_EQ(figure("bits_per_weight"), baked.report.bits_per_weight);
  }
}

/// No figure of a run has the name of one that is measured, and what a run says of measurements elsewhere gives way.
TEST_F(SweepAccuracy, NoFigureOfARunIsHidden) {
  const auto made = plan(R"({"recipe": ["w4"]})");
  auto spec = *made.spec;
  spec.engine = Engine::Simulate;
  const auto without = evaluate(spec, *made.resolver, 0, false, environment_);
  EXPECT_EQ(without.state, State::Failed) << "the constraint names what nobody measured";
  measure_all(made);
  const auto with = evaluate(spec, *made.resolver, 0, false, environment_);
  ASSERT_EQ(with.state, State::Done) << with.reason;
  const auto measured = *made.resolver->accuracy(needed_recipes(made, {0}).front().key);
  for (const auto& [path, value] : measured) EXPECT_FALSE(without.figures.contains(path)) << path;
  EXPECT_TRUE(without.figures.contains("accuracy"));
  EXPECT_FALSE(with.figures.contains("accuracy"));
  EXPECT_EQ(with.figures.size(), without.figures.size() - 1 + measured.size());
}

TEST_F(SweepAccuracy, WhatIsStoredIsNotMeasuredAgain) {
  const std::string vary = R"({"chip:/clock_mhz": [400, 500], "recipe": ["w4", "w8"]})";
  measure_all(plan(vary));
  const auto again = plan(vary);
  measure_all(again);
  EXPECT_EQ(bakes(), 0U);
  EXPECT_TRUE(take_stored(again, all(again), path("parts")).ok());
  // Half of them is there, as after a kill.
  std::filesystem::remove(path("parts/" + *files(".json").begin()));
  EXPECT_THAT(take_stored(again, all(again), path("parts")).error().message, HasSubstr("is missing"));
  const auto half = plan(vary);
  measure_all(half);
  EXPECT_EQ(bakes(), 1U);
  // What a full disk left is none.
  std::filesystem::resize_file(path("parts/" + *files(".json").begin()), 10);
  measure_all(plan(vary));
  EXPECT_EQ(bakes(), 1U);
}

TEST_F(SweepAccuracy, TheDatabaseKeepsItForSweepsToCome) {
  const auto first = plan(R"({"chip:/clock_mhz": [400], "recipe": ["w4"]})");
  auto database = Database::create(path("r.db"), first.record, first.rows()).value();
  measure_all(first, &database);
  std::filesystem::remove_all(path("parts"));
  std::filesystem::create_directories(path("parts"));
  const auto more = plan(R"({"chip:/clock_mhz": [400, 500], "recipe": ["w4", "w8"]})");
  measure_all(more, &database);
  EXPECT_EQ(bakes(), 1U);
  EXPECT_EQ(files(".json").size(), 2U) << "workers find all";
  EXPECT_FALSE(database.accuracy("none").value());
  // Another sweep may reuse it.
  std::filesystem::remove_all(path("parts"));
  std::filesystem::create_directories(path("parts"));
  measure_all(plan(R"({"chip:/clock_mhz": [300], "recipe": ["w2", "w4", "w8"]})"), nullptr, {path("r.db")});
  EXPECT_EQ(bakes(), 1U);
}

TEST_F(SweepAccuracy, TheKeyHasWhatChangesValuesAndNothingElse) {
  write("other", test::StudyTest::path("ids"));
  std::filesystem::copy_file(path("ids"), path("copy"));
  std::ofstream(path("other"), std::ios::trunc) << "1 2 3 4 5 6 7 8 9 10";
  const auto key = [&](const base::Result<Plan>& of) {
    EXPECT_TRUE(of.ok()) << of.error().message;
    return of->resolver->resolve(0, of->resolver->points()[0]).value().accuracy_key;
  };
  const std::string w4 = R"({"recipe": ["w4"]})", context = R"("context": 8)";
  const auto own = key(planned(w4));
  EXPECT_EQ(own.size(), 32U);
  EXPECT_EQ(key(planned(R"({"chip": ["demo-bit-serial"], "chip:/kv/banks": [64], "recipe": ["w4"]})")), own);
  EXPECT_EQ(key(planned(w4, context, "copy")), own);
  auto formats = shipped().recipe("w4").value();
  formats.name = "another name";
  const auto named = write("mine.json", config::to_json(formats));
  EXPECT_EQ(key(planned(R"({"recipe": [")" + named + "\"]}")), own);
  std::set<std::string> keys = {own,
                                key(planned(R"({"recipe": ["w8"]})")),
                                key(planned(w4, R"("context": 10)")),
                                key(planned(w4, R"("context": 8, "chunks": 2)")),
                                key(planned(w4, context, "other")),
                                key(planned(w4, context, "ids", "synthetic:" + path("tiny.json") + ":8")),
                                key(planned(R"({"recipe:/classes/q/bits": [8]})"))};
  EXPECT_EQ(keys.size(), 7U);
}

TEST_F(SweepAccuracy, APointsKeyHasThatOfItsAccuracy) {
  const auto key = [](const Plan& of) { return of.resolver->key_of(0); };
  EXPECT_NE(key(plan(R"({"recipe": ["w4"]})")), key(plan(R"({"recipe": ["w4"]})", R"("context": 10)")));
}

TEST_F(SweepAccuracy, OneProcessMeasuresAndTheOthersWait) {
  std::ofstream(path("parts/accuracy-k.host.1.rom")) << "of one that was killed";
  auto turn = AccuracyTurn::take(path("parts"), "k");
  ASSERT_TRUE(turn);
  EXPECT_TRUE(files(".rom").empty());
  EXPECT_FALSE(AccuracyTurn::take(path("parts"), "k"));
  EXPECT_TRUE(AccuracyTurn::take(path("parts"), "l"));
  std::ofstream(turn->image()) << "x";
  turn.reset();
  EXPECT_TRUE(files(".rom").empty());
  EXPECT_TRUE(AccuracyTurn::take(path("parts"), "k"));
}

TEST_F(SweepAccuracy, TheFirstToStoreWins) {
  EXPECT_EQ(store_accuracy(path("parts"), "k", {{"a", 1.5}}).value(), (json::Object{{"a", 1.5}}));
  EXPECT_EQ(store_accuracy(path("parts"), "k", {{"a", 2.5}}).value(), (json::Object{{"a", 1.5}}));
  EXPECT_EQ(stored_accuracy(path("parts"), "k"), (json::Object{{"a", 1.5}}));
  EXPECT_EQ(stored_accuracies(path("parts")).size(), 1U);
  EXPECT_EQ(files("").size(), 1U) << "and nothing else is left";
  EXPECT_THAT(store_accuracy(path("none"), "k", {}).error().message, HasSubstr("none"));
}

TEST_F(SweepAccuracy, AStopIsNoErrorAndLeavesNoImage) {
  std::stop_source stop;
  environment_.progress.stop = stop.get_token();
  environment_.progress.report = [&](std::string_view what, std::uint64_t, std::uint64_t) {
    if (what.ends_with(": evaluating")) stop.request_stop();
  };
  const auto made = plan(R"({"recipe": ["w4", "w8"]})");
  EXPECT_TRUE(measure(made, all(made), {path("parts"), nullptr, {}}, environment_).ok());
  EXPECT_TRUE(files(".json").empty());
  EXPECT_TRUE(files(".rom").empty());
}

TEST_F(SweepAccuracy, BadInputIsASentenceBeforeAnythingIsBaked) {
  const auto refused = [&](const base::Result<Plan>& made) {
    if (!made) return made.error().message;
    const auto checked = check_accuracy(*made, environment_);
    return checked ? std::string() : checked.error().message;
  };
  const std::string w4 = R"({"recipe": ["w4"]})";
  EXPECT_EQ(refused(planned(w4)), "");
  EXPECT_THAT(refused(planned(w4, "", "nothing")), HasSubstr("s.json: /base/accuracy/tokens: "));
  EXPECT_THAT(refused(planned(w4, "", "ids", "/nowhere/c")), HasSubstr("s.json: /base/accuracy/checkpoint: "));
  EXPECT_THAT(refused(planned(w4, R"("context": 8, "chunks": 6)")), HasSubstr("/base/accuracy/chunks is 6; "));
  EXPECT_THAT(refused(planned(w4, R"("context": 8, "chunks": 6)")), HasSubstr("has 5 chunks of 8 tokens"));
  EXPECT_THAT(refused(planned(w4, R"("context": 41)")), HasSubstr("/base/accuracy: "));
  write("bad", "1 2 x");
  EXPECT_THAT(refused(planned(w4, "", "bad")), HasSubstr("byte 4: token ids"));
  EXPECT_TRUE(files("").empty());
}

/// What is measured may be another model than what is timed.
TEST_F(SweepAccuracy, TheCheckpointMayHaveOtherShapes) {
  const auto made = plan_of(R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
    "new_tokens": 8, "accuracy": {"checkpoint": ")" +
                                tiny() + R"(", "tokens": ")" + path("ids") + R"("}},
    "vary": {"recipe": ["w4", "w9"]}, "sample": {"method": "grid"}})",
                            "s.json", environment_);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("w9"));
  const auto good = plan_of(R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
    "new_tokens": 8, "accuracy": {"checkpoint": ")" +
                                tiny() + R"(", "tokens": ")" + path("ids") + R"("}},
    "vary": {"recipe:/classes/down/bits": [4, 5]}, "sample": {"method": "grid"}})",
                            "s.json", environment_);
  ASSERT_TRUE(good.ok()) << good.error().message;
  measure_all(*good);
  EXPECT_EQ(bakes(), 1U) << "a recipe that is none is its points' business";
  EXPECT_EQ(evaluate(*good->spec, *good->resolver, 0, false, environment_).state, State::Done);
  EXPECT_EQ(evaluate(*good->spec, *good->resolver, 1, false, environment_).state, State::Infeasible);
}

TEST_F(SweepAccuracy, ACheckpointGivesTheShapesOfThePoints) {
  const auto of = [&](const std::string& base) {
    auto made = plan_of(R"({"version": 1, "base": {"chip": "demo", )" + base +
                            R"(, "prompt_tokens": 8, "new_tokens": 8}, "vary": {"recipe": ["w4"]},
                            "sample": {"method": "grid"}})",
                        "s.json", environment_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    auto found = evaluate(*made->spec, *made->resolver, 0, false, environment_);
    EXPECT_EQ(found.state, State::Done) << found.reason;
    EXPECT_FALSE(found.figures.contains("perplexity"));
    return std::pair(found.figures, made->rows().front().command);
  };
  const auto checkpoint = of(R"("checkpoint": ")" + kStories + "\"");
  EXPECT_EQ(checkpoint.first, of(R"("model": "kiln-stories-1m")").first);
  EXPECT_THAT(checkpoint.second, HasSubstr("kiln run --model " + kStories + " --recipe w4 --chip demo"));
}

}  // namespace
}  // namespace kiln::sweep
