#include "rtl/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

extern char** environ;

namespace kiln::rtl {
namespace {

constexpr std::size_t kLogLines = 12;  ///< of a failed program, in an error

std::string beginning_of(const std::filesystem::path& log) {
  std::ifstream in(log);
  std::string text, line;
  for (std::size_t i = 0; i < kLogLines && std::getline(in, line); ++i) text += "\n  " + line;
  return text;
}

}  // namespace

bool on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    const std::string file = std::string(folder.empty() ? "." : folder) + "/" + program;
    if (access(file.c_str(), X_OK) == 0) return true;
  }
  return false;
}

base::Status run_program(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                         const std::string& needed_for) {
  if (!on_path(arguments.front())) {
    return base::Error{
        fmt::format("{} is not on this machine (no folder of PATH has it); {}", arguments.front(), needed_for)};
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  const int failed = posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return base::Error{fmt::format("{}: cannot be started: {}", arguments.front(), std::strerror(failed))};
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFEXITED(status) ? fmt::format("ended with status {}", WEXITSTATUS(status))
                                            : fmt::format("was ended by signal {}", WTERMSIG(status));
  return base::Error{fmt::format("{} {}; {} begins:{}", arguments.front(), how, log.string(), beginning_of(log))};
}

}  // namespace kiln::rtl
