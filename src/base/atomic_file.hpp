// A file that appears whole or not at all: written without a name, synced, then put in place by rename.
// Killed or destroyed before commit(), it leaves no files, and what was at `path` is untouched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::base {

class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  Status append(std::span<const std::byte> data);
  Status append(std::string_view text);
  /// Overwrites bytes that were appended before (a header whose content is known last).
  Status write_at(std::uint64_t offset, std::span<const std::byte> data);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Makes the file durable and visible at its path. Nothing may be written after it.
  Status commit();

 private:
  AtomicFile() = default;
  void discard();
  std::string path_;
  std::string temporary_;  ///< empty while the file has no name (O_TMPFILE)
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace kiln::base
