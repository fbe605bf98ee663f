// A ROM image that many tests of the program use, baked once: by the program as it is built now, kept beside the tests,
// and copied for each test, which may do with its copy what it likes. Tests run as processes side by side: the first
// one bakes while the others wait for its lock.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "support/kiln_process.hpp"

namespace kiln::test {

/// When the program, the recipe or the checkpoint, if it is a folder, was last written.
inline std::filesystem::file_time_type newest_source(const std::string& checkpoint, const std::string& recipe) {
  auto newest = std::max(std::filesystem::last_write_time(KILN_BINARY_DIR "/kiln"),
                         std::filesystem::last_write_time(KILN_SOURCE_DIR "/configs/recipe/" + recipe + ".json"));
  if (!std::filesystem::is_directory(checkpoint)) return newest;
  for (const auto& file : std::filesystem::directory_iterator(checkpoint))
    newest = std::max(newest, file.last_write_time());
  return newest;
}

/// Copies the image of `checkpoint` to `to`; `scratch` is a folder for what the program prints.
inline void copy_shared_image(const std::string& checkpoint, const std::string& recipe, const std::string& to,
                              const std::string& scratch) {
  namespace fs = std::filesystem;
  std::string name = fs::path(checkpoint).filename().string() + "-" + recipe + ".rom";
  std::replace(name.begin(), name.end(), ':', '-');
  const fs::path folder = KILN_BINARY_DIR "/tests/images", image = folder / name;
  fs::create_directories(folder);
  const int lock = ::open((image.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  ASSERT_GE(lock, 0) << image;
  ASSERT_EQ(::flock(lock, LOCK_EX), 0) << image;
  if (!fs::exists(image) || fs::last_write_time(image) <= newest_source(checkpoint, recipe)) {
    const auto baked = run_kiln({"bake", checkpoint, "-o", image.string(), "--recipe", recipe}, scratch);
    EXPECT_EQ(baked.status, 0) << baked.err;
  }
  std::error_code failure;
  fs::copy_file(image, to, failure);
  ::close(lock);
  ASSERT_FALSE(failure) << image << ": " << failure.message();
}

}  // namespace kiln::test
