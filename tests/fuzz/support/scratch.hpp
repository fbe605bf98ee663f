// Places in memory for readers that want a path: a file without a name, and a folder of this process.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace kiln::fuzz {

class ScratchFile {
 public:
  ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile();
  /// Another content in place of the old one.
  void fill(std::string_view bytes);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

/// In memory where the machine has /dev/shm; removed with what is in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  void clear();
  void put(std::string_view name, std::string_view bytes);
  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace kiln::fuzz
