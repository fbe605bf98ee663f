// Runs the `kiln` that was built beside the tests, as a user would, and tells what it printed and how it ended.
#pragma once

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/subprocess.hpp"

namespace kiln::test {

struct Outcome {
  int status = -1;  ///< exit status, or -signal
  std::string out;
  std::string err;
};

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Child process running kiln with its output in files `base`.out and `base`.err.
inline pid_t start_kiln(const std::vector<std::string>& arguments, const std::string& base) {
  std::vector<std::string> all = {KILN_BINARY_DIR "/kiln"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return kiln::base::start_program(all, {.in = "", .out = base + ".out", .err = base + ".err"}).value();
}

inline Outcome finish_kiln(pid_t child, const std::string& base) {
  const auto end = kiln::base::wait_for(child);
  Outcome outcome;
  outcome.status = end.signal == 0 ? end.status : -end.signal;
  outcome.out = slurp(base + ".out");
  outcome.err = slurp(base + ".err");
  return outcome;
}

inline Outcome run_kiln(const std::vector<std::string>& arguments, const std::string& scratch) {
  const std::string base = scratch + "/kiln_" + std::to_string(::getpid());
  return finish_kiln(start_kiln(arguments, base), base);
}

}  // namespace kiln::test
