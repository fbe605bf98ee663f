#include "sweep/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/mapped_file.hpp"
#include "sweep/plan.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {

namespace fs = std::filesystem;

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

void Folder::remove() const {
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
  std::ofstream out(file + ".new", std::ios::trunc);
  out << canonical;
  out.close();
  if (!out || std::rename((file + ".new").c_str(), file.c_str()) != 0) return base::Error{file + ": cannot write"};
  return {};
}

/// What workers of an earlier process wrote, and it did not put into the database.
base::Status gather(const Folder& folder, Database& database,
                    const std::function<void(const std::string&)>& on_warning) {
  const auto record = database.record();
  if (!record) return record.error();
  const auto files = folder.files(".jsonl");
  if (files.empty()) return {};
  const auto spec = base::read_text_file(folder.path() + "/spec.json");
  if (!spec) return spec.error();
  if (*spec != record->spec)
    return base::Error{fmt::format("{} holds answers to another spec; it differs at {}", folder.path(),
                                   fmt::join(changed(record->spec, *spec), ", "))};
  for (const auto& file : files) {
    std::uint64_t from = 0;
    const auto outcomes = read_outcomes(file, from, [&](std::uint64_t byte) {
      if (on_warning)
        on_warning(fmt::format("{}: byte {}: a line is not whole; its point is answered again", file, byte));
    });
    if (const auto good = database.put(outcomes); !good) return good;
    std::error_code ignored;
    fs::remove(file, ignored);
  }
  return {};
}

}  // namespace kiln::sweep
