#include "base/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

extern char** environ;

namespace kiln::base {
namespace {

constexpr std::size_t kLogLines = 12;  ///< of a failed program, in an error

std::string beginning_of(const std::string& log) {
  std::ifstream in(log);
  std::string text, line;
  for (std::size_t i = 0; i < kLogLines && std::getline(in, line); ++i) text += "\n  " + line;
  return text;
}

/// What happens in the child before the program runs.
class Actions {
 public:
  explicit Actions(const ProgramStreams& streams) {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
    // As in a shell, whatever this process blocks and ignores.
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGXFSZ, SIGPIPE}) sigaddset(&usual, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                              (streams.own_session ? POSIX_SPAWN_SETSID : 0)));
    if (!streams.in.empty()) posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, streams.in.c_str(), O_RDONLY, 0);
    if (!streams.out.empty()) open_for_writing(STDOUT_FILENO, streams.out);
    if (!streams.err.empty()) {
      open_for_writing(STDERR_FILENO, streams.err);
    } else if (!streams.out.empty()) {
      posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    }
    // After the files, whose paths are this process's.
    if (!streams.folder.empty()) posix_spawn_file_actions_addchdir_np(&files_, streams.folder.c_str());
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  void open_for_writing(int stream, const std::string& path) {
    posix_spawn_file_actions_addopen(&files_, stream, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }

  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<pid_t> start_program(const std::vector<std::string>& arguments, const ProgramStreams& streams) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Actions actions(streams);
  pid_t program = 0;
  const int failed = posix_spawnp(&program, argv[0], actions.files(), actions.attributes(), argv.data(), environ);
  if (failed != 0) return Error{fmt::format("{}: cannot be started: {}", arguments.front(), std::strerror(failed))};
  return program;
}

ProgramEnd wait_for(pid_t program) {
  int status = 0;
  while (waitpid(program, &status, 0) < 0) check(errno == EINTR, "waiting for a program that this process started");
  ProgramEnd end;
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

ProgramEnd wait_for(pid_t program, const std::stop_token& stop) {
  constexpr int kLookMs = 100;
  constexpr std::chrono::seconds kPatience{10};
  {
    // Only until the program has ended: once it was waited for, its number may be another process's.
    const std::stop_callback interrupt(stop, [program] { ::kill(program, SIGINT); });
    const auto handle =
        static_cast<int>(::syscall(SYS_pidfd_open, program, 0U));  // the header of glibc 2.36 is C alone
    std::optional<std::chrono::steady_clock::time_point> asked;
    for (siginfo_t info{}; info.si_pid == 0;) {
      pollfd end{handle, POLLIN, 0};
      ::poll(&end, 1, kLookMs);  // wakes up at once when the program ends; where there is no handle, looks now and then
      if (::waitid(P_PID, static_cast<id_t>(program), &info, WEXITED | WNOWAIT | WNOHANG) != 0 && errno != EINTR) break;
      if (!stop.stop_requested()) continue;
      if (!asked) asked = std::chrono::steady_clock::now();
      if (std::chrono::steady_clock::now() - *asked > kPatience) ::kill(program, SIGKILL);
    }
    if (handle >= 0) ::close(handle);
  }
  return wait_for(program);
}

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

Status run_program(const std::vector<std::string>& arguments, const std::string& log, const std::string& needed_for) {
  if (!on_path(arguments.front())) {
    return Error{
        fmt::format("{} is not on this machine (no folder of PATH has it); {}", arguments.front(), needed_for)};
  }
  const auto program = start_program(arguments, {.in = "/dev/null", .out = log, .err = ""});
  if (!program) return program.error();
  const ProgramEnd end = wait_for(*program);
  if (end.good()) return {};
  const std::string how = end.signal == 0 ? fmt::format("ended with status {}", end.status)
                                          : fmt::format("was ended by signal {}", end.signal);
  return Error{fmt::format("{} {}; {} begins:{}", arguments.front(), how, log, beginning_of(log)),
               end.signal == SIGINT};
}

}  // namespace kiln::base
