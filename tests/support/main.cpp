// The tests' main. libsystemc exports a main, so every test executable has this one. Each process gets its own
// temporary folder, removed at the end, so tests that run side by side never share one.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  std::string folder = testing::TempDir() + "kiln_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    std::cerr << "cannot make a folder like " << folder << "\n";
    return 1;
  }
  ::setenv("TEST_TMPDIR", (folder + "/").c_str(), 1);
  const int status = RUN_ALL_TESTS();
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return status;
}
