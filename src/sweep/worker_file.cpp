#include "sweep/worker_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace kiln::sweep {
namespace {

/// Whoever gathers a file holds it for a moment.
constexpr std::chrono::milliseconds kUntilFree{1000}, kBetweenTries{20};

/// Whether the path still leads to what is open: whoever gathered the file may have taken it away.
bool is_at(int fd, const std::string& path) {
  struct stat here {
  }, there{};
  return ::fstat(fd, &here) == 0 && ::stat(path.c_str(), &there) == 0 && here.st_dev == there.st_dev &&
         here.st_ino == there.st_ino;
}

base::Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return base::Error{fmt::format("{}: cannot write: {}", path, std::strerror(errno))};
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

bool lock_unless_held(int fd, bool alone) {
  return ::flock(fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

base::Result<WorkerFile> WorkerFile::append_to(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kUntilFree;
  for (;;) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return base::Error{fmt::format("{}: cannot write: {}", path, std::strerror(errno))};
    WorkerFile file(fd, path);
    const bool late = std::chrono::steady_clock::now() >= until;
    const bool locked = lock_unless_held(fd, true);
    if (!locked && late) return base::Error{path + ": another kiln sweep is writing it"};
    if (!late && (!locked || !is_at(fd, path))) {
      std::this_thread::sleep_for(kBetweenTries);
      continue;
    }
    // After a kill the last line may be half a one; what comes next must not grow together with it.
    const auto size = ::lseek(fd, 0, SEEK_END);
    char last = '\n';
    if (size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n')
      if (const auto good = write_all(fd, "\n", path); !good) return good.error();
    return file;
  }
}

WorkerFile::~WorkerFile() {
  if (fd_ >= 0) ::close(fd_);
}

base::Status WorkerFile::add(const Outcome& outcome) {
  if (const auto good = write_all(fd_, to_line(outcome) + "\n", path_); !good) return good;
  const auto now = std::chrono::steady_clock::now();
  if (now - synced_ < kSyncPeriod) return {};
  synced_ = now;
  return sync();
}

base::Status WorkerFile::sync() {
  if (::fdatasync(fd_) != 0) return base::Error{fmt::format("{}: cannot write: {}", path_, std::strerror(errno))};
  return {};
}

base::Result<std::vector<Outcome>> read_outcomes(const std::string& path, std::uint64_t& from,
                                                 const std::function<void(std::uint64_t byte)>& bad) {
  std::vector<Outcome> outcomes;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return outcomes;
  if (fd < 0) return base::Error{fmt::format("{}: cannot read: {}", path, std::strerror(errno))};
  struct stat about {};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    ::close(fd);
    return outcomes;  // a device has no end
  }
  std::string text;
  char buffer[1 << 16];
  auto at = static_cast<off_t>(from);
  ssize_t got = 0;
  while ((got = ::pread(fd, buffer, sizeof buffer, at)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
    at += got;
  }
  const int failure = got < 0 ? errno : 0;
  ::close(fd);
  if (failure != 0) return base::Error{fmt::format("{}: cannot read: {}", path, std::strerror(failure))};
  std::string_view rest = text;
  for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; from += end + 1) {
    if (end > 0) {
      if (auto outcome = from_line(rest.substr(0, end))) {
        outcomes.push_back(*std::move(outcome));
      } else {
        bad(from);
      }
    }
    rest.remove_prefix(end + 1);
  }
  return outcomes;
}

bool in_use(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool locked = !lock_unless_held(fd, false);
  ::close(fd);
  return locked;
}

FileHold::FileHold(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (fd_ < 0) fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  held_ = fd_ < 0 || lock_unless_held(fd_, true);
}

FileHold::~FileHold() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace kiln::sweep
