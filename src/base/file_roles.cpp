#include "base/file_roles.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <compare>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace kiln::base {
namespace {

constexpr int kMostLinks = 40;  ///< as the kernel follows

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  std::string name;  ///< of a file that is not there; device and inode are its folder's then
  auto operator<=>(const Identity&) const = default;
};

Identity identity_of(const struct stat& info) { return {info.st_dev, info.st_ino, ""}; }

std::optional<Identity> identity_of(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0) return identity_of(info);
  const std::filesystem::path file(path);
  const auto folder = file.parent_path().string();
  if (::stat(folder.empty() ? "." : folder.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino, file.filename().string()};
}

struct Named {
  FileRole role;
  std::string path;
};

struct Output {
  std::uint64_t number;
  Identity file;
  std::string path;
};

/// What is known in this process.
struct Known {
  std::mutex mutex;
  int commands = 0;  ///< FileRoles that live
  std::map<Identity, Named> inputs;
  std::vector<Output> outputs;
  std::uint64_t claims = 0;       ///< that were ever made
  std::vector<Identity> streams;  ///< standard output and standard error, where they are files
};

Known& known() {
  static Known all;
  return all;
}

/// "x.json", or "./x.json (the same file as x.json)"
std::string spelled(const std::string& path, const std::string& other) {
  return path == other ? path : fmt::format("{} (the same file as {})", path, other);
}

/// Why a file cannot become an output; `all` is locked.
std::optional<std::string> in_the_way(const Known& all, const Identity& file, const std::string& path, bool rewritten) {
  if (const auto read = all.inputs.find(file); read != all.inputs.end())
    if (!rewritten || read->second.role == FileRole::Input)
      return fmt::format("cannot write {}: it is an input of this command", spelled(path, read->second.path));
  for (const auto& [number, other, name] : all.outputs)
    if (other == file)
      return fmt::format("cannot write {}: this command already writes it as another of its results",
                         spelled(path, name));
  if (std::ranges::find(all.streams, file) != all.streams.end())
    return fmt::format("cannot write {}: standard output or standard error goes to the same file", path);
  return std::nullopt;
}

std::optional<Identity> stream(int number) {
  struct stat info = {};
  if (::fstat(number, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return identity_of(info);
}

}  // namespace

FileRoles::FileRoles() {
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands++ > 0) return;
  if (const auto in = stream(STDIN_FILENO)) all.inputs.emplace(*in, Named{FileRole::Input, "standard input"});
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    if (const auto file = stream(number)) all.streams.push_back(*file);
}

FileRoles::~FileRoles() {
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (--all.commands > 0) return;
  all.inputs.clear();
  all.streams.clear();
}

Result<OutputClaim> OutputClaim::make(const std::string& path, bool rewritten) {
  const auto target = behind_links(path);
  if (!target) return target.error();
  const auto file = identity_of(*target);
  if (!file) return OutputClaim();  // No such folder: whoever opens the file says so.
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands == 0) return OutputClaim();
  if (auto why = in_the_way(all, *file, path, rewritten)) return Error{*std::move(why)};
  all.outputs.push_back({++all.claims, *file, path});
  return OutputClaim(all.claims);
}

OutputClaim::OutputClaim(OutputClaim&& other) noexcept : number_(std::exchange(other.number_, 0)) {}

OutputClaim& OutputClaim::operator=(OutputClaim&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

OutputClaim::~OutputClaim() {
  if (number_ == 0) return;
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.outputs, [&](const Output& output) { return output.number == number_; });
}

Status claim_input(const std::string& path, const struct stat& info, FileRole role) {
  if (!S_ISREG(info.st_mode)) return {};
  auto& all = known();
  const auto file = identity_of(info);
  const std::lock_guard lock(all.mutex);
  if (all.commands == 0) return {};
  const auto written = std::ranges::find(all.outputs, file, &Output::file);
  if (written != all.outputs.end() && role != FileRole::Rewritten)
    return Error{fmt::format("cannot read {}: this command also writes it", spelled(path, written->path))};
  if (std::ranges::find(all.streams, file) != all.streams.end())
    return Error{fmt::format("cannot read {}: standard output or standard error goes to the same file", path)};
  const auto [there, added] = all.inputs.emplace(file, Named{role, path});
  if (!added && there->second.role != role)
    return Error{fmt::format("cannot read {}: this command also writes it", spelled(path, there->second.path))};
  return {};
}

Status claim_input(const std::string& path, FileRole role) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return claim_input(path, info, role);
}

Result<std::string> behind_links(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path file(path);
  std::error_code reason;
  for (int i = 0; i < kMostLinks; ++i) {
    if (!fs::is_symlink(file, reason)) return file.string();
    const auto next = fs::read_symlink(file, reason);
    if (reason) return Error{fmt::format("cannot write {}: {}", path, reason.message())};
    file = next.is_absolute() ? next : file.parent_path() / next;
  }
  return Error{fmt::format("cannot write {}: {}", path, std::strerror(ELOOP))};
}

}  // namespace kiln::base
