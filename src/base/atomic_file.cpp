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

#include "base/partial_file.hpp"

namespace kiln::base {
namespace {

// Of giving a file its name, while another process does the same: about two seconds.
constexpr int kTries = 200;
constexpr int kFewTries = 10;  ///< of taking a partial file, which others hold for a moment or for the time of a bake
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

Error taken(const std::string& asked, const std::string& partial) {
  return Error{fmt::format("cannot write {}: another process is writing it ({} is there)", asked, partial)};
}

}  // namespace

Result<AtomicFile> AtomicFile::claim(const std::string& path, bool rewritten) {
  const auto target = target_of(path);
  if (!target) return target.error();
  auto claim = OutputClaim::make(path, rewritten);
  if (!claim) return claim.error();
  AtomicFile file;
  file.claim_ = *std::move(claim);
  file.path_ = *target;
  return file;
}

Result<AtomicFile> AtomicFile::create(const std::string& path, bool rewritten) {
  auto file = claim(path, rewritten);
  if (!file) return file;
  if (auto opened = file->open(path); !opened) return opened.error();
  return file;
}

Result<AtomicFile> AtomicFile::resume(const std::string& path) {
  auto file = claim(path, false);
  if (!file) return file;
  if (auto opened = file->open_partial(path); !opened) return opened.error();
  return file;
}

Status AtomicFile::open(const std::string& asked) {
  const auto partial = partial_of(path_);
  if (!can_be_taken(partial)) return failure("write", partial);
  fd_ = ::open(parent_of(path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    remove_left_over(partial);
    fd_ = ::open(partial.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno == EEXIST) return taken(asked, partial);
    if (fd_ >= 0) {
      temporary_ = partial;
      ::flock(fd_, LOCK_EX);  // until it is closed: this file is not left over
    }
  }
  if (fd_ < 0 || !as_before(fd_, path_)) return failure("write", asked);
  return {};
}

/// Whoever gives the name to a file, or takes it from one, holds the lock of that file. So once the lock is held the name
/// tells whether it was in time.
Status AtomicFile::open_partial(const std::string& asked) {
  const auto partial = partial_of(path_);
  for (int i = 0; i < kFewTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(kPause);
    if (!can_be_taken(partial)) return failure("write", partial);
    fd_ = ::open(partial.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd_ < 0) {
      const int reason = errno;
      const bool of_others = reason == EACCES && ::access(partial.c_str(), F_OK) == 0;
      if (of_others) remove_left_over(partial);
      if (of_others && ::access(partial.c_str(), F_OK) != 0) continue;
      errno = reason;
      return failure("write", asked);
    }
    const bool locked = ::flock(fd_, LOCK_EX | LOCK_NB) == 0;
    const bool lockable = locked || errno == EWOULDBLOCK;
    const bool named = locked && has_name(fd_, partial);
    if (named && is_own(fd_, path_)) {
      struct stat info = {};
      if (::fstat(fd_, &info) != 0 || !as_before(fd_, path_)) return failure("write", asked);
      temporary_ = partial;
      size_ = static_cast<std::uint64_t>(info.st_size);
      resumable_ = true;
      return {};
    }
    if (named || !lockable) ::unlink(partial.c_str());
    ::close(std::exchange(fd_, -1));
    if (!lockable) return open(asked);
  }
  return taken(asked, partial);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : claim_(std::move(other.claim_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      resumable_(other.resumable_),
      kept_(other.kept_),
      size_(std::exchange(other.size_, 0)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(claim_, other.claim_);
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(fd_, other.fd_);
  std::swap(resumable_, other.resumable_);
  std::swap(kept_, other.kept_);
  std::swap(size_, other.size_);
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  // Under its lock: afterwards the name may be another file's.
  if (!temporary_.empty() && !kept_) ::unlink(temporary_.c_str());
  if (fd_ >= 0) ::close(fd_);
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

Status AtomicFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  check(fd_ >= 0, "read of a file that was committed or never created");
  while (!out.empty()) {
    const auto got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("read", temporary_);
    if (got == 0) return Error{fmt::format("cannot read {}: it became shorter", temporary_)};
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Status AtomicFile::grow(std::uint64_t bytes) {
  check(fd_ >= 0, "growth of a file that was committed or never created");
  // Some file systems cannot promise room: there a write may fail later.
  if (bytes > 0 && ::fallocate(fd_, 0, static_cast<off_t>(size_), static_cast<off_t>(bytes)) != 0) {
    const bool unable = errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
    if (!unable || ::ftruncate(fd_, static_cast<off_t>(size_ + bytes)) != 0) return failure("write", path_);
  }
  size_ += bytes;
  return {};
}

Status AtomicFile::sync() {
  check(fd_ >= 0, "sync of a file that was committed or never created");
  return ::fsync(fd_) == 0 ? Status() : failure("write", path_);
}

Status AtomicFile::cut(std::uint64_t bytes) {
  check(fd_ >= 0 && bytes <= size_, "a cut inside a file that is being written");
  if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) return failure("write", path_);
  size_ = bytes;
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
