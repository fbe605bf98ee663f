// A fuzz target without a fuzzer: reads the files of the folders that it is given, and inputs that are too large to keep,
// which are made here. For every compiler and every sanitizer.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/grow.hpp"
#include "support/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

constexpr int kGrownOfEach = 3;
constexpr std::size_t kLargest = 100'000;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

void replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string input((std::istreambuf_iterator<char>(file)), {});
  std::fprintf(stderr, "%s: %zu bytes\n", path.c_str(), input.size());
  run(input);
  // The same on every machine: a failure can be looked at.
  kiln::base::Random random(input.size());
  for (int i = 0; i < kGrownOfEach; ++i) run(kiln::fuzz::grown(input, kLargest, random));
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (fs::is_regular_file(arguments[i])) files.emplace_back(arguments[i]);
    if (!fs::is_directory(arguments[i])) continue;
    for (const auto& entry : fs::directory_iterator(arguments[i])) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  if (files.empty()) {
    std::fprintf(stderr, "no inputs; expected files, or folders of them\n");
    return 2;
  }
  kiln::fuzz::all_are_chosen = true;
  for (const auto& file : files) replay(file);
  std::printf("%zu inputs\n", files.size());
}
