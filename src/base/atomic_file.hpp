// A file that appears whole or not at all: written without a name, synced, then put in place by rename. What was at
// `path` is untouched before commit(), which keeps its mode and the symbolic links that led to it. Destroyed before
// commit(), it leaves no file. Killed in between it leaves at most one, PATH.partial, which the next write of PATH
// removes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/file_roles.hpp"
#include "kiln/base/result.hpp"

namespace kiln::base {

class AtomicFile {
 public:
  /// Fails with one sentence if nothing can be written there, or if this command uses the file for something else.
  /// `rewritten`: the command has read it as FileRole::Rewritten.
  static Result<AtomicFile> create(const std::string& path, bool rewritten = false);
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
  /// The same where there is no file at its path. False where there is one, which stays: this one is gone then.
  Result<bool> commit_as_first();

 private:
  AtomicFile() = default;
  Status open(const std::string& asked);
  Status put_in_place();
  Result<bool> put_as_first();
  Status settle();
  void discard();
  OutputClaim claim_;
  std::string path_;
  std::string temporary_;  ///< empty while the file has no name (O_TMPFILE)
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace kiln::base
