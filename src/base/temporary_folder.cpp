#include "base/temporary_folder.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace kiln::base {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(std::string path) : path_(std::move(path)) {}
TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<TemporaryFolder> TemporaryFolder::create(const std::string& name, const std::string& purpose) {
  std::error_code failed;
  const auto folder = fs::temp_directory_path(failed);
  auto path = ((failed ? folder : fs::absolute(folder, failed)) / (name + "-XXXXXX")).string();
  if (failed || ::mkdtemp(path.data()) == nullptr) {
    const auto why = failed ? failed.message() : std::string(std::strerror(errno));
    return Error{fmt::format("{}: no folder can be made there, {}: {}", path, purpose, why)};
  }
  return TemporaryFolder(std::move(path));
}

}  // namespace kiln::base
