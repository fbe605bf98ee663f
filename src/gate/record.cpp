// What --record does to a baseline.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "gate/arguments.hpp"
#include "gate/baseline.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

std::filesystem::path folder_of(const std::string& file) {
  auto folder = std::filesystem::path(file).parent_path();
  return folder.empty() ? "." : folder;
}

base::Result<Baseline> there(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return Baseline{};
  return read_baseline(file, base::FileRole::Rewritten);
}

/// In place of the metrics of the same command; a new command's come last.
void put(std::vector<Metric> metrics, Baseline& baseline) {
  const auto same = [&](const Metric& metric) { return metric.command == metrics.front().command; };
  const auto at = std::ranges::find_if(baseline.metrics, same) - baseline.metrics.begin();
  std::set<std::string> names;
  for (const auto& old : baseline.metrics) {
    if (!same(old)) {
      names.insert(old.name);
      continue;
    }
    const auto now = std::ranges::find(metrics, old.path, &Metric::path);
    if (now == metrics.end() || (old.tolerance > 0 && !now->value.is_number())) continue;
    now->tolerance = old.tolerance;
    now->direction = old.direction;
  }
  std::erase_if(baseline.metrics, same);
  for (auto& metric : metrics) metric.name = free_name(metric.name, names);
  baseline.metrics.insert(baseline.metrics.begin() + at, std::move_iterator(metrics.begin()),
                          std::move_iterator(metrics.end()));
}

/// A relative path in a sweep's spec that is another file, or none, from the folder.
std::optional<std::string> lost_file(const json::Value& tree, std::string_view key,
                                     const std::filesystem::path& folder) {
  if (tree.is_object()) {
    for (const auto& [name, member] : tree.object())
      if (auto lost = lost_file(member, name, folder)) return lost;
  } else if (tree.is_array()) {
    for (const auto& member : tree.array())
      if (auto lost = lost_file(member, key, folder)) return lost;
  } else if (tree.is_text() && names_file(key, tree.text()) && std::filesystem::path(tree.text()).is_relative()) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(tree.text(), folder / tree.text(), ignored)) return tree.text();
  }
  return std::nullopt;
}

/// Paths in a spec hold from the folder where the sweep runs; a check runs it in the baseline's.
base::Status check_spec(const std::string& file, const std::vector<std::string>& command) {
  const auto spec = spec_of(command);
  if (!spec) return {};
  const auto text = base::read_text_file((folder_of(file) / *spec).string());
  if (!text) return {};  // the sweep says what is wrong with it
  const auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
  if (!tree) return {};
  if (const auto lost = lost_file(*tree, "", folder_of(file)))
    return base::Error{fmt::format(
        "--record {}: the spec names {}, which is another file or none from the baseline's folder, where a check runs "
        "the sweep; a baseline in the folder where this sweep runs is expected",
        file, base::excerpt(base::without_controls(*lost)))};
  return {};
}

}  // namespace

Turn::Turn(const std::string& file) : folder_(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (folder_ >= 0) ::flock(folder_, LOCK_EX);
}

Turn::~Turn() {
  if (folder_ >= 0) ::close(folder_);
}

base::Status unchanged(const std::string& file, const Baseline& baseline) {
  const auto now = read_baseline(file, base::FileRole::Rewritten);
  if (now && to_text(*now) == to_text(baseline)) return {};
  return base::Error{file + " has changed meanwhile, and is left as it is; check it again"};
}

base::Status can_record(const std::string& file, const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments.front() == "bench")
    return base::Error{fmt::format(
        "--record {}: bench measures times, and a baseline keeps none: they are of one machine and one moment", file)};
  const auto command = recorded(arguments, folder_of(file));
  if (const auto why = refused(command))
    return base::Error{fmt::format("--record {}: the command {}; a check could not run it", file, *why)};
  if (const auto good = check_spec(file, command); !good) return good;
  if (const auto baseline = there(file); !baseline) return baseline.error();
  if (const auto out = base::AtomicFile::create(file, true); !out) return out.error();
  return {};
}

base::Status record(const std::string& file, const std::string& document, const std::vector<std::string>& arguments) {
  const auto tree = json::read(document, 64, [](const json::Problem&) { return false; });
  if (!tree) return base::Error{"--record: the document is no JSON"};
  const auto command = recorded(arguments, folder_of(file));
  auto metrics = metrics_of(*tree, command);
  if (metrics.empty()) return base::Error{fmt::format("--record {}: nothing in the result is a metric", file)};
  const Turn turn(file);
  auto baseline = there(file);
  if (!baseline) return baseline.error();
  put(std::move(metrics), *baseline);
  auto out = base::AtomicFile::create(file, true);
  if (!out) return out.error();
  if (const auto good = out->append(to_text(*baseline)); !good) return good;
  return out->commit();
}

}  // namespace kiln::gate
