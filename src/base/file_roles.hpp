// Which files a command reads and which it writes, by identity: device and inode, or folder and name of a file that is
// not there yet. So no output replaces an input or another output, however the names are spelled. A claim is checked
// when a file is opened, which for outputs is before the work, and only while a FileRoles lives (one for each command):
// who uses the library may read a file and write it later. Threads may open files at the same time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::base {

enum class FileRole {
  Input,
  Rewritten,  ///< read, and later written by the same part of the program, which keeps what it read
  Output,
};

/// One command's inputs; the standard streams are among its files where they are regular ones.
class FileRoles {
 public:
  FileRoles();
  ~FileRoles();
  FileRoles(const FileRoles&) = delete;
  FileRoles& operator=(const FileRoles&) = delete;
};

/// A file that is to be written, and the name of the partial one beside it, until the claim is destroyed.
class OutputClaim {
 public:
  /// Of the file that a write of `path` would replace. `rewritten`: the command has read it in order to write it again.
  static Result<OutputClaim> make(const std::string& path, bool rewritten = false);
  OutputClaim() = default;
  OutputClaim(OutputClaim&& other) noexcept;
  OutputClaim& operator=(OutputClaim&& other) noexcept;
  ~OutputClaim();

 private:
  explicit OutputClaim(std::uint64_t number) : number_(number) {}
  std::uint64_t number_ = 0;  ///< of all claims that were made; 0: of nothing
};

/// A name that some library may write, read and remove as long as the command lasts, as often as it is asked for: no
/// output or input of the command may have it.
Status reserve(const std::string& path);

/// Fails, and says why, if this command has claimed an output in the folder or below, where it would not stay.
Status refuse_outputs_in(const std::string& folder, std::string_view why);

/// Says that `path`, open as `fd`, is read. Fails if this command writes it.
Status claim_input(const std::string& path, int fd, FileRole role = FileRole::Input);
/// The same of a file that some library opens; one that is not there is claimed by nobody.
Status claim_input(const std::string& path, FileRole role = FileRole::Input);

/// The one name beside `path` that writing it may use.
std::string partial_of(const std::string& path);

/// What a write of `path` replaces: symbolic links are followed, also one that leads nowhere yet.
Result<std::string> behind_links(const std::string& path);

}  // namespace kiln::base
