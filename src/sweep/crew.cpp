#include "sweep/crew.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/folder.hpp"
#include "sweep/whole_file.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
base::Status Crew::start_worker(Worker worker) {
  if (const auto good = write_whole(worker.part + ".todo", to_text(worker.task)); !good) return good;
  const auto process = base::start_program({"/proc/self/exe", "sweep", "--worker", worker.part},
                                           {"/dev/null", worker.part + ".log", "", false});
  if (!process) return process.error();
  worker.process = *process;
  workers_.push_back(std::move(worker));
  return {};
}

base::Result<Crew> Crew::start(const Task& task, std::size_t jobs, const std::string& folder) {
  Crew crew;
  jobs = std::min(jobs, task.numbers.size());
  // Files of a verification come behind those of the answers that it looks at, by name as in time.
  const std::string kind = task.verify ? "verify" : "answer";
  for (std::size_t j = 0; j < jobs; ++j) {
    Worker worker;
    // A name of this process: one that was left by another is nobody's.
    worker.part = fmt::format("{}/{}-{}-{}", folder, kind, ::getpid(), j);
    worker.task = {{}, task.verify, task.fail_fast};
    // Neighbours cost alike, so each gets every so-manieth.
    for (std::size_t i = j; i < task.numbers.size(); i += jobs) worker.task.numbers.push_back(task.numbers[i]);
    if (const auto good = crew.start_worker(std::move(worker)); !good) return good.error();
  }
  return crew;
}

Crew::~Crew() {
  stop();
  for (auto& worker : workers_)
    if (worker.process >= 0) base::wait_for(worker.process);
}

base::Result<std::vector<Outcome>> Crew::news(const std::function<void(const std::string&)>& warn) {
  std::vector<Outcome> all;
  // Not by reference: those that go on behind a crash come to the end of the list.
  for (std::size_t w = 0; w < workers_.size(); ++w) {
    const auto file = workers_[w].part + ".jsonl";
    auto some = read_outcomes(file, workers_[w].read, [&](std::uint64_t byte) {
      warn(fmt::format("{}: byte {}: a line is not whole; its point is answered again by --resume", file, byte));
    });
    if (!some) return some;
    workers_[w].answered += some->size();
    std::move(some->begin(), some->end(), std::back_inserter(all));
    auto& worker = workers_[w];
    if (worker.signal == 0 || stopped_ || worker.answered >= worker.task.numbers.size()) continue;
    auto answered = worker.answered;
    Worker next;
    // Nobody but the system or a user sends this one: the point may be none the worse for it, once.
    next.is_second = worker.signal == SIGKILL && !(worker.is_second && answered == 0);
    if (!next.is_second)
      all.push_back({worker.task.numbers[answered++],
                     "",
                     State::Failed,
                     fmt::format("the process that answered it was ended by signal {}", worker.signal),
                     {},
                     false});
    next.part = worker.part + "+";
    next.task = worker.task;
    next.task.numbers.erase(next.task.numbers.begin(),
                            next.task.numbers.begin() + static_cast<std::ptrdiff_t>(answered));
    worker.signal = 0;
    if (next.task.numbers.empty()) continue;
    if (const auto good = start_worker(std::move(next)); !good) return good.error();
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
    if (ended > 0 && WIFSIGNALED(status)) worker.signal = WTERMSIG(status);
    worker.failed = !stopped_ && ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0;
    // One that was ended by a signal may have a successor.
    any = any || worker.signal != 0;
  }
  return any;
}

void Crew::stop() {
  stopped_ = true;
  for (const auto& worker : workers_)
    if (worker.process >= 0) ::kill(worker.process, SIGTERM);
}

std::string Crew::failure() const {
  for (const auto& worker : workers_) {
    if (!worker.failed) continue;
    const auto said = said_in(worker.part + ".log");
    return said.empty() ? "a worker ended and did not say why" : said;
  }
  return "";
}

void Crew::remove_files() const {
  for (const auto& worker : workers_)
    for (const char* ending : {".todo", ".log", ".jsonl"}) ::unlink((worker.part + ending).c_str());
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
  if (plan->spec->sample.method == Method::Adaptive) {
    auto points = kept_points(folder);
    if (!points) return points.error();
    plan->resolver->set_points(*std::move(points));
  }
  for (const auto number : task->numbers)
    if (number >= plan->resolver->points().size()) return base::Error{part + ".todo is of another spec"};
  if (const auto good = take_stored(*plan, task->numbers, folder); !good) return good;
  auto file = WorkerFile::append_to(part + ".jsonl");
  if (!file) return file.error();
  for (const auto number : task->numbers) {
    if (environment.progress.stopped()) break;
    const auto outcome = evaluate(*plan->spec, *plan->resolver, number, task->verify, environment);
    if (outcome.state == State::Interrupted) break;
    if (const auto good = file->add(outcome); !good) return good;
    if (task->fail_fast && outcome.state == State::Failed) break;
  }
  return file->sync();
}

}  // namespace kiln::sweep
