// The file of one worker: a line a point, appended and synced. Half a line, where a worker was killed, is passed over: its
// point is answered again.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sweep/outcome.hpp"

namespace kiln::sweep {

class WorkerFile {
 public:
  /// Goes on behind what is there. Others see that it is in use as long as this lives.
  static base::Result<WorkerFile> append_to(const std::string& path);
  WorkerFile(WorkerFile&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) { other.fd_ = -1; }
  WorkerFile& operator=(WorkerFile&&) = delete;
  ~WorkerFile();

  /// The line is in the file when this returns, and on the disk at most kSyncPeriod later, or by sync().
  base::Status add(const Outcome& outcome);
  base::Status sync();

 private:
  WorkerFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  static constexpr std::chrono::milliseconds kSyncPeriod{200};
  int fd_ = -1;
  std::string path_;
  std::chrono::steady_clock::time_point synced_ = std::chrono::steady_clock::now();
};

/// What is behind byte `from` of the file: whole lines alone; moves `from` behind the last of them. `bad` hears of lines
/// that are no outcome: the byte that they begin at. Nothing where there is no such file; fails where it cannot be read.
base::Result<std::vector<Outcome>> read_outcomes(const std::string& path, std::uint64_t& from,
                                                 const std::function<void(std::uint64_t byte)>& bad);

/// Whether a worker is still writing it.
bool in_use(const std::string& path);

/// Keeps workers from a file as long as this lives: those that begin meanwhile wait a little, and then look where it is.
class FileHold {
 public:
  explicit FileHold(const std::string& path);
  FileHold(const FileHold&) = delete;
  FileHold& operator=(const FileHold&) = delete;
  ~FileHold();
  /// False where a worker is writing it.
  [[nodiscard]] bool held() const { return held_; }

 private:
  int fd_;
  bool held_;
};

/// For this process alone, or with others that say the same. False where another one has the lock; a file system without
/// locks gives none, and then nobody is kept away.
bool lock_unless_held(int fd, bool alone);

}  // namespace kiln::sweep
