// How an array comes to be: its files, sbatch, and the arrays that an earlier process submitted.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "json/read.hpp"
#include "sweep/slurm.hpp"
#include "sweep/whole_file.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 3;  ///< of a question that must be answered

/// One that no other job has, whoever started it and wherever.
std::string new_name(const std::string& base) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  base::ContentHash hash;
  hash.update(
      fmt::format("{} {} {} {}", base, host, ::getpid(), std::chrono::system_clock::now().time_since_epoch().count()));
  return "kiln-" + hash.hex().substr(0, 12);
}

base::Status write_job(const ArrayFiles& files, const std::string& name, std::size_t tasks, const JobId& id) {
  return write_whole(files.job(),
                     json::write(json::Object{
                         {"name", name}, {"tasks", std::uint64_t{tasks}}, {"id", id.number}, {"cluster", id.cluster}}) +
                         "\n");
}

struct Job {
  ArrayFiles files;
  std::string name;
  std::size_t tasks = 0;
  JobId id;
  Task task;
};

base::Result<Job> read_job(const std::string& path) {
  const auto bad = [&] { return base::Error{path + " is no job of a sweep"}; };
  Job job;
  job.files = {path.substr(0, path.size() - std::string_view(".job").size())};
  const auto text = base::read_text_file(path);
  if (!text) return text.error();
  const auto tree = json::read(*text, 4, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_object()) return bad();
  const auto member = [&](const char* key) {
    const auto* found = tree->find(key);
    return found != nullptr && found->is_text() ? found->text() : std::string();
  };
  const auto* tasks = tree->find("tasks");
  if (tasks == nullptr || !tasks->is_whole() || tasks->whole() < 1 || tasks->whole() > 1'000'000) return bad();
  job.tasks = tasks->whole();
  job.name = member("name");
  job.id = {member("id"), member("cluster")};
  if (job.name.empty()) return bad();
  const auto todo = base::read_text_file(job.files.todo());
  if (!todo) return todo.error();
  auto task = parse_task(*todo, job.files.todo());
  if (!task) return task.error();
  job.task = *std::move(task);
  return job;
}

/// Of the jobs with this name.
base::Result<bool> any_at_work(const std::string& name, const std::string& cluster) {
  for (int tried = 1;; ++tried) {
    auto asked = Asked::start(squeue_words(name, cluster));
    if (!asked) return asked.error();
    if (asked->good()) {
      for (const auto& task : parse_tasks(asked->reply()))
        if (task.at_work()) return true;
      return false;
    }
    if (tried == kTries) return base::Error{"squeue: " + asked->words()};
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

/// R.db.parts/array-K with a K of which there is no file yet, a log neither: tasks append to theirs.
std::string new_base(const std::string& folder) {
  constexpr std::string_view kPrefix = "array-";
  unsigned last = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    unsigned number = 0;
    if (name.starts_with(kPrefix)) std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
    last = std::max(last, number);
  }
  return fmt::format("{}/{}{}", folder, kPrefix, last + 1);
}

void remove_array(const ArrayFiles& files) {
  for (const auto& file : {files.job(), files.todo(), files.base + ".sbatch"}) ::unlink(file.c_str());
}

}  // namespace

base::Result<WrittenArray> write_array(const Task& task, const ArraySettings& settings, std::string script) {
  WrittenArray written;
  written.files.base = new_base(settings.folder);
  written.name = new_name(written.files.base);
  written.tasks = std::min(settings.tasks, task.numbers.size());
  written.script = script.empty() ? written.files.base + ".sbatch" : std::move(script);
  const char* configs = std::getenv("KILN_CONFIG_PATH");
  const auto text = text_of({.files = written.files,
                             .name = written.name,
                             .tasks = written.tasks,
                             .program = fs::canonical("/proc/self/exe").string(),
                             .database = settings.database,
                             .spec = settings.folder + "/spec.json",
                             .folder = fs::current_path().string(),
                             .config_path = configs == nullptr ? "" : configs,
                             .options = settings.options});
  if (!text) return text.error();
  if (const auto good = write_whole(written.files.todo(), to_text(task)); !good) return good.error();
  if (const auto good = write_job(written.files, written.name, written.tasks, {}); !good) return good.error();
  if (const auto good = write_whole(written.script, *text); !good) return good.error();
  return written;
}

base::Result<std::unique_ptr<SlurmArray>> SlurmArray::submit(const Task& task, const ArraySettings& settings) {
  const auto written = write_array(task, settings, "");
  if (!written) return written.error();
  // Made here, they are seen here: a network file system may remember for a minute that a file is not there.
  for (std::size_t i = 1; i <= written->tasks; ++i)
    if (const auto made = WorkerFile::append_to(written->files.answers(i)); !made) return made.error();
  auto asked = Asked::start(sbatch_words(written->script));
  if (!asked) return asked.error();
  std::optional<JobId> id;
  if (asked->good()) id = parse_job_id(asked->reply());
  if (!id) {
    // Slurm may have taken it and the answer not have come.
    const auto taken = any_at_work(written->name, "");
    if (!taken)
      return base::Error{fmt::format("sbatch: {}; {}: whether Slurm took the array is not known; --resume asks again",
                                     asked->words(), taken.error().message)};
    if (!*taken) {
      remove_array(written->files);
      for (std::size_t i = 1; i <= written->tasks; ++i) ::unlink(written->files.answers(i).c_str());
      return base::Error{"sbatch: " + asked->words()};
    }
    id.emplace();
  }
  if (const auto good = write_job(written->files, written->name, written->tasks, *id); !good) return good.error();
  return std::unique_ptr<SlurmArray>(
      new SlurmArray(written->files, written->name, *id, written->tasks, task, settings));
}

base::Result<std::vector<std::unique_ptr<SlurmArray>>> SlurmArray::at_work_in(const ArraySettings& settings) {
  std::vector<std::unique_ptr<SlurmArray>> arrays;
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(settings.folder))
    if (entry.path().extension() == ".job") paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    const auto job = read_job(path);
    if (!job) {
      ::unlink(path.c_str());  // half of an array that was never submitted
      continue;
    }
    const auto busy = any_at_work(job->name, job->id.cluster);
    if (!busy) return busy.error();
    arrays.emplace_back(new SlurmArray(job->files, job->name, job->id, job->tasks, job->task, settings));
    arrays.back()->adopted_ = true;
    // It may have ended after its files were gathered: they are read once more.
    arrays.back()->ended_ = !*busy;
  }
  return arrays;
}

}  // namespace kiln::sweep
