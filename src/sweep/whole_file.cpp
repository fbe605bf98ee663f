#include "sweep/whole_file.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/atomic_file.hpp"

namespace kiln::sweep {
namespace {

// Where the file system has no files without a name, another process' partial one is in the way for a moment.
constexpr int kTriesOfFile = 40;
constexpr std::chrono::milliseconds kPauseOfFile(50);

base::Result<base::AtomicFile> filled(const std::string& path, std::string_view text) {
  for (int tried = 1;; ++tried) {
    auto file = base::AtomicFile::create(path, true);
    if (file) {
      if (auto good = file->append(text); !good) return good.error();
      return file;
    }
    std::error_code ignored;
    if (tried == kTriesOfFile || !std::filesystem::exists(base::partial_of(path), ignored)) return file;
    std::this_thread::sleep_for(kPauseOfFile);
  }
}

}  // namespace

base::Status write_whole(const std::string& path, std::string_view text) {
  auto file = filled(path, text);
  return file ? file->commit() : file.error();
}

base::Result<bool> write_first(const std::string& path, std::string_view text) {
  auto file = filled(path, text);
  if (!file) return file.error();
  return file->commit_as_first();
}

}  // namespace kiln::sweep
