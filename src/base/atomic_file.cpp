#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace kiln::base {
namespace {

Error failure(std::string_view what, const std::string& path) {
  return Error{fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

std::string parent_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Where a rename may put the file. Only a regular file is ever replaced: a device, a pipe or a folder would be lost
/// for good. A symbolic link stays, and its target is replaced.
Result<std::string> target_of(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return Error{"a file to write is expected, not an empty name"};
  std::error_code reason;
  const auto type = fs::status(path, reason).type();
  if (type == fs::file_type::not_found) return path;
  if (type == fs::file_type::directory) return Error{fmt::format("cannot write {}: it is a directory", path)};
  if (type == fs::file_type::none) return Error{fmt::format("cannot write {}: {}", path, reason.message())};
  if (type != fs::file_type::regular)
    return Error{fmt::format("cannot write {}: it is not a regular file, and only such a one is replaced", path)};
  if (!fs::is_symlink(path, reason)) return path;
  const auto real = fs::canonical(path, reason);
  if (reason) return Error{fmt::format("cannot write {}: {}", path, reason.message())};
  return real.string();
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  const auto target = target_of(path);
  if (!target) return target.error();
  AtomicFile file;
  file.path_ = *target;
  file.fd_ = ::open(parent_of(file.path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (file.fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    file.temporary_ = fmt::format("{}.{}.partial", file.path_, ::getpid());
    file.fd_ = ::open(file.temporary_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0666);
  }
  if (file.fd_ < 0) return failure("write", path);
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      size_(std::exchange(other.size_, 0)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
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
  if (temporary_.empty()) {
    // linkat does not replace an existing name, so the nameless file gets a temporary one first.
    temporary_ = fmt::format("{}.{}.partial", path_, ::getpid());
    ::unlink(temporary_.c_str());
    const auto self = fmt::format("/proc/self/fd/{}", fd_);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      temporary_.clear();
      return failure("name", path_);
    }
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return failure("put in place", path_);
  temporary_.clear();
  const int directory = ::open(parent_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
  discard();
  return {};
}

}  // namespace kiln::base
