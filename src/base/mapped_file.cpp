#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/sanitizers.hpp"

#if KILN_HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace kiln::base {

namespace {

/// The last page of a mapping goes on after the file: whoever reads there reads zeros, and only the address sanitizer can tell,
/// if it is told.
void guard_end([[maybe_unused]] const std::byte* data, [[maybe_unused]] std::size_t size,
               [[maybe_unused]] bool guards) {
#if KILN_HAS_ASAN
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t rest = (page - size % page) % page;
  if (guards) {
    __asan_poison_memory_region(data + size, rest);
  } else {
    __asan_unpoison_memory_region(data + size, rest);
  }
#endif
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

constexpr std::size_t kLookEvery = std::size_t{1} << 23;  // bytes

std::uintptr_t page_bytes() { return static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)); }

struct Looks {
  std::size_t all = 0, there = 0;
};
/// Which of a few pages, evenly spread, are in memory.
Looks look_at(std::span<const std::byte> part) {
  Looks looks;
  const std::uintptr_t page = page_bytes();
  for (std::size_t at = 0; at < part.size(); at += kLookEvery) {
    const std::size_t middle = at + std::min(kLookEvery, part.size() - at) / 2;
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(part.data() + middle) / page * page;
    unsigned char in_memory = 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the address of a page
    if (::mincore(reinterpret_cast<void*>(address), 1, &in_memory) != 0) continue;
    ++looks.all;
    looks.there += in_memory & 1U;
  }
  return looks;
}

}  // namespace

MappedFile::MappedFile(std::string path, const std::byte* data, std::size_t size)
    : path_(std::move(path)), data_(data), size_(size) {
  if (size_ > 0) guard_end(data_, size_, true);
  if (size_ > 0) region_ = std::make_unique<const MappedRegion>(bytes(), path_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      identity_(std::move(other.identity_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      region_(std::move(other.region_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(identity_, other.identity_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(region_, other.region_);
  return *this;
}

MappedFile::~MappedFile() {
  region_.reset();
  if (data_ == nullptr) return;
  guard_end(data_, size_, false);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<MappedFile> MappedFile::open(const std::string& path, FileRole role) {
  // Without O_NONBLOCK a pipe would wait for a writer that may never come.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error{fmt::format("cannot open {}: {}", path, std::strerror(errno))};
  struct stat info = {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return Error{fmt::format("{} is not a regular file", path)};
  }
  if (auto free = claim_input(path, fd, role); !free) {
    ::close(fd);
    return free.error();
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      const int reason = errno;
      ::close(fd);
      return Error{fmt::format("cannot map {} ({} bytes): {}", path, size, std::strerror(reason))};
    }
    ::madvise(data, size, MADV_HUGEPAGE);  // where the file system has them: fewer misses of the page tables' cache
  }
  ::close(fd);
  MappedFile file(path, static_cast<const std::byte*>(data), size);
  file.identity_ = fmt::format("{} {} {} {} {}", info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim),
                               nanoseconds(info.st_ctim));
  return file;
}

void MappedFile::release(std::span<const std::byte> part) const {
  // Whole pages inside the part only: a neighbour's page may be in use.
  const std::uintptr_t page = page_bytes();
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(part.data()) + part.size()) / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses of pages
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void MappedFile::need_soon(std::span<const std::byte> part) const {
  const Looks looks = look_at(part);
  if (looks.there == looks.all) return;
  // Linux reads no more for one such request than for a fault, which is 128 KiB unless the disk says otherwise.
  constexpr std::size_t kRequest = std::size_t{1} << 17;
  const auto before = reinterpret_cast<std::uintptr_t>(part.data()) % page_bytes();
  std::byte* const begin = const_cast<std::byte*>(part.data() - before);
  const std::size_t bytes = part.size() + before;
  for (std::size_t at = 0; at < bytes; at += kRequest)
    ::madvise(begin + at, std::min(kRequest, bytes - at), MADV_WILLNEED);
}

double MappedFile::share_in_memory() const {
  const Looks looks = look_at(bytes());
  return looks.all == 0 ? 1 : static_cast<double>(looks.there) / static_cast<double>(looks.all);
}

Result<std::string> read_text_file(const std::string& path, std::size_t limit, FileRole role) {
  auto file = MappedFile::open(path, role);
  if (!file) return file.error();
  const auto bytes = file->bytes();
  if (bytes.size() > limit)
    return Error{fmt::format("{} has {} bytes; at most {} are expected", path, bytes.size(), limit)};
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace kiln::base
