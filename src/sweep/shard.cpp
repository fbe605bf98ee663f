#include "sweep/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <thread>

#include "base/mapped_file.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/worker_file.hpp"
#include "sweep/workers.hpp"

namespace kiln::sweep {
namespace {

/// Between looks at a file that another process is writing.
constexpr std::chrono::milliseconds kWait{500};

class ShardRun {
 public:
  /// Of these numbers the shard has every so-manieth.
  ShardRun(const SweepQuestion& question, const Plan& plan, const std::vector<std::uint64_t>& numbers, std::string path,
           study::Environment& environment, const Database* collected = nullptr)
      : question_(question),
        plan_(plan),
        environment_(environment),
        collected_(collected),
        path_(std::move(path)),
        known_(plan.resolver->points().size()) {
    for (auto i = question.shard->index - 1; i < numbers.size(); i += question.shard->count)
      numbers_.push_back(numbers[i]);
  }

  base::Result<SweepAnswer> run() {
    auto file = WorkerFile::append_to(path_);
    if (!file) return file.error();
    if (const auto good = look_at_answers(); !good) return good.error();
    if (const auto good = measure_recipes(); !good) return good.error();
    const bool verify = question_.verify == Verify::All;
    for (const auto number : numbers_) {
      if (known_[number]) continue;
      if (environment_.progress.stopped()) break;
      const auto outcome = evaluate(*plan_.spec, *plan_.resolver, number, verify, environment_);
      if (outcome.state == State::Interrupted) break;
      if (const auto good = file->add(outcome); !good) return good.error();
      progress_.tally.count(outcome.state);
      if (question_.on_progress) question_.on_progress(progress_);
      if (question_.fail_fast && outcome.state == State::Failed) break;
    }
    if (const auto good = file->sync(); !good) return good.error();
    return SweepAnswer{progress_.tally, environment_.progress.stopped()};
  }

 private:
  /// Of an earlier process with the same part, and those that are collected.
  base::Status look_at_answers() {
    std::uint64_t from = 0;
    const auto there = read_outcomes(path_, from, [](std::uint64_t) {});
    if (!there) return there.error();
    progress_.tally.points = numbers_.size();
    for (const auto& outcome : *there) take(outcome);
    if (collected_ != nullptr) {
      std::vector<bool> own(known_.size());
      for (const auto number : numbers_) own[number] = true;
      const auto read = collected_->for_each([&](Row&& row) {
        const auto& outcome = row.outcome;
        const bool answered = outcome.state != State::Interrupted && outcome.state != State::Failed;
        if (answered && outcome.number < own.size() && own[outcome.number]) take(outcome);
        return true;
      });
      if (!read) return read;
    }
    progress_.answered_before = progress_.tally.answered();
    return {};
  }

  void take(const Outcome& outcome) {
    if (outcome.number >= known_.size() || known_[outcome.number]) return;
    if (plan_.resolver->key_of(outcome.number) != outcome.key) return;
    if (question_.verify == Verify::All && !outcome.verified && !outcome.figures.empty()) return;
    known_[outcome.number] = true;
    progress_.tally.count(outcome.state);
  }

  base::Status measure_recipes() {
    std::vector<std::uint64_t> unanswered;
    std::ranges::copy_if(numbers_, std::back_inserter(unanswered), [&](auto number) { return !known_[number]; });
    const auto folder = std::filesystem::path(path_).parent_path().string();
    return measure(plan_, unanswered, {folder, nullptr, {}}, environment_, question_.shard->index - 1);
  }

  const SweepQuestion& question_;
  const Plan& plan_;
  study::Environment& environment_;
  const Database* collected_;
  std::string path_;
  std::vector<std::uint64_t> numbers_;
  std::vector<bool> known_;
  SweepProgress progress_;
};

/// The part of a list that whoever started this process has written. Should another process still be writing the same part,
/// since Slurm took its node for lost, it is waited for: what it leaves is answered here.
base::Result<SweepAnswer> run_listed(const SweepQuestion& question, const Plan& plan, study::Environment& environment) {
  const auto text = base::read_text_file(question.todo, std::size_t{1} << 30);
  if (!text) return text.error();
  const auto task = parse_task(*text, question.todo);
  if (!task) return task.error();
  for (const auto number : task->numbers)
    if (number >= plan.resolver->points().size()) return base::Error{question.todo + " is of another spec"};
  auto listed = question;
  listed.verify = task->verify ? Verify::All : Verify::None;
  listed.fail_fast = task->fail_fast;
  const auto base = question.todo.substr(0, question.todo.rfind(".todo"));
  const auto path = fmt::format("{}-{}.jsonl", base, question.shard->index);
  while (in_use(path) && !environment.progress.stopped()) std::this_thread::sleep_for(kWait);
  return ShardRun(listed, plan, task->numbers, path, environment).run();
}

/// Nothing where nobody has collected yet.
base::Result<std::optional<Database>> collected(const SweepQuestion& question, const Plan& plan) {
  if (!std::filesystem::exists(question.output)) return std::optional<Database>();
  auto database = Database::open(question.output);
  if (!database) return database.error();
  const auto record = database->record();
  if (!record) return record.error();
  if (record->spec != plan.record.spec)
    return base::Error{fmt::format("{} is the database of another spec; it differs at {}", question.output,
                                   fmt::join(changed(record->spec, plan.record.spec), ", "))};
  return std::optional(*std::move(database));
}

}  // namespace

base::Result<SweepAnswer> run_shard(const SweepQuestion& question, const Plan& plan, Folder& folder,
                                    study::Environment& environment) {
  // What a list has is in no database, and many tasks do not open one.
  std::optional<Database> database;
  if (question.todo.empty()) {
    auto there = collected(question, plan);
    if (!there) return there.error();
    database = *std::move(there);
  }
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
  folder.accept();
  if (!question.todo.empty()) return run_listed(question, plan, environment);
  std::vector<std::uint64_t> all(plan.resolver->points().size());
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const auto path = fmt::format("{}/shard-{}-of-{}.jsonl", folder.path(), question.shard->index, question.shard->count);
  return ShardRun(question, plan, all, path, environment, database ? &*database : nullptr).run();
}

}  // namespace kiln::sweep
