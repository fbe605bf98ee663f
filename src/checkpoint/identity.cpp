#include "checkpoint/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "kiln/config/load.hpp"

namespace kiln::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBeginning = std::size_t{16} << 20;  // a GGUF's has its tokenizer
constexpr std::size_t kStep = std::size_t{1} << 20;
constexpr std::size_t kSample = 4096;

base::Status add_file(const std::string& path, base::ContentHash& hash) {
  const auto file = base::MappedFile::open(path);
  if (!file) return file.error();
  const auto bytes = file->bytes();
  hash.update(fmt::format("{}\n", bytes.size()));
  if (bytes.size() <= kHashedWhole) {
    hash.update(bytes);
    return {};
  }
  hash.update(bytes.first(kBeginning));
  for (std::size_t at = kBeginning; at < bytes.size(); at += kStep)
    hash.update(bytes.subspan(at, std::min(kSample, bytes.size() - at)));
  hash.update(bytes.last(kSample));
  return {};
}

/// Those that a checkpoint may be read from, in folders below it too; a page or a text beside them says nothing of it.
std::vector<fs::path> files_of(const std::string& directory) {
  constexpr std::array<std::string_view, 4> kRead = {".json", ".safetensors", ".model", ".jinja"};
  std::vector<fs::path> files;
  std::error_code failed;
  for (auto entry = fs::recursive_directory_iterator(directory, failed);
       !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed))
    if (std::ranges::find(kRead, entry->path().extension().string()) != kRead.end() && entry->is_regular_file(failed))
      files.push_back(entry->path());
  std::ranges::sort(files);
  return files;
}

}  // namespace

base::Result<std::string> identity(const Checkpoint& checkpoint) {
  base::ContentHash hash;
  hash.update(checkpoint.kind() + "\n");
  if (checkpoint.kind() == "synthetic") {
    // Its path has the seed.
    hash.update(checkpoint.path() + "\n" + config::to_json(checkpoint.config()));
    return hash.hex();
  }
  std::error_code ignored;
  if (!fs::is_directory(checkpoint.path(), ignored)) {
    auto files = checkpoint.files();
    if (files.empty()) files.push_back(checkpoint.path());
    for (const auto& file : files)
      if (const auto good = add_file(file, hash); !good) return good.error();
    return hash.hex();
  }
  for (const auto& file : files_of(checkpoint.path())) {
    hash.update(file.lexically_relative(checkpoint.path()).string() + "\n");
    if (const auto good = add_file(file.string(), hash); !good) return good.error();
  }
  return hash.hex();
}

}  // namespace kiln::checkpoint
