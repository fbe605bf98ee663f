#include "sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "base/mapped_file.hpp"
#include "sweep/crew.hpp"
#include "sweep/folder.hpp"
#include "sweep/front.hpp"
#include "sweep/plan.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kLook{100};  ///< between looks at workers' files

void count(const Outcome& outcome, Tally& tally) {
  tally.done += outcome.state == State::Done ? 1 : 0;
  tally.infeasible += outcome.state == State::Infeasible ? 1 : 0;
  tally.failed += outcome.state == State::Failed ? 1 : 0;
}

/// One sweep with its database: what is answered, what is not.
class Local {
 public:
  Local(const SweepQuestion& question, Plan plan, Folder folder, Database database, study::Environment& environment)
      : question_(question),
        plan_(std::move(plan)),
        folder_(std::move(folder)),
        database_(std::move(database)),
        environment_(environment) {}

  base::Result<SweepAnswer> run() {
    if (const auto good = look_at_answers(); !good) return good.error();
    Task task{{}, question_.verify == Verify::All, question_.fail_fast};
    for (std::uint64_t number = 0; number < states_.size(); ++number)
      if (states_[number] == State::Interrupted) task.numbers.push_back(number);
    progress_.answered_before = progress_.tally.answered();
    if (const auto good = work(task); !good) return good.error();
    const auto stopped = [&] { return environment_.progress.stopped(); };
    if (question_.verify == Verify::Front && !stopped()) {
      auto numbers = front_numbers();
      if (!numbers) return numbers.error();
      if (const auto good = work({*std::move(numbers), true, question_.fail_fast}); !good) return good.error();
    }
    folder_.remove();
    return SweepAnswer{progress_.tally, stopped()};
  }

 private:
  base::Status look_at_answers() {
    states_.assign(plan_.resolver->points().size(), State::Interrupted);
    progress_.tally = {states_.size(), 0, 0, 0};
    return database_.for_each([&](Row&& row) {
      take(row.outcome);
      return true;
    });
  }

  void take(const Outcome& outcome) {
    if (outcome.number >= states_.size()) return;
    auto& state = states_[outcome.number];
    Tally before;
    count({0, "", state, "", {}}, before);
    progress_.tally.done -= before.done;
    progress_.tally.infeasible -= before.infeasible;
    progress_.tally.failed -= before.failed;
    state = outcome.state;
    count(outcome, progress_.tally);
    if (state != State::Done || plan_.spec->objectives.empty()) return;
    const auto& first = plan_.spec->objectives.front();
    const auto value = number_of(outcome.figures, first.figure);
    if (!value) return;
    const bool better = !progress_.best ||
                        (first.direction == Direction::Maximum ? *value > *progress_.best : *value < *progress_.best);
    if (better) progress_.best = value;
  }

  base::Result<std::vector<std::uint64_t>> front_numbers() const {
    std::vector<Candidate> candidates;
    const auto read = database_.for_each([&](Row&& row) {
      if (row.outcome.state != State::Done) return true;
      Candidate candidate{row.outcome.number, {}};
      for (const auto& objective : plan_.spec->objectives)
        candidate.values.push_back(number_of(row.outcome.figures, objective.figure).value_or(0));
      candidates.push_back(std::move(candidate));
      return true;
    });
    if (!read) return read.error();
    std::vector<std::uint64_t> numbers;
    for (const auto& each : front_of(std::move(candidates), plan_.spec->objectives)) numbers.push_back(each.number);
    std::ranges::sort(numbers);
    return numbers;
  }

  base::Status work(const Task& task) {
    if (task.numbers.empty()) return {};
    auto crew = Crew::start(task, question_.jobs, folder_.path());
    if (!crew) return crew.error();
    bool told = false;
    for (bool busy = true; busy;) {
      busy = crew->at_work();
      auto outcomes = crew->news([&](const std::string& sentence) { warn(sentence); });
      if (const auto good = database_.put(outcomes); !good) return good;
      for (const auto& outcome : outcomes) take(outcome);
      if (question_.on_progress) question_.on_progress(progress_);
      const bool enough = environment_.progress.stopped() || (question_.fail_fast && progress_.tally.failed > 0);
      if (enough && !told) crew->stop();
      told = told || enough;
      if (busy) std::this_thread::sleep_for(kLook);
    }
    if (const auto sentence = crew->failure(); !sentence.empty()) return base::Error{sentence};
    return {};
  }

  void warn(const std::string& sentence) const {
    if (question_.on_warning) question_.on_warning(sentence);
  }

  const SweepQuestion& question_;
  Plan plan_;
  Folder folder_;
  Database database_;
  study::Environment& environment_;
  std::vector<State> states_;
  SweepProgress progress_;
};

/// The plan's points with what the database has for the same keys.
base::Result<std::vector<Row>> with_answers(const Plan& plan, const Database& database) {
  std::map<std::string, Outcome> known;
  const auto read = database.for_each([&](Row&& row) {
    if (row.outcome.state == State::Done || (row.outcome.state == State::Infeasible && !row.outcome.figures.empty()))
      known.emplace(row.outcome.key, std::move(row.outcome));
    return true;
  });
  if (!read) return read.error();
  auto rows = plan.rows();
  for (auto& row : rows) {
    const auto number = row.outcome.number;
    const auto point = plan.resolver->resolve(number, plan.resolver->points()[number]);
    if (!point) continue;
    const auto found = known.find(point->key);
    if (found == known.end()) continue;
    row.outcome = found->second;
    row.outcome.number = number;
    // Another spec may have other constraints.
    const auto excluded = excluded_by(plan.spec->constraints, row.outcome.figures);
    if (!excluded) return excluded.error();
    row.outcome.state = *excluded ? State::Infeasible : State::Done;
    row.outcome.reason = excluded->value_or("");
  }
  return rows;
}

base::Result<Database> new_database(const SweepQuestion& question, const Plan& plan, const Folder& folder) {
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
  auto database = Database::create(question.output, plan.record, plan.rows());
  if (!database) return database;
  if (const auto good = gather(folder, *database, question.on_warning); !good) return good.error();
  return database;
}

base::Result<Database> database_of(const SweepQuestion& question, const Plan& plan, const Folder& folder) {
  if (!fs::exists(question.output)) return new_database(question, plan, folder);
  if (!question.resume && !question.extend)
    return base::Error{question.output +
                       ": there is such a file already; --resume goes on with it, --extend takes "
                       "another spec's points in"};
  auto database = Database::open(question.output);
  if (!database) return database;
  if (const auto good = gather(folder, *database, question.on_warning); !good) return good.error();
  const auto record = database->record();
  if (!record) return record.error();
  if (*record == plan.record) return database;
  if (question.extend) {
    const auto rows = with_answers(plan, *database);
    if (!rows) return rows.error();
    if (const auto good = database->replace(plan.record, *rows); !good) return good.error();
    return database;
  }
  if (record->spec != plan.record.spec)
    return base::Error{fmt::format("{}: the spec has changed at {}; --extend takes the new points in", question.output,
                                   fmt::join(changed(record->spec, plan.record.spec), ", "))};
  return base::Error{fmt::format("{} was answered by Kiln {}, this is {}; --extend answers again what may differ",
                                 question.output, record->revision, plan.record.revision)};
}

base::Result<SweepAnswer> run_shard(const SweepQuestion& question, const Plan& plan, const Folder& folder,
                                    study::Environment& environment) {
  const auto& shard = *question.shard;
  const auto path = fmt::format("{}/shard-{}-of-{}.jsonl", folder.path(), shard.index, shard.count);
  SweepAnswer answer;
  std::vector<bool> known(plan.resolver->points().size());
  std::uint64_t from = 0;
  const auto there = read_outcomes(path, from, [](std::uint64_t) {});
  for (const auto& outcome : there)
    if (outcome.number < known.size()) known[outcome.number] = true;
  auto file = WorkerFile::append_to(path);
  if (!file) return file.error();
  SweepProgress progress;
  for (std::uint64_t number = shard.index - 1; number < known.size(); number += shard.count) ++progress.tally.points;
  for (const auto& outcome : there) count(outcome, progress.tally);
  progress.answered_before = progress.tally.answered();
  for (std::uint64_t number = shard.index - 1; number < known.size(); number += shard.count) {
    if (known[number]) continue;
    if (environment.progress.stopped()) break;
    const auto outcome = evaluate(*plan.spec, *plan.resolver, number, question.verify == Verify::All, environment);
    if (outcome.state == State::Interrupted) break;
    if (const auto good = file->add(outcome); !good) return good.error();
    count(outcome, progress.tally);
    if (question.on_progress) question.on_progress(progress);
    if (question.fail_fast && outcome.state == State::Failed) break;
  }
  if (const auto good = file->sync(); !good) return good.error();
  return SweepAnswer{progress.tally, environment.progress.stopped()};
}

}  // namespace

base::Result<SweepAnswer> collect(const std::string& database, study::Environment& environment,
                                  const std::function<void(const std::string&)>& on_warning) {
  auto folder = Folder::open(database, true);
  if (!folder) return folder.error();
  SweepQuestion question;
  question.output = database;
  question.on_warning = on_warning;
  std::optional<Database> into;
  if (fs::exists(database)) {
    auto opened = Database::open(database);
    if (!opened) return opened.error();
    into = *std::move(opened);
    if (const auto good = gather(*folder, *into, on_warning); !good) return good.error();
  } else {
    const auto name = folder->path() + "/spec.json";
    const auto text = base::read_text_file(name);
    if (!text) return text.error();
    const auto plan = plan_of(*text, name, environment);
    if (!plan) return plan.error();
    auto made = new_database(question, *plan, *folder);
    if (!made) return made.error();
    into = *std::move(made);
  }
  SweepAnswer answer;
  const auto read = into->for_each([&](Row&& row) {
    ++answer.tally.points;
    count(row.outcome, answer.tally);
    return true;
  });
  if (!read) return read.error();
  answer.interrupted = answer.tally.answered() < answer.tally.points;
  // Shards that are still to come need the spec that the others had.
  if (!answer.interrupted) folder->remove();
  return answer;
}

base::Result<SweepAnswer> run_sweep(const SweepQuestion& question, study::Environment& environment) {
  const auto text = base::read_text_file(question.spec, std::size_t{16} << 20);
  if (!text) return text.error();
  auto plan = plan_of(*text, question.spec, environment);
  if (!plan) return plan.error();
  if (question.verify == Verify::Front && plan->spec->objectives.empty())
    return base::Error{"--verify front has no effect: the spec has no objectives"};
  if (question.verify != Verify::None && plan->spec->engine == Engine::Simulate)
    return base::Error{"--verify has no effect: the spec's engine simulates every point"};
  auto folder = Folder::open(question.output, !question.shard);
  if (!folder) return folder.error();
  if (question.shard) {
    if (const auto kept = folder->keep_spec(plan->spec->canonical); !kept) return kept.error();
    return run_shard(question, *plan, *folder, environment);
  }
  auto database = database_of(question, *plan, *folder);
  if (!database) return database.error();
  if (const auto kept = folder->keep_spec(plan->spec->canonical); !kept) return kept.error();
  return Local(question, *std::move(plan), *std::move(folder), *std::move(database), environment).run();
}

}  // namespace kiln::sweep
