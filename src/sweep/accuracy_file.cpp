#include "sweep/accuracy_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/mapped_file.hpp"
#include "json/read.hpp"
#include "sweep/whole_file.hpp"

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBeginning = "accuracy-";
constexpr std::size_t kMostBytes = 1 << 20;

std::string start_of(const std::string& folder, const std::string& key) {
  return fmt::format("{}/{}{}", folder, kBeginning, key);
}

/// Among processes of all machines that see the folder.
std::string own_name() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return fmt::format("{}.{}", host, ::getpid());
}

/// Of processes that were killed, with what was not whole yet.
void remove_images(const std::string& folder, const std::string& key) {
  const auto start = fs::path(start_of(folder, key)).filename().string() + ".";
  std::error_code ignored;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(start) && (name.ends_with(".rom") || name.ends_with(".rom.partial")))
      left.push_back(entry.path());
  }
  for (const auto& image : left) fs::remove(image, ignored);
}

}  // namespace

std::optional<json::Object> stored_accuracy(const std::string& folder, const std::string& key) {
  const auto text = base::read_text_file(start_of(folder, key) + ".json", kMostBytes, base::FileRole::Rewritten);
  if (!text) return std::nullopt;
  auto tree = json::read(*text, 4, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_object() || tree->size() == 0) return std::nullopt;
  return std::move(tree->object());
}

base::Result<json::Object> store_accuracy(const std::string& folder, const std::string& key, json::Object figures) {
  const auto path = start_of(folder, key) + ".json";
  const auto text = json::write(figures) + "\n";
  const auto is_first = write_first(path, text);
  if (!is_first) return is_first.error();
  if (*is_first) return figures;
  if (auto first = stored_accuracy(folder, key)) return *std::move(first);
  // There is something that has no figures.
  if (const auto good = write_whole(path, text); !good) return good.error();
  return figures;
}

std::vector<std::pair<std::string, json::Object>> stored_accuracies(const std::string& folder) {
  constexpr std::string_view kEnding = ".json";
  std::vector<std::pair<std::string, json::Object>> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kBeginning) || !name.ends_with(kEnding)) continue;
    const auto key = name.substr(kBeginning.size(), name.size() - kBeginning.size() - kEnding.size());
    if (auto figures = stored_accuracy(folder, key)) all.emplace_back(key, *std::move(figures));
  }
  return all;
}

void remove_left_images(const std::string& folder) {
  std::error_code ignored;
  std::vector<std::string> keys;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(kBeginning) && name.ends_with(".lock"))
      keys.push_back(
          name.substr(kBeginning.size(), name.size() - kBeginning.size() - std::string_view(".lock").size()));
  }
  for (const auto& key : keys) (void)AccuracyTurn::take(folder, key);
}

std::optional<AccuracyTurn> AccuracyTurn::take(const std::string& folder, const std::string& key) {
  AccuracyTurn turn;
  turn.image_ = fmt::format("{}.{}.rom", start_of(folder, key), own_name());
  turn.lock_ = ::open((start_of(folder, key) + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (turn.lock_ < 0) return turn;  // what is written next says why
  if (::flock(turn.lock_, LOCK_EX | LOCK_NB) == 0) {
    remove_images(folder, key);
  } else if (errno == EWOULDBLOCK) {
    return std::nullopt;
  }
  return turn;
}

AccuracyTurn::AccuracyTurn(AccuracyTurn&& other) noexcept : image_(std::move(other.image_)), lock_(other.lock_) {
  other.image_.clear();
  other.lock_ = -1;
}

AccuracyTurn::~AccuracyTurn() {
  if (!image_.empty()) ::unlink(image_.c_str());
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace kiln::sweep
