// Worker processes of this machine, each with its own part of the points. Private to the sweep module.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "sweep/workers.hpp"

namespace kiln::sweep {

class Crew : public Workers {
 public:
  /// Cuts the task into `jobs` parts, writes their files into the folder and starts a process each.
  static base::Result<Crew> start(const Task& task, std::size_t jobs, const std::string& folder);
  Crew(Crew&&) = default;
  Crew& operator=(Crew&&) = delete;
  ~Crew() override;

  /// What the workers wrote since the last time. A worker that a signal ended has failed at the point that it was at, and
  /// another one goes on after it; the first SIGKILL at a point is none of its doing, and it is answered again.
  base::Result<std::vector<Outcome>> news(const std::function<void(const std::string&)>& warn) override;
  bool at_work() override;
  /// They end after the points that they are at; how they end then says nothing.
  void stop() override;
  /// What a worker said that could not go on; empty if there is none.
  [[nodiscard]] std::string failure() const override;
  void remove_files() const override;

 private:
  struct Worker {
    std::string part;
    Task task;
    pid_t process = -1;      ///< -1: it has ended
    int signal = 0;          ///< that ended it
    bool failed = false;     ///< it said why
    bool is_second = false;  ///< at its first point another one was ended by SIGKILL
    std::uint64_t read = 0;  ///< bytes of its file
    std::size_t answered = 0;
  };
  Crew() = default;
  base::Status start_worker(Worker worker);
  std::vector<Worker> workers_;
  bool stopped_ = false;
};

}  // namespace kiln::sweep
