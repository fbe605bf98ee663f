#include "sweep/workers.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/subprocess.hpp"
#include "sweep/crew.hpp"
#include "sweep/slurm.hpp"

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;

ArraySettings settings_of(const SweepQuestion& question, const Plan& plan) {
  const auto output = fs::absolute(question.output).lexically_normal().string();
  return {.folder = parts_of(output),
          .database = output,
          .tasks = question.jobs,
          .options = question.sbatch,
          .key_of = [&plan](std::uint64_t number) { return plan.resolver->key_of(number); }};
}

}  // namespace

std::string said_in(const std::string& log) {
  constexpr std::string_view kPrefix = "kiln: error: ";
  std::ifstream file(log);
  std::string line, first, error;
  for (bool is_first = true; std::getline(file, line); is_first = false) {
    if (is_first) first = line;
    if (line.starts_with(kPrefix)) error = line.substr(kPrefix.size());
  }
  return error.empty() ? first : error;
}

base::Status can_start_workers(const SweepQuestion& question) {
  for (const char* program : {"sbatch", "squeue", "scancel"})
    if (question.scheduler == Scheduler::Slurm && !base::on_path(program))
      return base::Error{
          fmt::format("--engine slurm: {} is not on this machine (no folder of PATH has it); --emit slurm "
                      "writes a script for another one",
                      program)};
  return {};
}

base::Result<std::unique_ptr<Workers>> start_workers(const Task& task, const SweepQuestion& question,
                                                     const Plan& plan) {
  if (question.scheduler == Scheduler::Slurm) {
    auto array = SlurmArray::submit(task, settings_of(question, plan));
    if (!array) return array.error();
    return std::unique_ptr<Workers>(std::move(*array));
  }
  auto crew = Crew::start(task, question.jobs, parts_of(question.output));
  if (!crew) return crew.error();
  return std::unique_ptr<Workers>(std::make_unique<Crew>(std::move(*crew)));
}

base::Result<std::vector<std::unique_ptr<Workers>>> workers_left(const SweepQuestion& question, const Plan& plan) {
  std::vector<std::unique_ptr<Workers>> workers;
  if (question.scheduler != Scheduler::Slurm) return workers;
  auto arrays = SlurmArray::at_work_in(settings_of(question, plan));
  if (!arrays) return arrays.error();
  for (auto& array : *arrays) workers.push_back(std::move(array));
  return workers;
}

base::Status emit_array(const Task& task, const SweepQuestion& question, const Plan& plan, SweepAnswer& answer) {
  if (task.numbers.empty()) return {};
  const auto settings = settings_of(question, plan);
  const auto written = write_array(task, settings, settings.database + ".sbatch");
  if (!written) return written.error();
  answer.script = written->script;
  answer.tasks = written->tasks;
  return {};
}

}  // namespace kiln::sweep
