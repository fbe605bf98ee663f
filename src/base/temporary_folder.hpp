// A folder of this process's own among the system's temporary files, gone with all that is in it when the object is.
#pragma once

#include <string>

#include "kiln/base/result.hpp"

namespace kiln::base {

class TemporaryFolder {
 public:
  /// "NAME-XXXXXX", an absolute path; fails where none can be made: "...: no folder can be made there, PURPOSE: why".
  static Result<TemporaryFolder> create(const std::string& name, const std::string& purpose);
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path);
  std::string path_;
};

}  // namespace kiln::base
