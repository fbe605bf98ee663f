#include "sweep/shard.hpp"

#include <fmt/format.h>

#include "sweep/accuracy.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

class ShardRun {
 public:
  ShardRun(const SweepQuestion& question, const Plan& plan, const std::string& folder, study::Environment& environment)
      : question_(question),
        plan_(plan),
        environment_(environment),
        folder_(folder),
        path_(fmt::format("{}/shard-{}-of-{}.jsonl", folder, question.shard->index, question.shard->count)),
        known_(plan.resolver->points().size()) {}

  base::Result<SweepAnswer> run() {
    auto file = WorkerFile::append_to(path_);
    if (!file) return file.error();
    if (const auto good = look_at_answers(); !good) return good.error();
    if (const auto good = measure_recipes(); !good) return good.error();
    const bool verify = question_.verify == Verify::All;
    for (std::uint64_t number = question_.shard->index - 1; number < known_.size(); number += question_.shard->count) {
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
  /// Of an earlier process with the same part.
  base::Status look_at_answers() {
    std::uint64_t from = 0;
    const auto there = read_outcomes(path_, from, [](std::uint64_t) {});
    if (!there) return there.error();
    for (std::uint64_t number = question_.shard->index - 1; number < known_.size(); number += question_.shard->count)
      ++progress_.tally.points;
    for (const auto& outcome : *there) {
      if (outcome.number >= known_.size() || known_[outcome.number]) continue;
      if (plan_.resolver->key_of(outcome.number) != outcome.key) continue;
      if (question_.verify == Verify::All && !outcome.verified && !outcome.figures.empty()) continue;
      known_[outcome.number] = true;
      progress_.tally.count(outcome.state);
    }
    progress_.answered_before = progress_.tally.answered();
    return {};
  }

  base::Status measure_recipes() {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = question_.shard->index - 1; number < known_.size(); number += question_.shard->count)
      if (!known_[number]) numbers.push_back(number);
    return measure(plan_, numbers, {folder_, nullptr, {}}, environment_, question_.shard->index - 1);
  }

  const SweepQuestion& question_;
  const Plan& plan_;
  study::Environment& environment_;
  std::string folder_, path_;
  std::vector<bool> known_;
  SweepProgress progress_;
};

}  // namespace

base::Result<SweepAnswer> run_shard(const SweepQuestion& question, const Plan& plan, const std::string& folder,
                                    study::Environment& environment) {
  return ShardRun(question, plan, folder, environment).run();
}

}  // namespace kiln::sweep
