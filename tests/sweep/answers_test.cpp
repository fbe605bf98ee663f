// Lines of workers, the database, and points as both engines answer them.
#include "sweep/answers.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <thread>

#include "extend/digit_serial.hpp"
#include "json/read.hpp"
#include "support/study_test.hpp"
#include "sweep/plan.hpp"
#include "sweep/worker_file.hpp"
#include "sweep/workers.hpp"

namespace kiln::sweep {
namespace {

using testing::HasSubstr;

class SweepAnswers : public test::StudyTest {
 protected:
  [[nodiscard]] Plan plan(const std::string& vary, const std::string& more = "") {
    auto made = plan_of(R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
                            "new_tokens": 8}, "vary": )" +
                            vary + R"(, "sample": {"method": "grid"})" + more + "}",
                        "s.json", environment_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *std::move(made);
  }
};

Outcome outcome(std::uint64_t number) {
  return {number, "k", State::Done, "", {{"a.b", 1.5}, {"c", std::uint64_t{7}}, {"d", true}, {"e", "x"}}, false};
}

TEST_F(SweepAnswers, AnOutcomeIsALine) {
  const auto again = from_line(to_line(outcome(3)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number, 3U);
  EXPECT_EQ(again->state, State::Done);
  EXPECT_EQ(again->figures, outcome(3).figures);
  const auto whole = to_line(outcome(3));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(from_line(whole.substr(0, size))) << size;
}

TEST_F(SweepAnswers, HalfALineIsPassedOverAndTheRestIsRead) {
  const auto file = path("w.jsonl");
  {
    auto worker = WorkerFile::append_to(file);
    ASSERT_TRUE(worker.ok());
    ASSERT_TRUE(worker->add(outcome(0)).ok());
  }
  // Killed within a line; goes on later.
  std::ofstream(file, std::ios::app) << to_line(outcome(1)).substr(0, 20);
  {
    auto worker = WorkerFile::append_to(file);
    ASSERT_TRUE(worker->add(outcome(2)).ok());
  }
  std::uint64_t from = 0;
  std::vector<std::uint64_t> bad, numbers;
  const auto note = [&](std::uint64_t byte) { bad.push_back(byte); };
  const auto read = read_outcomes(file, from, note).value();
  for (const auto& each : read) numbers.push_back(each.number);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{0, 2}));
  EXPECT_EQ(bad.size(), 1U);
  EXPECT_EQ(from, std::filesystem::file_size(file));
  EXPECT_TRUE(read_outcomes(file, from, note).value().empty()) << "nothing new";
}

TEST_F(SweepAnswers, AWorkerThatBeginsWhileItsFileIsGatheredWritesANewOne) {
  const auto file = write("w.jsonl", to_line(outcome(0)) + "\n");
  auto hold = std::make_unique<FileHold>(file);
  EXPECT_TRUE(hold->held());
  EXPECT_TRUE(in_use(file));
  std::thread late([&] {
    auto worker = WorkerFile::append_to(file);
    ASSERT_TRUE(worker.ok()) << worker.error().message;
    EXPECT_FALSE(FileHold(file).held());
    EXPECT_TRUE(worker->add(outcome(1)).ok());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::filesystem::remove(file);
  hold.reset();
  late.join();
  std::uint64_t from = 0;
  const auto read = read_outcomes(file, from, [](std::uint64_t) {}).value();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].number, 1U);
  EXPECT_TRUE(lock_unless_held(-1, true)) << "where there are no locks, nobody has one";
}

TEST_F(SweepAnswers, AWorkerSaidItsLastErrorOrItsFirstLine) {
  EXPECT_EQ(said_in(path("none.log")), "");
  EXPECT_EQ(said_in(write("a.log", "Killed\nby whom\n")), "Killed");
  std::string warnings;
  for (int i = 0; i < 10000; ++i) warnings += "kiln: warning: one of many\n";
  EXPECT_EQ(said_in(write("b.log", warnings + "kiln: error: first\nkiln: error: last\n" + warnings)), "last");
}

TEST_F(SweepAnswers, ADatabaseKeepsWhatItIsGiven) {
  const auto made = plan(R"({"chip:/kv/banks": [32, 64]})");
  {
    auto database = Database::create(path("r.db"), made.record, made.rows());
    ASSERT_TRUE(database.ok()) << database.error().message;
    ASSERT_TRUE(database->put({outcome(1)}).ok());
  }
  EXPECT_FALSE(Database::create(path("r.db"), made.record, made.rows()).ok());
  const auto database = Database::open(path("r.db"));
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(database->record().value(), made.record);
  std::vector<Row> rows;
  ASSERT_TRUE(database
                  ->for_each([&](Row&& row) {
                    rows.push_back(std::move(row));
                    return true;
                  })
                  .ok());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].outcome.state, State::Interrupted);
  EXPECT_EQ(rows[1].outcome.figures, outcome(1).figures);
  EXPECT_EQ(*rows[1].vary.find("chip:/kv/banks"), json::Value(64));
  EXPECT_THAT(rows[1].command, HasSubstr("kiln run --model kiln-stories-1m"));
}

TEST_F(SweepAnswers, TheHashOfAnExportHoldsOnEveryMachine) {
  const auto summary = [&](const std::string& vary, Outcome answer) {
    const auto made = plan(vary);
    std::filesystem::remove(path("h.db"));
    auto database = Database::create(path("h.db"), made.record, made.rows()).value();
    EXPECT_TRUE(database.put({answer}).ok());
    std::string text;
    const auto add = [&](std::string_view piece) {
      text += piece;
      return base::Status{};
    };
    EXPECT_TRUE(export_json(database, add).ok());
    const auto tree = json::read(text, 16, [](const json::Problem&) { return false; }).value();
    return std::pair{tree.find("summary")->find("hash")->text(), tree.find("summary")->find("spec_hash")->text()};
  };
  const std::string vary = R"({"chip:/kv/banks": [32]})";
  auto first = outcome(0), other = outcome(0);
  first.reason = "kl_divergence < 0.5 does not hold: 0.50000001";
  other.reason = "kl_divergence < 0.5 does not hold: 0.50000002";
  for (const char* figure : {"kl_divergence", "kl_divergence_max", "perplexity_ratio", "top1_agreement"}) {
    first.figures[figure] = 0.50000001;
    other.figures[figure] = 0.50000002;
  }
  EXPECT_EQ(summary(vary, first), summary(vary, other));
  other.figures["perplexity"] = 10.5;
  EXPECT_NE(summary(vary, first).first, summary(vary, other).first) << "the chip's own are exact";
  EXPECT_NE(summary(vary, first).second, summary(R"({"chip:/kv/banks": [64]})", first).second);
}

TEST_F(SweepAnswers, OtherFilesAndNewerDatabasesAreRefused) {
  EXPECT_THAT(Database::open(path("none.db")).error().message, HasSubstr("no such file"));
  EXPECT_THAT(Database::open(write("text.db", std::string(2000, 'x'))).error().message,
              HasSubstr("is not the database"));
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path("new.db").c_str(), &handle), SQLITE_OK);
  sqlite3_exec(handle, "CREATE TABLE sweep (x); PRAGMA user_version = 2", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  EXPECT_THAT(Database::open(path("new.db")).error().message, HasSubstr("is of version 2; this Kiln reads version 1"));
}

TEST_F(SweepAnswers, ADamagedDatabaseIsASentence) {
  const auto made = plan(R"({"chip:/kv/banks": [32, 64]})");
  const auto damaged = [&](const std::string& sql) {
    std::filesystem::remove(path("d.db"));
    EXPECT_TRUE(Database::create(path("d.db"), made.record, made.rows()).ok());
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(path("d.db").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
    const auto opened = Database::open(path("d.db"));
    if (!opened) return opened.error().message;
    const auto read = opened->for_each([](Row&&) { return true; });
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(damaged("SELECT 1"), "");
  EXPECT_THAT(damaged("DELETE FROM points"), HasSubstr("is damaged"));
  EXPECT_THAT(damaged("DELETE FROM points WHERE number = 0"), HasSubstr("is damaged"));
  EXPECT_THAT(damaged("UPDATE points SET number = 7 WHERE number = 1"), HasSubstr("is damaged"));
  EXPECT_THAT(damaged("UPDATE points SET vary = '5' WHERE number = 1"), HasSubstr("is damaged: point 1"));
  EXPECT_THAT(damaged("UPDATE points SET state = 'x' WHERE number = 1"), HasSubstr("is damaged: point 1"));
}

TEST_F(SweepAnswers, BothEnginesGiveThePathsOfTheClosedFormTheSameValues) {
  const auto made = plan(R"({"chip:/clock_mhz": [400, 500], "chip:/tile/rows": [64]})", R"(, "links": "auto")");
  for (std::uint64_t number = 0; number < 2; ++number) {
    const auto checked = evaluate(*made.spec, *made.resolver, number, true, environment_);
    EXPECT_EQ(checked.state, State::Done) << checked.reason;
    EXPECT_GT(checked.figures.size(), 20U);
  }
}

/// A kind of tile with another formula than it has steps.
TEST_F(SweepAnswers, ASimulationThatTheClosedFormContradictsFails) {
  auto liar = extend::digit_serial();
  liar.name = "liar";
  liar.closed_form.time = [](const config::TileConfig&, std::uint64_t) { return closed_form::TileTime{2, 4}; };
  ASSERT_TRUE(extend::register_tile_kind(liar).ok());
  const auto made = plan(R"({"chip:/tile/microarchitecture": ["liar"], "chip:/tile/liar/digit_bits": [3],
                            "chip:/tile/liar/multiply_cycles": [4]})",
                         R"(, "engine": "simulate")");
  const auto found = evaluate(*made.spec, *made.resolver, 0, false, environment_);
  EXPECT_EQ(found.state, State::Failed) << found.reason;
  EXPECT_THAT(found.reason, HasSubstr("closed form"));
}

/// The technology of a point is its own, under both engines.
TEST_F(SweepAnswers, ATechnologysAxisMovesBothEnginesAlike) {
  const auto made =
      plan(R"({"tech:/host_io_mm2/high": [90], "tech:/host_io_mm2/low": [1], "tech:/host_io_mm2/typical": [1, 40]})");
  double area[2] = {};
  for (std::uint64_t number = 0; number < 2; ++number) {
    const auto checked = evaluate(*made.spec, *made.resolver, number, true, environment_);
    ASSERT_EQ(checked.state, State::Done) << checked.reason;
    area[number] = number_of(checked.figures, "area_mm2.typical").value();
  }
  EXPECT_GT(area[1], area[0] + 30);
  EXPECT_TRUE(environment_.configs().refuse_overrides("tech", "").ok()) << "and nobody else's";
}

TEST_F(SweepAnswers, AnObjectiveThatIsNoNumberFailsByName) {
  const auto made =
      plan(R"({"chip:/clock_mhz": [500]})", R"(, "objectives": [{"figure": "technology", "direction": "max"}])");
  const auto found = evaluate(*made.spec, *made.resolver, 0, false, environment_);
  EXPECT_EQ(found.state, State::Failed);
  EXPECT_THAT(found.reason, HasSubstr("/objectives/0/figure: technology is"));
}

TEST_F(SweepAnswers, WhatIsNoChipAndWhatAConstraintExcludesIsInfeasible) {
  const auto made = plan(R"({"chip:/kv/depth_words": [1, 100000], "chip:/clock_mhz": [0, 500]})",
                         R"(, "constraints": ["clock_mhz < 500"])");
  const auto reason = [&](std::uint64_t number) {
    const auto found = evaluate(*made.spec, *made.resolver, number, false, environment_);
    EXPECT_EQ(found.state, State::Infeasible);
    return found.reason;
  };
  EXPECT_THAT(reason(0), HasSubstr("clock_mhz"));
  EXPECT_THAT(reason(2), HasSubstr("KV cache holds"));
  EXPECT_THAT(reason(3), HasSubstr("clock_mhz < 500 does not hold: clock_mhz is 500"));
}

TEST_F(SweepAnswers, AConstraintOfNoFigureFailsByName) {
  const auto made = plan(R"({"chip:/clock_mhz": [500]})", R"(, "constraints": ["tokens_per_s < 5"])");
  const auto found = evaluate(*made.spec, *made.resolver, 0, false, environment_);
  EXPECT_EQ(found.state, State::Failed);
  EXPECT_THAT(found.reason, HasSubstr("this point has no figure tokens_per_s; did you mean tokens_per_s_user?"));
}

TEST_F(SweepAnswers, TheKeyIsThatOfTheResolvedPointAndOfNothingElse) {
  const auto one = plan(R"({"chip:/clock_mhz": [400, 500]})");
  const auto other = plan(R"({"chip:/kv/ports": [1], "chip:/clock_mhz": [300, 400]})");
  const auto key = [](const Plan& of, std::uint64_t number) {
    return of.resolver->resolve(number, of.resolver->points()[number]).value().key;
  };
  EXPECT_NE(key(one, 0), key(one, 1));
  EXPECT_EQ(key(one, 0), key(other, 1));
}

TEST_F(SweepAnswers, TheBasesOwnNamesAndWordsAreKnown) {
  const auto made = plan(R"({"recipe": ["w4"], "chip:/silicon/technology": ["28nm"], "chip:/clock_mhz": [500]})");
  const auto own = [&](std::size_t axis) { return made.resolver->base_value(made.spec->axes[axis]).value(); };
  EXPECT_TRUE(own(0).is_number());
  EXPECT_TRUE(own(1).is_text());
  EXPECT_EQ(own(2), json::Value("w3w6"));
}

/// The base alone is no chip, and neither is the first point.
TEST_F(SweepAnswers, ABaseThatSomePointMendsIsNoErrorOfTheSweep) {
  const auto chip = write("none.json", R"({"extends": "demo", "name": "none", "clock_mhz": 0})");
  const auto some = plan_of(R"({"version": 1, "base": {"chip": ")" + chip + R"(", "model": "kiln-stories-1m"},
    "vary": {"chip:/clock_mhz": [0, 500]}, "sample": {"method": "grid"}})",
                            "s.json", environment_);
  EXPECT_TRUE(some.ok()) << some.error().message;
}

TEST_F(SweepAnswers, ABaseThatIsNoConfigIsOneErrorOfTheWholeSweep) {
  const auto none = plan_of(R"({"version": 1, "base": {"chip": "demoo", "model": "kiln-stories-1m"},
    "vary": {"chip:/clock_mhz": [500]}, "sample": {"method": "grid"}})",
                            "s.json", environment_);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message, HasSubstr("demoo"));
}

}  // namespace
}  // namespace kiln::sweep
