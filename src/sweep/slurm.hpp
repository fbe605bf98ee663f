// A sweep's points as a job array of Slurm: submitted by sbatch, watched by squeue, ended by scancel. Its tasks write their
// own files, as processes of one machine do; the array outlives whoever submitted it. Private to the sweep module.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <unordered_set>

#include "sweep/slurm_queue.hpp"
#include "sweep/slurm_script.hpp"
#include "sweep/workers.hpp"

namespace kiln::sweep {

/// What the arrays of a sweep have in common.
struct ArraySettings {
  std::string folder;                ///< of workers' files, absolute
  std::string database;              ///< absolute
  std::size_t tasks = 1;             ///< at most, of an array
  std::vector<std::string> options;  ///< of sbatch
  std::function<std::string(std::uint64_t number)> key_of;
};

struct WrittenArray {
  ArrayFiles files;
  std::string name, script;
  std::size_t tasks = 0;
};
/// The files of a new array, its script at `script` or, if that is empty, in the folder.
base::Result<WrittenArray> write_array(const Task& task, const ArraySettings& settings, std::string script);

class SlurmArray : public Workers {
 public:
  /// Fails with sbatch's own words where it refuses.
  static base::Result<std::unique_ptr<SlurmArray>> submit(const Task& task, const ArraySettings& settings);
  /// Those that an earlier process submitted, also those that have ended since. Their points may be left unanswered: that is
  /// no failure of theirs.
  static base::Result<std::vector<std::unique_ptr<SlurmArray>>> at_work_in(const ArraySettings& settings);

  base::Result<std::vector<Outcome>> news(const std::function<void(const std::string&)>& warn) override;
  bool at_work() override;
  void stop() override;
  [[nodiscard]] std::string failure() const override;
  void remove_files() const override;
  [[nodiscard]] std::string state() const override;

 private:
  using Clock = std::chrono::steady_clock;
  SlurmArray(ArrayFiles files, std::string name, JobId id, std::size_t tasks, const Task& task,
             const ArraySettings& settings);
  base::Result<std::vector<Outcome>> read(std::size_t task, const std::function<void(const std::string&)>& warn);
  void look();
  void hear(Asked& queue);
  void no_reply(const std::string& words);
  void note_held();
  void look_at_cancel();
  void give_up(std::string why);
  [[nodiscard]] std::string job() const;
  [[nodiscard]] std::string cancel_word() const;  ///< what scancel is told

  ArrayFiles files_;
  std::string name_;
  JobId id_;
  std::vector<std::uint64_t> numbers_;  ///< task I has every tasks-th from the I-th
  std::function<std::string(std::uint64_t)> key_of_;
  std::vector<std::uint64_t> read_;  ///< bytes of each task's file
  std::unordered_set<std::uint64_t> missing_;
  std::map<std::size_t, ArrayTask> tasks_;  ///< as last heard of

  std::optional<Asked> queue_, cancel_;
  Clock::time_point began_ = Clock::now(), next_look_, next_read_, failing_since_, stopped_at_;
  std::vector<std::string> notes_;  ///< for the next warn()
  std::string gave_up_;
  int failed_looks_ = 0, quiet_looks_ = 0;
  bool adopted_ = false, stopped_ = false, ended_ = false, noted_ = false, noted_held_ = false, warned_of_keys_ = false;
};

}  // namespace kiln::sweep
