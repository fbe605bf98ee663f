#include "base/partial_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace kiln::base {

bool has_name(int fd, const std::string& path) {
  struct stat open = {}, named = {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

void remove_left_over(const std::string& partial) {
  struct stat info = {};
  if (::lstat(partial.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  // Some network file systems lock only what is open for writing.
  int fd = ::open(partial.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) fd = ::open(partial.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const bool alive = fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (!alive && (fd < 0 || has_name(fd, partial))) ::unlink(partial.c_str());
  if (fd >= 0) ::close(fd);
}

bool is_own(int fd, const std::string& path) {
  struct stat left = {}, old = {};
  if (::fstat(fd, &left) != 0 || left.st_nlink != 1) return false;
  return left.st_uid == ::geteuid() || (::stat(path.c_str(), &old) == 0 && left.st_uid == old.st_uid);
}

bool can_be_taken(const std::string& partial) {
  struct stat info = {};
  if (::lstat(partial.c_str(), &info) != 0) return errno == ENOENT;
  errno = EEXIST;
  return S_ISREG(info.st_mode);
}

bool as_before(int fd, const std::string& path) {
  struct stat old = {};
  if (::stat(path.c_str(), &old) != 0) return true;
  [[maybe_unused]] const int owned = ::fchown(fd, old.st_uid, old.st_gid);
  return ::fchmod(fd, old.st_mode & 0777) == 0;
}

}  // namespace kiln::base
