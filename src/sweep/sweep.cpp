#include "sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/mapped_file.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/claims.hpp"
#include "sweep/folder.hpp"
#include "sweep/front.hpp"
#include "sweep/open_database.hpp"
#include "sweep/plan.hpp"
#include "sweep/search.hpp"
#include "sweep/shard.hpp"
#include "sweep/worker_file.hpp"
#include "sweep/workers.hpp"

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
    const auto left = workers_left(question_, plan_);
    if (!left) return left.error();
    for (const auto& workers : *left)
      if (const auto good = follow(*workers); !good) return good.error();
    if (const auto good = answer(); !good) return good.error();
    if (question_.verify == Verify::All)
      if (const auto good = work({numbers(true), true, question_.fail_fast}); !good) return good.error();
    // What fails leaves the front, and others come to it.
    while (question_.verify == Verify::Front && !enough()) {
      const auto next = front_to_verify();
      if (!next) return next.error();
      if (next->empty()) break;
      if (const auto good = work({*next, true, question_.fail_fast}); !good) return good.error();
    }
    // What tasks of a cluster printed is still of use.
    if (failure_.empty()) folder_.remove_if_empty();
    return SweepAnswer{progress_.tally, environment_.progress.stopped(), failure_};
  }

  /// The script of a job array for all points without an answer; none where there is none.
  base::Result<SweepAnswer> emit() {
    if (const auto good = look_at_answers(); !good) return good.error();
    SweepAnswer answer{progress_.tally, true};
    Task task{numbers(false), question_.verify == Verify::All, question_.fail_fast};
    if (task.verify) std::ranges::copy(numbers(true), std::back_inserter(task.numbers));
    if (const auto good = emit_array(task, question_, plan_, answer); !good) return good.error();
    return answer;
  }

 private:
  struct Known {
    State state = State::Interrupted;
    bool verified = false;
    bool has_figures = false;
  };

  /// All points; those of a search batch by batch, for they follow from answers.
  base::Status answer() {
    for (;;) {
      auto good = work({numbers(false), question_.verify == Verify::All, question_.fail_fast});
      if (!good || enough() || !numbers(false).empty()) return good;
      const auto batch = search_.next();
      if (!batch) return batch.error();
      if (batch->empty()) return {};
      known_.resize(plan_.resolver->points().size());
      for (const auto& outcome : *batch) take(outcome);
    }
  }

  /// Answers whose point has other configs by now are none, nor are failures without any: of a process that was ended.
  base::Status look_at_answers() {
    known_.assign(plan_.resolver->points().size(), {});
    progress_.tally = {search_.points(), 0, 0, 0};
    std::vector<Outcome> changed;
    std::size_t ended = 0;
    auto read = database_.for_each([&](Row&& row) {
      const auto& outcome = row.outcome;
      const bool is_ended = outcome.state == State::Failed && outcome.key.empty();
      if (outcome.state == State::Interrupted || (!is_ended && plan_.resolver->key_of(outcome.number) == outcome.key)) {
        take(outcome);
      } else {
        ended += is_ended ? 1 : 0;
        changed.push_back({outcome.number, "", State::Interrupted, "", {}, false});
      }
      return true;
    });
    if (!read) return read;
    if (changed.size() > ended)
      warn(fmt::format("{}: the configs of {} points have changed since; they are answered again", database_.path(),
                       changed.size() - ended));
    if (ended > 0)
      warn(fmt::format("{}: {} points failed as their processes were ended; they are answered again", database_.path(),
                       ended));
    // What followed from answers that are no more is no point of the search.
    if (!changed.empty() && plan_.spec->sample.method == Method::Adaptive) {
      progress_ = {};
      const auto begun = search_.restart();
      return begun ? look_at_answers() : begun;
    }
    return database_.put(changed);
  }

  void take(const Outcome& outcome) {
    if (outcome.number >= known_.size()) return;
    search_.note(outcome);
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

  /// Whether no more is wanted: Ctrl-C, a point of this run that failed, or a cluster that did.
  [[nodiscard]] bool enough() const {
    return environment_.progress.stopped() || (question_.fail_fast && failed_now_) || !failure_.empty();
  }

  base::Status work(const Task& task) {
    if (task.numbers.empty() || enough()) return {};
    auto ready = measure(plan_, task.numbers, {folder_.path(), &database_, question_.reuse}, environment_);
    if (!ready || enough()) return ready;
    if (plan_.spec->sample.method == Method::Adaptive)
      if (const auto kept = folder_.keep_points(plan_.resolver->points()); !kept) return kept;
    const auto workers = start_workers(task, question_, plan_);
    if (!workers) return workers.error();
    return follow(**workers);
  }

  base::Status follow(Workers& workers) {
    bool told = false;
    for (bool busy = true; busy;) {
      busy = workers.at_work();
      const auto outcomes = workers.news([&](const std::string& sentence) { warn(sentence); });
      if (!outcomes) return outcomes.error();
      if (const auto good = database_.put(*outcomes); !good) return good;
      for (const auto& outcome : *outcomes) {
        take(outcome);
        failed_now_ = failed_now_ || outcome.state == State::Failed;
      }
      progress_.workers = workers.state();
      if (question_.on_progress) question_.on_progress(progress_);
      if (enough() && !told) {
        workers.stop();
        told = true;
      }
      if (busy) std::this_thread::sleep_for(kLook);
    }
    if (auto sentence = workers.failure(); !sentence.empty()) {
      if (question_.scheduler != Scheduler::Slurm) return base::Error{sentence};
      failure_ = std::move(sentence);
      return {};
    }
    workers.remove_files();
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
  Search search_{question_, plan_, database_};
  std::vector<Known> known_;
  SweepProgress progress_;
  bool failed_now_ = false;
  std::string failure_;
};

}  // namespace

base::Result<SweepAnswer> collect(const std::string& database, study::Environment& environment,
                                  const std::function<void(const std::string&)>& on_warning) {
  if (!fs::exists(database) && !fs::exists(parts_of(database)))
    return base::Error{database + ": no such file, and no shards of it in " + parts_of(database)};
  SweepQuestion question;
  question.output = database;
  question.on_warning = on_warning;
  const auto claims = claim_files(question);
  if (!claims) return claims.error();
  auto folder = Folder::open(database, true);
  if (!folder) return folder.error();
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
  folder->accept();
  SweepAnswer answer;
  const auto read = into->for_each([&](Row&& row) {
    ++answer.tally.points;
    answer.tally.count(row.outcome.state);
    return true;
  });
  if (!read) return read.error();
  const auto record = into->record();
  const auto spec = record ? parse_spec(record->spec, database) : record.error();
  if (!spec) return spec.error();
  answer.tally.points = spec->all_points(answer.tally.points);
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
  if (const auto good = check_search(*plan->spec, question); !good) return good.error();
  if (question.verify != Verify::None && plan->spec->engine == Engine::Simulate)
    return base::Error{"--verify has no effect: the spec's engine simulates every point"};
  if (const auto good = can_start_workers(question); !good) return good.error();
  auto claims = claim_files(question);
  if (!claims) return claims.error();
  auto folder = Folder::open(question.output, !question.shard);
  if (!folder) return folder.error();
  if (question.shard) return run_shard(question, *plan, *folder, environment);
  auto database = database_of(question, *plan, *folder, environment);
  if (!database) return database.error();
  if (const auto kept = folder->keep_spec(plan->spec->canonical); !kept) return kept.error();
  if (const auto taken = plan->take_points(*database); !taken) return taken.error();
  folder->accept();
  Local sweep(question, *std::move(plan), *std::move(folder), *std::move(database), environment);
  claims->script = base::OutputClaim();
  return question.emit ? sweep.emit() : sweep.run();
}

}  // namespace kiln::sweep
