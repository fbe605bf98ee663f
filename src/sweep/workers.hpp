// Whoever answers the points of a task: processes of this machine, or tasks of a cluster's scheduler. Private to the sweep
// module.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// What workers are told: the file PART.todo.
struct Task {
  std::vector<std::uint64_t> numbers;
  bool verify = false;
  bool fail_fast = false;
};
std::string to_text(const Task& task);
base::Result<Task> parse_task(const std::string& text, const std::string& name);

/// Why a worker ended, by what it printed: its last error, or its first line; empty where there is none.
std::string said_in(const std::string& log);

class Workers {
 public:
  virtual ~Workers() = default;
  /// What they wrote since the last time.
  virtual base::Result<std::vector<Outcome>> news(const std::function<void(const std::string&)>& warn) = 0;
  /// Looked at before news(), so that nothing is missed that was written until then.
  virtual bool at_work() = 0;
  /// They end soon; how they end then says nothing.
  virtual void stop() = 0;
  /// Why the task is not done; empty if it is. Points without an answer are then left.
  [[nodiscard]] virtual std::string failure() const = 0;
  /// Everything that they wrote has been read.
  virtual void remove_files() const = 0;
  /// What a line of progress says of them, or empty.
  [[nodiscard]] virtual std::string state() const { return ""; }

 protected:
  Workers() = default;
  Workers(Workers&&) = default;
  Workers& operator=(Workers&&) = default;
};

/// Looked at before anything is written.
base::Status can_start_workers(const SweepQuestion& question);
/// Who the question says: processes of this machine, or a job array.
base::Result<std::unique_ptr<Workers>> start_workers(const Task& task, const SweepQuestion& question, const Plan& plan);
/// Those that an earlier process started on a cluster and that are still at work.
base::Result<std::vector<std::unique_ptr<Workers>>> workers_left(const SweepQuestion& question, const Plan& plan);
/// Writes a job array for the task beside the database; the answer has its script.
base::Status emit_array(const Task& task, const SweepQuestion& question, const Plan& plan, SweepAnswer& answer);

}  // namespace kiln::sweep
