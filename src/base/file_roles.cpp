#include "base/file_roles.hpp"

#include <fcntl.h>
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
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::string name;  ///< of a file that is not there; device and inode are its folder's then
  /// When the file was made, in ns, where the file system knows: a removed file's inode may be the next one's.
  std::int64_t born = 0;
  auto operator<=>(const Identity&) const = default;
};

/// Of `path`, or of the open file `fd` where that is empty. Nothing where there is none.
std::optional<Identity> identity_of(int fd, const std::string& path, bool* regular = nullptr) {
  struct statx info = {};
  if (::statx(fd, path.c_str(), path.empty() ? AT_EMPTY_PATH : 0, STATX_TYPE | STATX_INO | STATX_BTIME, &info) != 0)
    return std::nullopt;
  if (regular != nullptr) *regular = S_ISREG(info.stx_mode);
  const bool knows = (info.stx_mask & STATX_BTIME) != 0;
  return Identity{std::uint64_t{info.stx_dev_major} << 32 | info.stx_dev_minor, info.stx_ino, "",
                  knows ? info.stx_btime.tv_sec * 1'000'000'000 + info.stx_btime.tv_nsec : 0};
}

/// A file that is there or will be. What has its name may be another file later: a partial one comes and goes.
struct Spot {
  Identity file;
  Identity place;  ///< its folder and its name
  [[nodiscard]] bool meets(const Spot& other) const { return file == other.file || place == other.place; }
};

/// Nothing where there is no such folder.
std::optional<Spot> spot_of(const std::string& path) {
  const std::filesystem::path file(path);
  const auto folder = file.parent_path().string();
  auto place = identity_of(AT_FDCWD, folder.empty() ? "." : folder);
  if (!place) return std::nullopt;
  place->name = file.filename().string();
  return Spot{identity_of(AT_FDCWD, path).value_or(*place), *place};
}

constexpr std::uint64_t kReserved = 0;

struct Named {
  FileRole role;
  std::string path;
};

struct Output {
  std::uint64_t number;  ///< kReserved: as long as the command
  Spot spot;
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
std::optional<std::string> in_the_way(const Known& all, const Spot& spot, const std::string& path, bool rewritten) {
  if (const auto read = all.inputs.find(spot.file); read != all.inputs.end())
    if (!rewritten || read->second.role == FileRole::Input)
      return fmt::format("cannot write {}: it is an input of this command", spelled(path, read->second.path));
  for (const auto& [number, other, name] : all.outputs)
    if (other.meets(spot))
      return fmt::format("cannot write {}: this command already writes it as another of its results",
                         spelled(path, name));
  if (std::ranges::find(all.streams, spot.file) != all.streams.end())
    return fmt::format("cannot write {}: standard output or standard error goes to the same file", path);
  return std::nullopt;
}

std::optional<Identity> stream(int number) {
  bool regular = false;
  auto file = identity_of(number, "", &regular);
  return regular ? file : std::nullopt;
}

}  // namespace

FileRoles::FileRoles() {
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands++ > 0) return;
  if (const auto self = identity_of(AT_FDCWD, "/proc/self/exe"))
    all.inputs.emplace(*self, Named{FileRole::Input, "this program"});
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
  std::erase_if(all.outputs, [](const Output& output) { return output.number == kReserved; });
}

Result<OutputClaim> OutputClaim::make(const std::string& path, bool rewritten) {
  const auto target = behind_links(path);
  if (!target) return target.error();
  // Written beside the file, and whatever has that name is removed by the next write: it is nobody else's.
  const auto partial = partial_of(*target);
  const auto file = spot_of(*target), aside = spot_of(partial);
  if (!file || !aside) return OutputClaim();  // No such folder: whoever opens the file says so.
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands == 0) return OutputClaim();
  if (auto why = in_the_way(all, *file, path, rewritten)) return Error{*std::move(why)};
  if (auto why = in_the_way(all, *aside, partial, false)) return Error{*std::move(why)};
  all.outputs.push_back({++all.claims, *file, path});
  all.outputs.push_back({all.claims, *aside, partial});
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

Status reserve(const std::string& path) {
  const auto spot = spot_of(path);
  if (!spot) return {};
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands == 0) return {};
  for (const auto& [number, other, name] : all.outputs)
    if (number == kReserved && other.place == spot->place) return {};
  if (auto why = in_the_way(all, *spot, path, false)) return Error{*std::move(why)};
  all.outputs.push_back({kReserved, *spot, path});
  return {};
}

Status refuse_outputs_in(const std::string& folder, std::string_view why) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const auto place = fs::canonical(folder, failed);
  if (failed) return {};  // nothing can be written there
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  for (const auto& output : all.outputs) {
    const auto target = behind_links(output.path);
    if (!target) continue;
    const auto inside = fs::weakly_canonical(*target, failed).lexically_relative(place);
    if (!failed && !inside.empty() && *inside.begin() != "..")
      return Error{fmt::format("cannot write {}: {}", output.path, why)};
  }
  return {};
}

Status claim_input(const std::string& path, int fd, FileRole role) {
  bool regular = false;
  const auto found = identity_of(fd, fd == AT_FDCWD ? path : "", &regular);
  if (!found || !regular) return {};
  const auto& file = *found;
  auto& all = known();
  const std::lock_guard lock(all.mutex);
  if (all.commands == 0) return {};
  const auto written =
      std::ranges::find_if(all.outputs, [&](const Output& output) { return output.spot.file == file; });
  if (written != all.outputs.end() && role != FileRole::Rewritten)
    return Error{fmt::format("cannot read {}: this command also writes it", spelled(path, written->path))};
  if (std::ranges::find(all.streams, file) != all.streams.end())
    return Error{fmt::format("cannot read {}: standard output or standard error goes to the same file", path)};
  const auto [there, added] = all.inputs.emplace(file, Named{role, path});
  if (!added && there->second.role != role)
    return Error{fmt::format("cannot read {}: this command also writes it", spelled(path, there->second.path))};
  return {};
}

Status claim_input(const std::string& path, FileRole role) { return claim_input(path, AT_FDCWD, role); }

std::string partial_of(const std::string& path) { return path + ".partial"; }

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
