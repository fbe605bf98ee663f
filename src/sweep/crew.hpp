// Worker processes of this machine, each with its own part of the points. Private to the sweep module.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "sweep/outcome.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// What a worker is told: the file PART.todo.
struct Task {
  std::vector<std::uint64_t> numbers;
  bool verify = false;
  bool fail_fast = false;
};
std::string to_text(const Task& task);
base::Result<Task> parse_task(const std::string& text, const std::string& name);

class Crew {
 public:
  /// Cuts the task into `jobs` parts, writes their files into the folder and starts a process each.
  static base::Result<Crew> start(const Task& task, std::size_t jobs, const std::string& folder);
  Crew(Crew&&) = default;
  Crew& operator=(Crew&&) = delete;
  ~Crew();

  /// What the workers wrote since the last time.
  std::vector<Outcome> news(const std::function<void(const std::string&)>& warn);
  [[nodiscard]] bool at_work();
  /// They end after the points that they are at.
  void stop() const;
  /// The first sentence of a worker that did not end well; empty if there is none.
  [[nodiscard]] std::string failure() const;

 private:
  struct Worker {
    pid_t process = -1;  ///< -1: it has ended
    std::string part;
    std::uint64_t read = 0;
    bool failed = false;
  };
  Crew() = default;
  std::vector<Worker> workers_;
};

}  // namespace kiln::sweep
