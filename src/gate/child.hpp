// One of a baseline's commands, run by a program in the baseline's folder.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::gate {

/// Where commands run, and where they may write.
struct Place {
  std::string folder;       ///< of the baseline
  std::string scratch;      ///< a folder; of what is in it, only the last run's is there
  std::size_t threads = 0;  ///< 0: as many as the program takes by itself
};

struct Ended {
  int status = 0, signal = 0;
  double processor_s = 0;  ///< of the whole tree of processes that it waited for, user and system
  double wall_s = 0;       ///< from its start to its end
  std::string document;    ///< a file; there is none where the command failed
  std::string said;        ///< the first line
  [[nodiscard]] bool good() const { return status == 0 && signal == 0; }
  /// "ended by signal 9", or what it said.
  [[nodiscard]] std::string why() const;
};

/// Fails where the program cannot be started. A stop interrupts it, and it is waited for.
base::Result<Ended> run_child(const std::string& program, const std::vector<std::string>& command, const Place& place,
                              const std::stop_token& stop);

}  // namespace kiln::gate
