#include "sweep/folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/mapped_file.hpp"
#include "json/value.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/accuracy_file.hpp"
#include "sweep/plan.hpp"
#include "sweep/whole_file.hpp"
#include "sweep/worker_file.hpp"

namespace kiln::sweep {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostOfSpec = std::size_t{1} << 30;
constexpr std::string_view kOther = ".other";  ///< files with answers that the database has not taken

/// What processes of an earlier sweep left when they were killed: lists of points and logs, which nobody reads any more,
/// and images. Their answers stay.
void remove_left_over(const std::string& folder) {
  std::error_code ignored;
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    const auto part = (entry.path().parent_path() / entry.path().stem()).string();
    const bool of_crew = name.starts_with("answer-") || name.starts_with("verify-");
    const bool is_aside = name.ends_with(".todo") || name.ends_with(".log") || name.ends_with(".todo.partial");
    if (of_crew && is_aside && !in_use(part + ".jsonl")) left.push_back(entry.path().string());
  }
  for (const auto& file : left) fs::remove(file, ignored);
  remove_left_images(folder);
}

/// Of a folder that is to be made, itself among them: those that are not there, innermost first.
std::vector<std::string> missing(const std::string& path) {
  std::vector<std::string> all;
  std::error_code ignored;
  for (fs::path folder(path); !folder.empty() && !fs::exists(folder, ignored); folder = folder.parent_path())
    all.push_back(folder.string());
  return all;
}

/// Whatever this command has read the file as.
bool has_text(const std::string& file, const std::string& text) {
  std::ifstream in(file, std::ios::binary);
  return in && std::string(std::istreambuf_iterator<char>(in), {}) == text;
}

}  // namespace

base::Result<Folder> Folder::open(const std::string& database, bool exclusive) {
  Folder folder;
  folder.path_ = parts_of(database);
  folder.made_ = missing(folder.path_);
  std::error_code failed;
  fs::create_directories(folder.path_, failed);
  if (failed) return base::Error{fmt::format("{}: cannot be made: {}", folder.path_, failed.message())};
  if (!exclusive) return folder;
  const auto lock = folder.path_ + "/lock";
  const bool is_there = fs::exists(lock, failed);
  folder.lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (folder.lock_ < 0) return base::Error{lock + ": cannot write"};
  if (!lock_unless_held(folder.lock_, true)) return base::Error{database + ": another kiln sweep is at work on it"};
  folder.is_new_lock_ = !is_there;
  remove_left_over(folder.path_);
  return folder;
}

Folder::Folder(Folder&& other) noexcept
    : path_(std::move(other.path_)),
      made_(std::exchange(other.made_, {})),
      is_new_lock_(std::exchange(other.is_new_lock_, false)),
      lock_(std::exchange(other.lock_, -1)) {}

Folder::~Folder() {
  take_back();
  if (lock_ >= 0) ::close(lock_);
}

void Folder::accept() {
  made_.clear();
  is_new_lock_ = false;
}

/// Other processes may have begun in the folder meanwhile: theirs stays, with the spec that they need.
void Folder::take_back() const {
  std::error_code ignored;
  if (is_new_lock_ && !made_.empty() && files(".jsonl").empty()) fs::remove(path_ + "/spec.json", ignored);
  if (is_new_lock_) fs::remove(path_ + "/lock", ignored);
  for (const auto& folder : made_) fs::remove(folder, ignored);  // if it is empty
}

std::vector<std::string> Folder::files(std::string_view ending) const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path_, ignored))
    if (entry.path().string().ends_with(ending)) found.push_back(entry.path().string());
  std::ranges::sort(found);
  return found;
}

void Folder::remove_if_empty() const {
  if (!files(".jsonl").empty() || !files(kOther).empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

base::Status Folder::keep_spec(const std::string& canonical) const {
  const auto file = path_ + "/spec.json";
  if (has_text(file, canonical)) return {};
  const auto there = base::read_text_file(file, kMostOfSpec, base::FileRole::Rewritten);
  if (there && !files(".jsonl").empty())
    return base::Error{fmt::format("{} holds answers to another spec; it differs at {}", path_,
                                   fmt::join(changed(*there, canonical), ", "))};
  return write_whole(file, canonical);
}

base::Status Folder::keep_points(const std::vector<Setting>& points) const {
  json::Array all;
  for (const auto& setting : points) all.emplace_back(json::Array(setting.begin(), setting.end()));
  return write_whole(path_ + "/points.json", json::write(std::move(all)));
}

namespace {

/// Under a name that nothing has.
std::string put_aside(const std::string& file) {
  auto name = fmt::format("{}{}", file, kOther);
  for (int copy = 2; fs::exists(name); ++copy) name = fmt::format("{}.{}{}", file, copy, kOther);
  return std::rename(file.c_str(), name.c_str()) == 0 ? name : file;
}

class Gathering {
 public:
  Gathering(const Plan& plan, Database& database, const std::function<void(const std::string&)>& on_warning)
      : plan_(plan), database_(database), on_warning_(on_warning) {}

  base::Status take(const std::string& file) const {
    const FileHold hold(file);
    std::size_t strangers = 0;
    const auto outcomes = outcomes_of(file, strangers);
    if (!outcomes) return outcomes.error();
    if (const auto good = database_.put(*outcomes); !good) return good;
    std::error_code ignored;
    if (strangers > 0) {
      const auto kept = hold.held() ? put_aside(file) : file;
      warn(
          fmt::format("{}: {} of its lines are answers of another Kiln, or to other configs; their points are answered "
                      "again, and the file is kept as {}",
                      file, strangers, kept));
    } else if (hold.held()) {
      fs::remove(file, ignored);
    }
    return {};
  }

 private:
  /// The lines of a file that are answers to the plan's points, and how many are none.
  base::Result<std::vector<Outcome>> outcomes_of(const std::string& file, std::size_t& strangers) const {
    std::uint64_t from = 0;
    auto outcomes = read_outcomes(file, from, [&](std::uint64_t byte) {
      warn(fmt::format("{}: byte {}: a line is not whole; its point is answered again", file, byte));
    });
    if (!outcomes) return outcomes;
    const auto& resolver = *plan_.resolver;
    strangers = std::erase_if(*outcomes, [&](const Outcome& each) {
      return each.number >= resolver.points().size() || resolver.key_of(each.number) != each.key;
    });
    // Whoever answered them may have had other constraints and objectives.
    for (auto& each : *outcomes)
      if (!each.figures.empty() && each.state != State::Failed) judge(*plan_.spec, each);
    return outcomes;
  }

  void warn(const std::string& sentence) const {
    if (on_warning_) on_warning_(sentence);
  }

  const Plan& plan_;
  Database& database_;
  const std::function<void(const std::string&)>& on_warning_;
};

}  // namespace

base::Status gather(const Folder& folder, const Plan& plan, Database& database,
                    const std::function<void(const std::string&)>& on_warning) {
  const Gathering gathering(plan, database, on_warning);
  for (const auto& file : folder.files(".jsonl"))
    if (const auto good = gathering.take(file); !good) return good;
  return gather_accuracies(folder.path(), database);
}

}  // namespace kiln::sweep
