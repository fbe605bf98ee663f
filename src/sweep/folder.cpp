#include "sweep/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.hpp"
#include "json/read.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/plan.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {

namespace fs = std::filesystem;

namespace {

/// All of it or nothing, for whoever reads. Shards of several machines may come here at once, each with the same text.
base::Status write_whole(const std::string& file, const std::string& text) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  const auto own = fmt::format("{}.{}.{}", file, host, ::getpid());
  std::ofstream out(own, std::ios::trunc);
  out << text;
  out.close();
  if (out && std::rename(own.c_str(), file.c_str()) == 0) return {};
  ::unlink(own.c_str());
  return base::Error{file + ": cannot write"};
}

}  // namespace

base::Result<Folder> Folder::open(const std::string& database, bool exclusive) {
  Folder folder;
  folder.path_ = parts_of(database);
  std::error_code failed;
  fs::create_directories(folder.path_, failed);
  if (failed) return base::Error{fmt::format("{}: cannot be made: {}", folder.path_, failed.message())};
  if (!exclusive) return folder;
  folder.lock_ = ::open((folder.path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (folder.lock_ < 0) return base::Error{folder.path_ + "/lock: cannot write"};
  if (::flock(folder.lock_, LOCK_EX | LOCK_NB) != 0)
    return base::Error{database + ": another kiln sweep is at work on it"};
  return folder;
}

Folder::Folder(Folder&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) { other.lock_ = -1; }

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
}

std::vector<std::string> Folder::files(std::string_view ending) const {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(path_))
    if (entry.path().string().ends_with(ending)) found.push_back(entry.path().string());
  std::ranges::sort(found);
  return found;
}

void Folder::remove_if_empty() const {
  if (!files(".jsonl").empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

base::Status Folder::keep_spec(const std::string& canonical) const {
  const auto file = path_ + "/spec.json";
  const auto there = base::read_text_file(file);
  if (there && *there == canonical) return {};
  if (there && !files(".jsonl").empty())
    return base::Error{fmt::format("{} holds answers to another spec; it differs at {}", path_,
                                   fmt::join(changed(*there, canonical), ", "))};
  return write_whole(file, canonical);
}

base::Status Folder::keep_points(const std::vector<Setting>& points) const {
  json::Array all;
  for (const auto& setting : points) all.emplace_back(json::Array(setting.begin(), setting.end()));
  return write_whole(path_ + "/points.json", json::write(std::move(all)));
}

base::Result<std::vector<Setting>> kept_points(const std::string& folder) {
  const auto file = folder + "/points.json";
  const auto text = base::read_text_file(file);
  if (!text) return text.error();
  const auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_array()) return base::Error{file + " has no points of a sweep"};
  std::vector<Setting> points;
  for (const auto& setting : tree->array()) {
    if (!setting.is_array()) return base::Error{file + " has no points of a sweep"};
    points.push_back(setting.array());
  }
  return points;
}

namespace {

/// The lines of a file that are answers to the plan's points.
base::Result<std::vector<Outcome>> outcomes_of(const std::string& file, const Plan& plan,
                                               const std::function<void(const std::string&)>& warn) {
  std::uint64_t from = 0;
  auto outcomes = read_outcomes(file, from, [&](std::uint64_t byte) {
    warn(fmt::format("{}: byte {}: a line is not whole; its point is answered again", file, byte));
  });
  if (!outcomes) return outcomes;
  std::size_t strangers = 0;
  std::erase_if(*outcomes, [&](const Outcome& each) {
    const bool own = each.number < plan.resolver->points().size() && plan.resolver->key_of(each.number) == each.key;
    strangers += own ? 0 : 1;
    return !own;
  });
  if (strangers > 0)
    warn(
        fmt::format("{}: {} of its lines are answers of another Kiln, or to other configs; their points are answered "
                    "again",
                    file, strangers));
  return outcomes;
}

}  // namespace

base::Status gather(const Folder& folder, const Plan& plan, Database& database,
                    const std::function<void(const std::string&)>& on_warning) {
  const auto warn = [&](const std::string& sentence) {
    if (on_warning) on_warning(sentence);
  };
  for (const auto& file : folder.files(".jsonl")) {
    // Looked at first: what is written later is then in a file that stays.
    const bool busy = in_use(file);
    const auto outcomes = outcomes_of(file, plan, warn);
    if (!outcomes) return outcomes.error();
    if (const auto good = database.put(*outcomes); !good) return good;
    std::error_code ignored;
    if (!busy) fs::remove(file, ignored);
  }
  return gather_accuracies(folder.path(), database);
}

}  // namespace kiln::sweep
