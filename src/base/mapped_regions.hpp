// What memory belongs to which mapped file, for a program that meets a page which is no longer in the file (another
// program made it shorter, or its disk failed): the kernel then sends SIGBUS, and nothing that reads memory can return
// an error. The program ends with a sentence instead of a signal.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace kiln::base {

/// Known from construction to destruction. Above some thousands at a time, further ones are not.
class MappedRegion {
 public:
  MappedRegion(std::span<const std::byte> bytes, const std::string& path);
  ~MappedRegion();
  MappedRegion(const MappedRegion&) = delete;
  MappedRegion& operator=(const MappedRegion&) = delete;

  [[nodiscard]] bool holds(const void* address) const;
  [[nodiscard]] const std::string& sentence() const { return sentence_; }

 private:
  std::span<const std::byte> bytes_;
  std::string sentence_;  ///< ready before a signal handler needs it
};

/// From now on SIGBUS in a mapped file prints one line on standard error and ends the process with `status`.
void end_on_lost_pages(int status);

}  // namespace kiln::base
