#include "sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "base/mapped_file.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/crew.hpp"
#include "sweep/folder.hpp"
#include "sweep/front.hpp"
#include "sweep/plan.hpp"
#include "sweep/shard.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kLook{100};  ///< between looks at workers' files

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
    progress_.answered_before = progress_.tally.answered();
    if (const auto good = work({numbers(false), question_.verify == Verify::All, question_.fail_fast}); !good)
      return good.error();
    if (question_.verify == Verify::All)
      if (const auto good = work({numbers(true), true, question_.fail_fast}); !good) return good.error();
    // What fails leaves the front, and others come to it.
    while (question_.verify == Verify::Front && !enough()) {
      const auto next = front_to_verify();
      if (!next) return next.error();
      if (next->empty()) break;
      if (const auto good = work({*next, true, question_.fail_fast}); !good) return good.error();
    }
    folder_.remove_if_empty();
    return SweepAnswer{progress_.tally, environment_.progress.stopped()};
  }

 private:
  struct Known {
    State state = State::Interrupted;
    bool verified = false;
    bool has_figures = false;
  };

  /// Answers whose point has other configs by now are none.
  base::Status look_at_answers() {
    known_.resize(plan_.resolver->points().size());
    progress_.tally = {known_.size(), 0, 0, 0};
    std::vector<Outcome> changed;
    auto read = database_.for_each([&](Row&& row) {
      const auto& outcome = row.outcome;
      const bool keeps = outcome.state == State::Interrupted || outcome.state == State::Failed;
      if (keeps || plan_.resolver->key_of(outcome.number) == outcome.key) {
        take(outcome);
      } else {
        changed.push_back({outcome.number, "", State::Interrupted, "", {}, false});
      }
      return true;
    });
    if (!read) return read;
    if (!changed.empty())
      warn(fmt::format("{}: the configs of {} points have changed since; they are answered again", database_.path(),
                       changed.size()));
    return database_.put(changed);
  }

  void take(const Outcome& outcome) {
    if (outcome.number >= known_.size()) return;
    auto& known = known_[outcome.number];
    Tally before;
    before.count(known.state);
    progress_.tally.done -= before.done;
    progress_.tally.infeasible -= before.infeasible;
    progress_.tally.failed -= before.failed;
    known = {outcome.state, outcome.verified, !outcome.figures.empty()};
    progress_.tally.count(known.state);
    if (known.state != State::Done || plan_.spec->objectives.empty()) return;
    const auto& first = plan_.spec->objectives.front();
    const auto value = number_of(outcome.figures, first.figure);
    if (!value) return;
    const bool better = !progress_.best ||
                        (first.direction == Direction::Maximum ? *value > *progress_.best : *value < *progress_.best);
    if (better) progress_.best = value;
  }

  /// Points without an answer, or those whose answer was not held against the simulation.
  [[nodiscard]] std::vector<std::uint64_t> numbers(bool unverified) const {
    std::vector<std::uint64_t> list;
    for (std::uint64_t number = 0; number < known_.size(); ++number) {
      const auto& known = known_[number];
      const bool answered = known.state != State::Interrupted;
      if (unverified ? answered && known.has_figures && !known.verified && known.state != State::Failed : !answered)
        list.push_back(number);
    }
    return list;
  }

  base::Result<std::vector<std::uint64_t>> front_to_verify() const {
    std::vector<Candidate> candidates;
    const auto read = database_.for_each([&](Row&& row) {
      if (auto candidate = candidate_of(*plan_.spec, row.outcome)) candidates.push_back(*std::move(candidate));
      return true;
    });
    if (!read) return read.error();
    std::vector<std::uint64_t> list;
    for (const auto& each : front_of(std::move(candidates), plan_.spec->objectives))
      if (!known_[each.number].verified) list.push_back(each.number);
    std::ranges::sort(list);
    return list;
  }

  /// Whether no more is wanted: Ctrl-C, or a point of this run that failed.
  [[nodiscard]] bool enough() const { return environment_.progress.stopped() || (question_.fail_fast && failed_now_); }

  base::Status work(const Task& task) {
    if (task.numbers.empty() || enough()) return {};
    auto ready = measure(plan_, task.numbers, {folder_.path(), &database_, question_.reuse}, environment_);
    if (!ready || enough()) return ready;
    auto crew = Crew::start(task, question_.jobs, folder_.path());
    if (!crew) return crew.error();
    bool told = false;
    for (bool busy = true; busy;) {
      busy = crew->at_work();
      const auto outcomes = crew->news([&](const std::string& sentence) { warn(sentence); });
      if (!outcomes) return outcomes.error();
      if (const auto good = database_.put(*outcomes); !good) return good;
      for (const auto& outcome : *outcomes) {
        take(outcome);
        failed_now_ = failed_now_ || outcome.state == State::Failed;
      }
      if (question_.on_progress) question_.on_progress(progress_);
      if (enough() && !told) {
        crew->stop();
        told = true;
      }
      if (busy) std::this_thread::sleep_for(kLook);
    }
    if (const auto sentence = crew->failure(); !sentence.empty()) return base::Error{sentence};
    crew->remove_files();
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
  std::vector<Known> known_;
  SweepProgress progress_;
  bool failed_now_ = false;
};

using Answers = std::map<std::string, Outcome>;

/// Of the databases that are to be reused.
base::Result<Answers> reused(const SweepQuestion& question) {
  Answers all;
  for (const auto& path : question.reuse) {
    const auto other = Database::open(path);
    if (!other) return other.error();
    auto answers = other->answers();
    if (!answers) return answers.error();
    all.merge(*answers);
  }
  return all;
}

/// The plan's points with what is known of the same keys.
std::vector<Row> with_answers(const Plan& plan, const Answers& known) {
  auto rows = plan.rows();
  if (known.empty()) return rows;
  for (auto& row : rows) {
    const auto number = row.outcome.number;
    const auto found = known.find(plan.resolver->key_of(number));
    if (found == known.end()) continue;
    row.outcome = found->second;
    row.outcome.number = number;
    // Another spec may have other constraints and objectives.
    judge(*plan.spec, row.outcome);
  }
  return rows;
}

base::Result<Database> new_database(const SweepQuestion& question, const Plan& plan, const Folder& folder) {
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
  const auto known = reused(question);
  if (!known) return known.error();
  auto database = Database::create(question.output, plan.record, with_answers(plan, *known));
  if (!database) return database;
  if (const auto good = gather(folder, plan, *database, question.on_warning); !good) return good.error();
  return database;
}

/// An old database with what its own workers left.
base::Result<Database> old_database(const SweepQuestion& question, const Folder& folder,
                                    study::Environment& environment) {
  auto database = Database::open(question.output);
  if (!database) return database;
  if (folder.files(".jsonl").empty()) return database;
  const auto record = database->record();
  if (!record) return record.error();
  const auto plan = plan_of(record->spec, question.output, environment);
  if (!plan) return plan.error();
  if (const auto good = gather(folder, *plan, *database, question.on_warning); !good) return good.error();
  return database;
}

base::Result<Database> database_of(const SweepQuestion& question, const Plan& plan, const Folder& folder,
                                   study::Environment& environment) {
  if (!fs::exists(question.output)) return new_database(question, plan, folder);
  if (!question.resume && !question.extend)
    return base::Error{question.output +
                       ": there is such a file already; --resume goes on with it, --extend takes another spec's points "
                       "in"};
  auto database = old_database(question, folder, environment);
  if (!database) return database;
  const auto record = database->record();
  if (!record) return record.error();
  if (*record == plan.record) return database;
  if (question.extend) {
    auto known = database->answers();
    if (!known) return known.error();
    auto others = reused(question);
    if (!others) return others.error();
    known->merge(*others);
    if (const auto good = database->replace(plan.record, with_answers(plan, *known)); !good) return good.error();
    return database;
  }
  if (record->spec != plan.record.spec)
    return base::Error{fmt::format("{}: the spec has changed at {}; --extend takes the new points in", question.output,
                                   fmt::join(changed(record->spec, plan.record.spec), ", "))};
  return base::Error{fmt::format("{} was answered by Kiln {}, this is {}; --extend answers again what may differ",
                                 question.output, record->revision, plan.record.revision)};
}

}  // namespace

base::Result<SweepAnswer> collect(const std::string& database, study::Environment& environment,
                                  const std::function<void(const std::string&)>& on_warning) {
  auto folder = Folder::open(database, true);
  if (!folder) return folder.error();
  SweepQuestion question;
  question.output = database;
  question.on_warning = on_warning;
  const auto into = [&]() -> base::Result<Database> {
    if (fs::exists(database)) return old_database(question, *folder, environment);
    const auto name = folder->path() + "/spec.json";
    const auto text = base::read_text_file(name);
    if (!text) return text.error();
    const auto plan = plan_of(*text, name, environment);
    if (!plan) return plan.error();
    return new_database(question, *plan, *folder);
  }();
  if (!into) return into.error();
  SweepAnswer answer;
  const auto read = into->for_each([&](Row&& row) {
    ++answer.tally.points;
    answer.tally.count(row.outcome.state);
    return true;
  });
  if (!read) return read.error();
  answer.interrupted = answer.tally.answered() < answer.tally.points;
  // Shards that are still to come need the spec that the others had.
  if (!answer.interrupted) folder->remove_if_empty();
  return answer;
}

base::Result<SweepAnswer> run_sweep(const SweepQuestion& question, study::Environment& environment) {
  auto plan = plan_of(question, environment);
  if (!plan) return plan.error();
  if (question.verify == Verify::Front && plan->spec->objectives.empty())
    return base::Error{"--verify front has no effect: the spec has no objectives"};
  if (question.verify != Verify::None && plan->spec->engine == Engine::Simulate)
    return base::Error{"--verify has no effect: the spec's engine simulates every point"};
  auto folder = Folder::open(question.output, !question.shard);
  if (!folder) return folder.error();
  if (question.shard) {
    if (const auto kept = folder->keep_spec(plan->spec->canonical); !kept) return kept.error();
    return run_shard(question, *plan, folder->path(), environment);
  }
  auto database = database_of(question, *plan, *folder, environment);
  if (!database) return database.error();
  if (const auto kept = folder->keep_spec(plan->spec->canonical); !kept) return kept.error();
  return Local(question, *std::move(plan), *std::move(folder), *std::move(database), environment).run();
}

}  // namespace kiln::sweep
