// Runs the `kiln` that was built beside the tests, as a user would, and tells what it printed and how it ended.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

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
  const std::string program = KILN_BINARY_DIR "/kiln";
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string out = base + ".out";
  const std::string err = base + ".err";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644), STDERR_FILENO);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  return child;
}

inline Outcome finish_kiln(pid_t child, const std::string& base) {
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  outcome.out = slurp(base + ".out");
  outcome.err = slurp(base + ".err");
  return outcome;
}

inline Outcome run_kiln(const std::vector<std::string>& arguments, const std::string& scratch) {
  const std::string base = scratch + "/kiln_" + std::to_string(::getpid());
  return finish_kiln(start_kiln(arguments, base), base);
}

}  // namespace kiln::test
