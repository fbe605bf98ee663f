// A file as read-only memory. Pages are read when they are touched, so a checkpoint larger than memory can be walked.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/file_roles.hpp"
#include "base/mapped_regions.hpp"
#include "kiln/base/result.hpp"

namespace kiln::base {

class MappedFile {
 public:
  /// Fails with one sentence if `path` cannot be opened, is not a regular file, cannot be mapped, or is
  /// written by this command. Empty files map.
  static Result<MappedFile> open(const std::string& path, FileRole role = FileRole::Input);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Device, inode, size and times of the last changes, in ns, when it was opened: the same text is the same content.
  [[nodiscard]] const std::string& identity() const { return identity_; }

  /// Tells the kernel that these bytes of the mapping are not needed again soon, so that they leave resident memory.
  void release(std::span<const std::byte> part) const;
  /// Has the kernel read what is missing of these bytes of the mapping, while the caller goes on. Costs a look at one page in
  /// 8 MiB where they are in memory.
  void need_soon(std::span<const std::byte> part) const;
  /// Of the mapping's bytes, by a look at one page in 8 MiB; 1 of an empty file.
  [[nodiscard]] double share_in_memory() const;

 private:
  MappedFile(std::string path, const std::byte* data, std::size_t size);
  std::string path_;
  std::string identity_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::unique_ptr<const MappedRegion> region_;
};

/// The whole of a small file (at most `limit` bytes) as text.
Result<std::string> read_text_file(const std::string& path, std::size_t limit = std::size_t{1} << 30,
                                   FileRole role = FileRole::Input);

}  // namespace kiln::base
