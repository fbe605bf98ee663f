// A file that appears whole or not at all: written without a name, synced, then put in place by rename. What was at
// `path` is untouched before commit(), which keeps its mode and the symbolic links that led to it. Destroyed before
// commit(), it leaves no file. Killed in between it leaves at most one, PATH.partial, which the next write of PATH
// removes, or goes on with where both are resume()d.
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
  /// As create(), but the file is PATH.partial from the first byte on, and begins as what such a write of PATH left there
  /// when it was killed: size() bytes, which may be anything. Fails where another process has that file. Where the file
  /// system has no locks: create().
  static Result<AtomicFile> resume(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  Status append(std::span<const std::byte> data);
  Status append(std::string_view text);
  /// Overwrites bytes that were appended before (a header whose content is known last).
  Status write_at(std::uint64_t offset, std::span<const std::byte> data);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Fails where the file ends before.
  Status read_at(std::uint64_t offset, std::span<std::byte> out) const;
  /// Bytes of zeros from the present end on; fails if the disk has no room for the whole.
  Status grow(std::uint64_t bytes);
  Status sync();
  /// Only the first `bytes` remain.
  Status cut(std::uint64_t bytes);
  /// Whether a file of resume() stays, as PATH.partial, when it is destroyed before commit().
  void keep(bool stays) { kept_ = stays && resumable_; }
  /// PATH.partial of resume(); empty if the file cannot stay.
  [[nodiscard]] std::string partial() const { return resumable_ ? temporary_ : ""; }

  /// Makes the file durable and visible at its path. Nothing may be written after it.
  Status commit();
  /// The same where there is no file at its path. False where there is one, which stays: this one is gone then.
  Result<bool> commit_as_first();

 private:
  AtomicFile() = default;
  static Result<AtomicFile> claim(const std::string& path, bool rewritten);
  Status open(const std::string& asked);
  Status open_partial(const std::string& asked);
  Status put_in_place();
  Result<bool> put_as_first();
  Status settle();
  void discard();
  OutputClaim claim_;
  std::string path_;
  std::string temporary_;  ///< empty while the file has no name (O_TMPFILE)
  int fd_ = -1;
  bool resumable_ = false;  ///< under its lock
  bool kept_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace kiln::base
