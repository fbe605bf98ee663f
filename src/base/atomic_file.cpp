#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

namespace kiln::base {
namespace {

// Of giving a file its name, while another process does the same: about two seconds.
constexpr int kTries = 200;
constexpr std::chrono::milliseconds kPause(10);

Error failure(std::string_view what, const std::string& path) {
  return Error{fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Where a rename may put the file. Only a regular file is ever replaced: a device, a pipe or a folder would be lost
/// for good. A symbolic link stays, and what it leads to is replaced.
Result<std::string> target_of(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return Error{"a file to write is expected, not an empty name"};
  std::error_code reason;
  const auto type = fs::status(path, reason).type();
  if (type == fs::file_type::directory) return Error{fmt::format("cannot write {}: it is a directory", path)};
  if (type == fs::file_type::none) return Error{fmt::format("cannot write {}: {}", path, reason.message())};
  if (type != fs::file_type::regular && type != fs::file_type::not_found)
    return Error{fmt::format("cannot write {}: it is not a regular file, and only such a one is replaced", path)};
  return behind_links(path);
}

/// A folder that may be written but not read cannot be synced; nor can those of some file systems.
bool sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return true;
  const bool synced = ::fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
  ::close(fd);
  return synced;
}

/// Removes what a killed writer left; not the file of one that is alive, which holds a lock.
void remove_left_over(const std::string& partial) {
  struct stat info = {};
  if (::lstat(partial.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  // Some network file systems lock only what is open for writing.
  int fd = ::open(partial.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) fd = ::open(partial.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const bool alive = fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!alive) ::unlink(partial.c_str());
  if (fd >= 0) ::close(fd);
}

/// Whether the partial file may be made there later; errno says why not.
bool can_be_taken(const std::string& partial) {
  struct stat info = {};
  if (::lstat(partial.c_str(), &info) != 0) return errno == ENOENT;
  errno = EEXIST;
  return S_ISREG(info.st_mode);
}

/// Gives the new file the mode and, where it may, the owner of the old one.
bool as_before(int fd, const std::string& path) {
  struct stat old = {};
  if (::stat(path.c_str(), &old) != 0) return true;
  [[maybe_unused]] const int owned = ::fchown(fd, old.st_uid, old.st_gid);
  return ::fchmod(fd, old.st_mode & 0777) == 0;
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path, bool rewritten) {
  const auto target = target_of(path);
  if (!target) return target.error();
  auto claim = OutputClaim::make(path, rewritten);
  if (!claim) return claim.error();
  AtomicFile file;
  file.claim_ = *std::move(claim);
  file.path_ = *target;
  if (auto opened = file.open(path); !opened) return opened.error();
  return file;
}

Status AtomicFile::open(const std::string& asked) {
  const auto partial = partial_of(path_);
  if (!can_be_taken(partial)) return failure("write", partial);
  fd_ = ::open(parent_of(path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    remove_left_over(partial);
    fd_ = ::open(partial.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno == EEXIST)
      return Error{fmt::format("cannot write {}: another process is writing it ({} is there)", asked, partial)};
    if (fd_ >= 0) {
      temporary_ = partial;
      ::flock(fd_, LOCK_EX);  // until it is closed: this file is not left over
    }
  }
  if (fd_ < 0 || !as_before(fd_, path_)) return failure("write", asked);
  return {};
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : claim_(std::move(other.claim_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      size_(std::exchange(other.size_, 0)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(claim_, other.claim_);
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  fd_ = -1;
  temporary_.clear();
  claim_ = OutputClaim();
}

Status AtomicFile::append(std::span<const std::byte> data) {
  auto status = write_at(size_, data);
  if (status) size_ += data.size();
  return status;
}

Status AtomicFile::append(std::string_view text) { return append(std::as_bytes(std::span(text.data(), text.size()))); }

Status AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> data) {
  check(fd_ >= 0, "write to a file that was committed or never created");
  while (!data.empty()) {
    const auto written = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failure("write", path_);
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status AtomicFile::commit() {
  check(fd_ >= 0, "commit of a file that was committed or never created");
  if (::fsync(fd_) != 0) return failure("write", path_);
  if (auto there = put_in_place(); !there) return there;
  return settle();
}

Result<bool> AtomicFile::commit_as_first() {
  check(fd_ >= 0, "commit of a file that was committed or never created");
  if (::fsync(fd_) != 0) return failure("write", path_);
  const auto first = put_as_first();
  if (!first) return first.error();
  if (!*first) {
    discard();
    return false;
  }
  if (auto kept = settle(); !kept) return kept.error();
  return true;
}

/// The file has its name: that is made durable.
Status AtomicFile::settle() {
  temporary_.clear();
  if (!sync_folder(parent_of(path_))) return failure("write", path_);
  discard();
  return {};
}

/// A link never replaces anything, and of several processes one alone makes it.
Result<bool> AtomicFile::put_as_first() {
  const bool nameless = temporary_.empty();
  const auto self = nameless ? fmt::format("/proc/self/fd/{}", fd_) : temporary_;
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_.c_str(), nameless ? AT_SYMLINK_FOLLOW : 0) == 0) {
    if (!nameless) ::unlink(temporary_.c_str());
    return true;
  }
  if (errno == EEXIST || ::access(path_.c_str(), F_OK) == 0) return false;
  // A file system without links.
  if (auto there = put_in_place(); !there) return there.error();
  return true;
}

/// linkat does not replace an existing name, so a nameless file gets a temporary one first. Others who write the same
/// file use the same one: whole files, of which the last stays.
Status AtomicFile::put_in_place() {
  if (!temporary_.empty())
    return std::rename(temporary_.c_str(), path_.c_str()) == 0 ? Status() : failure("put in place", path_);
  const auto partial = partial_of(path_);
  const auto self = fmt::format("/proc/self/fd/{}", fd_);
  ::flock(fd_, LOCK_EX);  // until it is closed: this file is not left over
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(kPause);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, partial.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      if (errno != EEXIST) return failure("name", path_);
      remove_left_over(partial);
      continue;
    }
    temporary_ = partial;
    if (std::rename(partial.c_str(), path_.c_str()) == 0) return {};
    if (errno != ENOENT) return failure("put in place", path_);  // else someone took the name at the same time
    temporary_.clear();
  }
  return Error{fmt::format("cannot write {}: {} is in the way", path_, partial)};
}

}  // namespace kiln::base
