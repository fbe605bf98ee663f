// Another program of this machine, started without a shell: its arguments are passed on unchanged. A program without
// a
// '/' in its name is looked up in PATH. Whoever starts one waits for it once, or it stays a zombie.
#pragma once

#include <sys/types.h>

#include <stop_token>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::base {

/// Where a program's streams go: paths of files, or empty for the default given. Output files are overwritten.
struct ProgramStreams {
  std::string in;            ///< empty: this process's own
  std::string out;           ///< empty: this process's own
  std::string err;           ///< empty: where `out` leads
  bool own_session = false;  ///< a terminal as `in` then is the one that Ctrl-C is typed at
  std::string folder = {};   ///< where it runs; empty: where this process does
};

/// How a program ended: its exit status, or the signal that ended it.
struct ProgramEnd {
  int status = 0;
  int signal = 0;
  [[nodiscard]] bool good() const { return status == 0 && signal == 0; }
};

Result<pid_t> start_program(const std::vector<std::string>& arguments, const ProgramStreams& streams = {});
ProgramEnd wait_for(pid_t program);
/// The same; a stop interrupts the program as Ctrl-C does, and it is still waited for: at most 10 seconds, then it is ended.
ProgramEnd wait_for(pid_t program, const std::stop_token& stop);

/// Whether PATH has such a program, or the path leads to one.
bool on_path(const std::string& program);

/// Runs arguments[0] with no input and with what it says going to the file `log`. Fails where it is not on the machine
/// (`needed_for` says why it is wanted), or ends with another status than 0: with the first lines of the log.
Status run_program(const std::vector<std::string>& arguments, const std::string& log, const std::string& needed_for);

}  // namespace kiln::base
