#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"
#include "config/errors.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

namespace fs = std::filesystem;

constexpr int kParentsSearched = 4;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Folders that a program at `executable` may find its configs in: installed beside it, or up its source tree.
std::vector<std::string> beside(const fs::path& executable) {
  std::error_code ignored;
  fs::path real = fs::weakly_canonical(executable, ignored);
  if (ignored) real = executable;
  const fs::path folder = real.parent_path();
  std::vector<fs::path> candidates = {folder / "configs", folder / ".." / "share" / "kiln" / "configs",
                                      folder / ".." / ".." / "configs"};
  fs::path parent = folder;
  for (int i = 0; i < kParentsSearched && parent.has_relative_path(); ++i) {
    parent = parent.parent_path();
    candidates.push_back(parent / "configs");
  }
  std::vector<std::string> found;
  for (const auto& candidate : candidates) {
    const std::string plain = candidate.lexically_normal().string();
    if (is_folder(fs::path(plain) / "chip") && std::find(found.begin(), found.end(), plain) == found.end())
      found.push_back(plain);
  }
  return found;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// "; the nearest is "a"", "; the nearest are "a" and "b"", or nothing.
std::string hint(std::string_view name, const std::vector<std::string>& names) {
  if (name.size() > 64) return "";
  const auto near = base::near_names(name, names);
  std::string text;
  for (std::size_t i = 0; i < near.size(); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : i + 1 == near.size() ? " and " : ", ", near[i]);
  if (near.empty()) return "";
  return fmt::format("; the nearest {} {}", near.size() == 1 ? "is" : "are", text);
}

}  // namespace

ConfigPath::ConfigPath(std::string_view environment, std::string_view executable) {
  while (!environment.empty()) {
    const auto end = environment.find(':');
    if (const auto folder = environment.substr(0, end); !folder.empty()) folders_.emplace_back(folder);
    environment.remove_prefix(end == environment.npos ? environment.size() : end + 1);
  }
  if (executable.empty()) return;
  for (auto& folder : beside(fs::path(executable))) folders_.push_back(std::move(folder));
}

base::Result<std::string> ConfigPath::find(std::string_view kind, std::string_view name) const {
  if (name.find('/') != name.npos || name.ends_with(".json")) {
    std::error_code ignored;  // what is no file is for the reader to say
    if (fs::exists(fs::path(name), ignored)) return std::string(name);
    return base::Error{fmt::format("{}: there is no such {} config file", printable(name, 200), kind)};
  }
  for (const auto& folder : folders_) {
    const fs::path path = fs::path(folder) / kind / (std::string(name) + ".json");
    if (!name.empty() && is_file(path)) return path.string();
  }
  const auto names = list(kind);
  if (folders_.empty())
    return base::Error{
        fmt::format("no {} config is named \"{}\": no folder of configs stands beside the program and "
                    "KILN_CONFIG_PATH is not set",
                    kind, printable(name))};
  if (names.empty())
    return base::Error{
        fmt::format("no {} config is named \"{}\": there are none under {}", kind, printable(name), listed(folders_))};
  return base::Error{fmt::format("no {} config is named \"{}\"{}; there are {}", kind, printable(name),
                                 hint(name, names), listed(names))};
}

std::vector<std::string> ConfigPath::list(std::string_view kind) const {
  std::vector<std::string> names;
  for (const auto& folder : folders_) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(folder) / kind, error), end; !error && it != end; it.increment(error))
      if (it->path().extension() == ".json" && is_file(it->path())) names.push_back(it->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace kiln::config
