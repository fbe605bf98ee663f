#include "gate/baseline.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "gate/arguments.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

constexpr std::array<std::string_view, 8> kKeys = {"name",      "path",      "value",   "unit",
                                                   "tolerance", "direction", "command", "config_hash"};
constexpr std::size_t kMostBytes = std::size_t{64} << 20;

/// Of a metric that has none of its own: what its name ends in.
std::string path_in(const std::string& name) {
  auto path = name.substr(name.rfind(' ') + 1);
  return path.starts_with('#') ? "" : path;
}

class MetricReader {
 public:
  MetricReader(const json::Value& tree, std::string where) : tree_(tree), where_(std::move(where)) {}

  base::Result<Metric> read() const {
    if (!tree_.is_object()) return wrong("", "an object");
    for (const auto key : json::unknown_keys(tree_.object(), kKeys))
      return base::Error{fmt::format("{}/{} is not a known key", where_, base::excerpt(std::string(key)))};
    Metric metric;
    const auto* name = tree_.find("name");
    if (name == nullptr || !name->is_text() || name->text().empty()) return wrong("name", "a text");
    metric.name = name->text();
    metric.path = path_in(metric.name);
    for (const auto& [key, value] : {std::pair{"unit", &metric.unit}, std::pair{"config_hash", &metric.config_hash},
                                     std::pair{"path", &metric.path}}) {
      const auto* found = tree_.find(key);
      if (found != nullptr && !found->is_text()) return wrong(key, "a text");
      if (found != nullptr) *value = found->text();
    }
    const auto* value = tree_.find("value");
    if (value == nullptr || !(value->is_number() || value->is_text() || value->is_boolean()))
      return wrong("value", "a number, a text or a boolean");
    metric.value = *value;
    if (const auto bad = read_tolerance(metric)) return *bad;
    if (const auto bad = read_command(metric)) return *bad;
    return metric;
  }

 private:
  std::optional<base::Error> read_tolerance(Metric& metric) const {
    const auto* direction = tree_.find("direction");
    const auto known =
        direction != nullptr && direction->is_text() ? kDirections.find(direction->text()) : std::nullopt;
    if (!known) return wrong("direction", "equal, higher or lower");
    metric.direction = *known;
    const auto* tolerance = tree_.find("tolerance");
    const auto* relative = tolerance == nullptr ? nullptr : tolerance->find("relative");
    if (relative == nullptr || !relative->is_number() || !(relative->number() >= 0 && relative->number() <= 1) ||
        tolerance->size() != 1)
      return wrong("tolerance", "{\"relative\": a number from 0 to 1}");
    metric.tolerance = relative->number();
    if (metric.tolerance > 0 && !metric.value.is_number())
      return wrong("tolerance", "0 beside a value that is no number,");
    return std::nullopt;
  }

  std::optional<base::Error> read_command(Metric& metric) const {
    const auto* command = tree_.find("command");
    if (command == nullptr || !command->is_array() || command->array().empty())
      return wrong("command", "a list of arguments");
    for (const auto& word : command->array()) {
      if (!word.is_text()) return wrong("command", "a list of arguments");
      metric.command.push_back(word.text());
    }
    // A baseline must not run whatever it likes.
    if (const auto why = refused(metric.command)) return base::Error{fmt::format("{}/command {}", where_, *why)};
    return std::nullopt;
  }

  [[nodiscard]] base::Error wrong(std::string_view key, std::string_view expected) const {
    const auto* found = key.empty() ? &tree_ : tree_.find(key);
    return {fmt::format(
        "{}{}{} {}; {} is expected", where_, key.empty() ? "" : "/", key,
        found == nullptr ? "is missing" : "is " + base::excerpt(json::write(*found, json::Escapes::NonAscii)),
        expected)};
  }

  const json::Value& tree_;
  std::string where_;
};

json::Value to_json(const Metric& metric) {
  json::Array command;
  for (const auto& word : metric.command) command.emplace_back(word);
  return json::Object{{"name", metric.name},
                      {"path", metric.path},
                      {"value", metric.value},
                      {"unit", metric.unit},
                      {"tolerance", json::Object{{"relative", metric.tolerance}}},
                      {"direction", kDirections[metric.direction]},
                      {"command", std::move(command)},
                      {"config_hash", metric.config_hash}};
}

}  // namespace

base::Result<Baseline> parse_baseline(std::string_view text, const std::string& name) {
  const auto tree = json::read(text, 16, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_object()) return base::Error{name + " is no baseline; a file that --record wrote is expected"};
  const auto* version = tree->find("version");
  if (version == nullptr || !version->is_whole()) return base::Error{name + ": /version is missing; 1 is expected"};
  if (version->whole() != 1)
    return base::Error{fmt::format("{}: /version is {}; this Kiln reads version 1", name, version->whole())};
  const auto* metrics = tree->find("metrics");
  if (metrics == nullptr || !metrics->is_array() || metrics->array().empty())
    return base::Error{name + ": /metrics: a list with at least one metric is expected"};
  static constexpr std::array<std::string_view, 2> kTop = {"version", "metrics"};
  for (const auto key : json::unknown_keys(tree->object(), kTop))
    return base::Error{fmt::format("{}: /{} is not a known key", name, base::excerpt(std::string(key)))};
  Baseline baseline;
  std::set<std::string> names;
  for (std::size_t i = 0; i < metrics->array().size(); ++i) {
    auto metric = MetricReader(metrics->array()[i], fmt::format("{}: /metrics/{}", name, i)).read();
    if (!metric) return metric.error();
    if (!names.insert(metric->name).second)
      return base::Error{fmt::format("{}: /metrics/{}/name: {} is there twice", name, i, base::excerpt(metric->name))};
    baseline.metrics.push_back(*std::move(metric));
  }
  return baseline;
}

std::string to_text(const Baseline& baseline) {
  std::string text = "{\"version\": 1, \"metrics\": [";
  for (std::size_t i = 0; i < baseline.metrics.size(); ++i)
    text += (i == 0 ? "\n" : ",\n") + json::write(to_json(baseline.metrics[i]));
  return text + "\n]}\n";
}

base::Result<Baseline> read_baseline(const std::string& file, base::FileRole role) {
  const auto text = base::read_text_file(file, kMostBytes, role);
  if (!text) return text.error();
  return parse_baseline(*text, file);
}

std::string free_name(const std::string& name, std::set<std::string>& names) {
  std::string free = name;
  for (int i = 2; !names.insert(free).second; ++i) free = fmt::format("{} #{}", name, i);
  return free;
}

}  // namespace kiln::gate
