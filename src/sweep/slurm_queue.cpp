#include "sweep/slurm_queue.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/text.hpp"

namespace kiln::sweep {
namespace {

/// States in which nothing more comes of a task. Any other, an unknown one too, is waited for.
constexpr std::array<std::string_view, 10> kEnded = {"BOOT_FAIL",     "CANCELLED", "COMPLETED", "DEADLINE", "FAILED",
                                                     "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "REVOKED",  "TIMEOUT"};

/// Beginnings of reasons for which a task waits until somebody does something.
constexpr std::array<std::string_view, 4> kHolding = {"JobHeld", "launch failed", "launch_failed", "Dependency"};

/// Variables with which a user may narrow what squeue and scancel look at, or overrule what the script says of the array.
constexpr std::string_view kOverruling[] = {
    "SQUEUE_ACCOUNT", "SQUEUE_LICENSES",  "SQUEUE_PARTITION",  "SQUEUE_QOS",       "SQUEUE_USERS",
    "SQUEUE_SORT",    "SCANCEL_ACCOUNT",  "SCANCEL_PARTITION", "SCANCEL_STATE",    "SCANCEL_INTERACTIVE",
    "SCANCEL_QOS",    "SBATCH_ARRAY_INX", "SBATCH_JOB_NAME",   "SBATCH_OPEN_MODE", "SBATCH_WAIT"};

std::vector<std::string> plainly(std::vector<std::string> words) {
  std::vector<std::string> all = {"env"};
  for (const auto name : kOverruling) {
    all.emplace_back("-u");
    all.emplace_back(name);
  }
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::string content(int file) {
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::pread(file, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

base::Result<Asked> Asked::start(const std::vector<std::string>& arguments) {
  Asked asked;
  // After `env` and the variables that it takes away.
  const auto name = std::ranges::find_if(arguments, [](const std::string& word) { return word.starts_with('s'); });
  asked.name_ = name == arguments.end() ? arguments.front() : *name;
  // The program opens them by their numbers, which it inherits.
  asked.out_ = ::memfd_create("out", 0);
  asked.err_ = ::memfd_create("err", 0);
  if (asked.out_ < 0 || asked.err_ < 0) return base::Error{"no memory for what " + asked.name_ + " says"};
  const auto path = [](int file) { return fmt::format("/proc/self/fd/{}", file); };
  const auto process = base::start_program(arguments, {"/dev/null", path(asked.out_), path(asked.err_), false});
  if (!process) return process.error();
  asked.process_ = *process;
  return asked;
}

Asked::Asked(Asked&& other) noexcept
    : name_(std::move(other.name_)), process_(other.process_), out_(other.out_), err_(other.err_), end_(other.end_) {
  other.process_ = other.out_ = other.err_ = -1;
}

Asked::~Asked() {
  if (process_ >= 0) {
    ::kill(process_, SIGKILL);
    base::wait_for(process_);
  }
  for (const int file : {out_, err_})
    if (file >= 0) ::close(file);
}

bool Asked::ended() {
  if (process_ < 0) return true;
  siginfo_t about = {};
  if (::waitid(P_PID, static_cast<id_t>(process_), &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid == 0)
    return false;
  return good(), true;
}

bool Asked::good() {
  if (process_ >= 0) end_ = base::wait_for(process_);
  process_ = -1;
  return end_.good();
}

std::string Asked::reply() const { return content(out_); }

std::string Asked::words() const {
  std::string text, rest = content(err_);
  // Slurm says more with each line.
  for (std::size_t end = 0; !rest.empty(); rest.erase(0, end + 1)) {
    end = std::min(rest.find('\n'), rest.size() - 1);
    auto line = rest.substr(0, rest.find('\n'));
    for (const auto& prefix : {name_ + ": ", std::string("error: "), std::string("fatal: ")})
      if (line.starts_with(prefix)) line.erase(0, prefix.size());
    if (!line.empty()) text += (text.empty() ? "" : "; ") + line;
  }
  if (text.empty())
    text = end_.signal == 0 ? fmt::format("ended with status {}", end_.status)
                            : fmt::format("was ended by signal {}", end_.signal);
  return base::without_controls(text);
}

bool ArrayTask::at_work() const { return std::ranges::find(kEnded, state) == kEnded.end(); }

bool ArrayTask::held() const {
  return state == "PENDING" && std::ranges::any_of(kHolding, [&](auto each) { return reason.starts_with(each); });
}

std::optional<JobId> parse_job_id(const std::string& reply) {
  const auto line = reply.substr(0, reply.find('\n'));
  const auto semicolon = line.find(';');
  JobId id{line.substr(0, semicolon), semicolon == line.npos ? "" : line.substr(semicolon + 1)};
  if (id.number.empty() || id.number.find_first_not_of("0123456789") != id.number.npos) return std::nullopt;
  return id;
}

std::vector<ArrayTask> parse_tasks(const std::string& reply) {
  std::vector<ArrayTask> tasks;
  std::string_view rest = reply;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto first = line.find('|');
    const auto second = first == line.npos ? first : line.find('|', first + 1);
    if (second == line.npos) continue;
    const auto index = line.substr(0, first);
    if (index.empty() || index.size() > 9 || index.find_first_not_of("0123456789") != index.npos) continue;
    tasks.push_back({std::stoul(std::string(index)), std::string(line.substr(first + 1, second - first - 1)),
                     std::string(line.substr(second + 1))});
  }
  std::ranges::stable_sort(tasks, {}, &ArrayTask::index);
  return tasks;
}

std::vector<std::string> sbatch_words(const std::string& script) { return plainly({"sbatch", "--parsable", script}); }

std::vector<std::string> squeue_words(const std::string& name, const std::string& cluster) {
  std::vector<std::string> words = {"squeue",       "--noheader",     "--array",
                                    "--states=all", "--name=" + name, "--format=%K|%T|%r"};
  if (!cluster.empty()) words.push_back("--clusters=" + cluster);
  return plainly(std::move(words));
}

std::vector<std::string> scancel_words(const std::string& name, const std::string& cluster) {
  std::vector<std::string> words = {"scancel", "--name=" + name};
  if (!cluster.empty()) words.push_back("--clusters=" + cluster);
  return plainly(std::move(words));
}

std::string summary(const std::vector<ArrayTask>& tasks) {
  std::map<std::string, std::pair<std::size_t, std::string>> states;
  for (const auto& task : tasks) {
    auto& [count, reason] = states[task.state];
    ++count;
    if (task.state == "PENDING" && task.reason != "None") reason = task.reason;
  }
  std::string text;
  for (const auto& [state, each] : states)
    text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", each.first, state,
                        each.second.empty() ? "" : " (" + each.second + ")");
  return text;
}

}  // namespace kiln::sweep
