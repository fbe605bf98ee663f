#include "sweep/crew.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "json/read.hpp"
#include "sweep/plan.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

base::Status write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.flush();
  if (!file) return base::Error{path + ": cannot write"};
  return {};
}

}  // namespace

std::string to_text(const Task& task) {
  json::Array numbers;
  for (const auto number : task.numbers) numbers.emplace_back(number);
  return json::write(
      json::Object{{"numbers", std::move(numbers)}, {"verify", task.verify}, {"fail_fast", task.fail_fast}});
}

base::Result<Task> parse_task(const std::string& text, const std::string& name) {
  const auto tree = json::read(text, 4, [](const json::Problem&) { return false; });
  const auto* numbers = tree ? tree->find("numbers") : nullptr;
  if (numbers == nullptr || !numbers->is_array()) return base::Error{name + " is no part of a sweep"};
  Task task;
  for (const auto& number : numbers->array()) {
    if (!number.is_whole()) return base::Error{name + " is no part of a sweep"};
    task.numbers.push_back(number.whole());
  }
  const auto flag = [&](const char* key) {
    const auto* found = tree->find(key);
    return found != nullptr && found->is_boolean() && found->boolean();
  };
  task.verify = flag("verify");
  task.fail_fast = flag("fail_fast");
  return task;
}

base::Result<Crew> Crew::start(const Task& task, std::size_t jobs, const std::string& folder) {
  Crew crew;
  jobs = std::min(jobs, task.numbers.size());
  for (std::size_t j = 0; j < jobs; ++j) {
    Task own{{}, task.verify, task.fail_fast};
    // Neighbours cost alike, so each gets every so-manieth.
    for (std::size_t i = j; i < task.numbers.size(); i += jobs) own.numbers.push_back(task.numbers[i]);
    // A name of this process: one that was left by another is nobody's.
    Worker worker;
    worker.part = fmt::format("{}/local-{}-{}{}", folder, ::getpid(), j, task.verify ? "-verify" : "");
    if (const auto good = write_text(worker.part + ".todo", to_text(own)); !good) return good.error();
    const auto process = base::start_program({"/proc/self/exe", "sweep", "--worker", worker.part},
                                             {"/dev/null", worker.part + ".log", "", false});
    if (!process) return process.error();
    worker.process = *process;
    crew.workers_.push_back(std::move(worker));
  }
  return crew;
}

Crew::~Crew() {
  stop();
  for (auto& worker : workers_)
    if (worker.process >= 0) base::wait_for(worker.process);
}

std::vector<Outcome> Crew::news(const std::function<void(const std::string&)>& warn) {
  std::vector<Outcome> all;
  for (auto& worker : workers_) {
    const auto file = worker.part + ".jsonl";
    auto some = read_outcomes(file, worker.read, [&](std::uint64_t byte) {
      warn(fmt::format("{}: byte {}: a line is not whole; its point is answered again by --resume", file, byte));
    });
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

bool Crew::at_work() {
  bool any = false;
  for (auto& worker : workers_) {
    if (worker.process < 0) continue;
    int status = 0;
    const auto ended = ::waitpid(worker.process, &status, WNOHANG);
    if (ended == 0) {
      any = true;
      continue;
    }
    worker.process = -1;
    worker.failed = ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  }
  return any;
}

void Crew::stop() const {
  for (const auto& worker : workers_)
    if (worker.process >= 0) ::kill(worker.process, SIGTERM);
}

std::string Crew::failure() const {
  for (const auto& worker : workers_) {
    if (!worker.failed) continue;
    const auto log = base::read_text_file(worker.part + ".log", 1 << 16);
    const auto line = log ? log->substr(0, log->find('\n')) : std::string();
    constexpr std::string_view kPrefix = "kiln: error: ";
    if (line.empty()) return "a worker ended at once, and did not say why";
    return line.starts_with(kPrefix) ? line.substr(kPrefix.size()) : line;
  }
  return "";
}

base::Status run_worker(const std::string& part, study::Environment& environment) {
  // Nobody would gather what an orphan finds.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const auto slash = part.rfind('/');
  const auto folder = slash == part.npos ? std::string(".") : part.substr(0, slash);
  const auto text = base::read_text_file(part + ".todo");
  if (!text) return text.error();
  const auto task = parse_task(*text, part + ".todo");
  if (!task) return task.error();
  const auto spec = base::read_text_file(folder + "/spec.json");
  if (!spec) return spec.error();
  const auto plan = plan_of(*spec, folder + "/spec.json", environment);
  if (!plan) return plan.error();
  auto file = WorkerFile::append_to(part + ".jsonl");
  if (!file) return file.error();
  for (const auto number : task->numbers) {
    if (environment.progress.stopped()) break;
    if (number >= plan->resolver->points().size()) return base::Error{part + ".todo is of another spec"};
    const auto outcome = evaluate(*plan->spec, *plan->resolver, number, task->verify, environment);
    if (outcome.state == State::Interrupted) break;
    if (const auto good = file->add(outcome); !good) return good;
    if (task->fail_fast && outcome.state == State::Failed) break;
  }
  return file->sync();
}

}  // namespace kiln::sweep
