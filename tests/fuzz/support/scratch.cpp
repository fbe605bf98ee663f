#include "support/scratch.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "support/property.hpp"

namespace kiln::fuzz {

namespace fs = std::filesystem;

ScratchFile::ScratchFile() : fd_(::memfd_create("input", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
  require(fd_ >= 0, "memory for an input");
}

ScratchFile::~ScratchFile() { ::close(fd_); }

void ScratchFile::fill(std::string_view bytes) {
  require(
      ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
      "an input can be written");
}

ScratchFolder::ScratchFolder() {
  std::string name = fs::is_directory("/dev/shm") ? "/dev/shm" : fs::temp_directory_path().string();
  name += "/kiln-fuzz-XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "a folder for inputs");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void ScratchFolder::clear() {
  for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
}

void ScratchFolder::put(std::string_view name, std::string_view bytes) {
  std::ofstream out(path_ / name, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace kiln::fuzz
