// What Slurm's own programs are asked: sbatch, squeue, scancel. No accounting is needed: squeue also tells of jobs that ended a few
// minutes ago. Private to the sweep module.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.hpp"
#include "kiln/base/result.hpp"

namespace kiln::sweep {

/// A program that was asked something, and is not waited for.
class Asked {
 public:
  static base::Result<Asked> start(const std::vector<std::string>& arguments);
  Asked(Asked&& other) noexcept;
  Asked& operator=(Asked&&) = delete;
  ~Asked();  ///< ends the program

  /// Whether it has ended; then reply() and words() say what it said.
  bool ended();
  bool good();  ///< waits
  [[nodiscard]] std::string reply() const;
  /// Its lines on standard error as one, without its own name, or how it ended.
  [[nodiscard]] std::string words() const;

 private:
  Asked() = default;
  std::string name_;
  pid_t process_ = -1;
  int out_ = -1, err_ = -1;  ///< files without names
  base::ProgramEnd end_;
};

struct ArrayTask {
  std::size_t index = 0;
  std::string state, reason;  ///< in Slurm's words: "RUNNING", "Resources"
  [[nodiscard]] bool at_work() const;
  /// Whether it waits for somebody, not for room: "JobHeldAdmin", "launch failed requeued held".
  [[nodiscard]] bool held() const;
};

/// Job id and, where there are several clusters, that of the job.
struct JobId {
  std::string number, cluster;
};
/// Of what sbatch --parsable says.
std::optional<JobId> parse_job_id(const std::string& reply);
/// Of what squeue says; lines that are no task are passed over.
std::vector<ArrayTask> parse_tasks(const std::string& reply);

std::vector<std::string> sbatch_words(const std::string& script);
/// Tasks of the jobs with this name, those that have ended included.
std::vector<std::string> squeue_words(const std::string& name, const std::string& cluster);
std::vector<std::string> scancel_words(const std::string& name, const std::string& cluster);

/// "2 RUNNING, 6 PENDING (Resources)"
std::string summary(const std::vector<ArrayTask>& tasks);

}  // namespace kiln::sweep
