// `kiln sweep`: all points of a spec, answered by processes of this machine or in parts, and gathered in a database.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sweep/database.hpp"

namespace kiln::sweep {

enum class Verify { None, Front, All };
inline constexpr auto kVerify =
    base::enum_names<Verify>({{Verify::None, "none"}, {Verify::Front, "front"}, {Verify::All, "all"}});

/// Who runs the processes.
enum class Scheduler { Local, Slurm };

struct Shard {
  std::uint64_t index = 1, count = 1;  ///< 1 to count
};

struct Tally {
  std::uint64_t points = 0, done = 0, infeasible = 0, failed = 0;
  [[nodiscard]] std::uint64_t answered() const { return done + infeasible + failed; }
  /// One point more in this state.
  void count(State state) {
    done += state == State::Done ? 1 : 0;
    infeasible += state == State::Infeasible ? 1 : 0;
    failed += state == State::Failed ? 1 : 0;
  }
};

struct SweepProgress {
  Tally tally;
  std::uint64_t answered_before = 0;  ///< by an earlier process
  std::optional<double> best;         ///< of the first objective, feasible points alone
  std::string workers;                ///< what a cluster says of them, or empty
};

struct SweepQuestion {
  std::string spec;    ///< a file
  std::string output;  ///< the database; workers' files are beside it, in OUTPUT.parts
  std::size_t jobs = 1;
  bool resume = false, extend = false, fail_fast = false;
  bool buildable = false;          ///< verdict.buildable is a constraint
  std::vector<std::string> reuse;  ///< databases of other sweeps whose answers of the same keys are taken
  Verify verify = Verify::None;
  std::optional<Shard> shard;  ///< this part alone, into its own file
  std::string todo;            ///< of a shard: the file that says which points there are to divide; empty: all
  Scheduler scheduler = Scheduler::Local;
  bool emit = false;                ///< only write the script of a job array
  std::vector<std::string> sbatch;  ///< options: "--time=2:00:00"
  std::function<void(const SweepProgress&)> on_progress;
  std::function<void(const std::string&)> on_warning;
};

/// "--time=2:00:00" of "time=2:00:00" or "--time=2:00:00". Options that would take the array, its name or its files from
/// Kiln are refused.
base::Result<std::string> sbatch_option(const std::string& text);

struct SweepAnswer {
  Tally tally;
  bool interrupted = false;
  std::string failure = {};  ///< why a cluster left points without an answer
  std::string script = {};   ///< of the job array that was asked for
  std::size_t tasks = 0;     ///< of that array
};

base::Result<SweepAnswer> run_sweep(const SweepQuestion& question, study::Environment& environment);

/// What a worker process does: answers the numbers in PART.todo into PART.jsonl. `part`: a path without its ending.
base::Status run_worker(const std::string& part, study::Environment& environment);

/// Workers' files beside a database into it; creates it where there is none.
base::Result<SweepAnswer> collect(const std::string& database, study::Environment& environment,
                                  const std::function<void(const std::string&)>& on_warning);

struct DryRun {
  std::uint64_t points = 0, infeasible = 0;
  std::uint64_t looked_at = 0;  ///< of an adaptive search: those that `infeasible` counts
  std::vector<std::pair<std::string, std::uint64_t>> reasons;  ///< the most frequent first
  std::uint64_t recipes = 0;                                   ///< to bake and evaluate, which is not in the seconds
  double seconds = 0;                                          ///< of one process, estimated from some points
  std::size_t jobs = 1;
};
base::Result<DryRun> dry_run(const SweepQuestion& question, study::Environment& environment);

}  // namespace kiln::sweep
