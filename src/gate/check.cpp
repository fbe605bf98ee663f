#include "gate/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/mapped_file.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

bool within(double then, double now, double tolerance) {
  // Whole numbers beyond 2^53 are equal as doubles although they differ: without a tolerance only == counts.
  return tolerance > 0 && std::abs(now - then) <= tolerance * std::abs(then);
}

Result judged(const Metric& metric, const json::Value& now) {
  const auto& then = metric.value;
  if (now == then) return Result::Same;
  if (!then.is_number() || !now.is_number()) return Result::Other;
  if (within(then.number(), now.number(), metric.tolerance)) return Result::Same;
  if (metric.direction == Direction::Equal) return Result::Other;
  const bool higher = now.number() > then.number();
  return higher == (metric.direction == Direction::Higher) ? Result::Better : Result::Worse;
}

Row compared(const Metric& metric, const json::Value* now, const std::string& hash, const std::string& why) {
  Row row;
  row.metric = metric;
  row.why = why;
  row.config_hash = hash;
  if (now == nullptr || now->is_null() || now->is_object() || now->is_array()) {
    row.result = Result::Missing;
    return row;
  }
  row.now = *now;
  row.result = judged(metric, *now);
  const auto& then = metric.value;
  if (then.is_number() && now->is_number() && then.number() != 0) row.change = now->number() / then.number() - 1;
  return row;
}

void add_rows(const Baseline& baseline, const std::vector<std::string>& command, const base::Result<json::Value>& said,
              Answer& answer) {
  std::vector<Metric> now;
  if (said) now = metrics_of(*said, command);
  const auto hash = now.empty() ? std::string() : now.front().config_hash;
  std::set<std::string_view> known;
  for (const auto& metric : baseline.metrics) {
    if (metric.command != command) continue;
    known.insert(metric.path);
    answer.rows.push_back(
        compared(metric, said ? at(*said, metric.path) : nullptr, hash, said ? "" : said.error().message));
  }
  for (auto& metric : now) {
    if (known.contains(metric.path)) continue;
    Row row;
    row.now = metric.value;
    row.config_hash = hash;
    row.metric = std::move(metric);
    row.result = Result::New;
    answer.rows.push_back(std::move(row));
  }
}

}  // namespace

bool Row::other_configs() const { return now && config_hash != metric.config_hash; }

bool Answer::passed() const {
  return std::ranges::all_of(rows,
                             [](const Row& row) { return row.result == Result::Same || row.result == Result::New; });
}

bool Answer::commands_ended_well() const {
  return std::ranges::all_of(rows, [](const Row& row) { return row.why.empty(); });
}

std::vector<std::vector<std::string>> commands_of(const Baseline& baseline) {
  std::vector<std::vector<std::string>> commands;
  std::set<std::vector<std::string>> known;
  for (const auto& metric : baseline.metrics)
    if (known.insert(metric.command).second) commands.push_back(metric.command);
  return commands;
}

base::Result<Answer> check(const Baseline& baseline, const RunKiln& run_kiln, const base::Progress& progress) {
  const auto commands = commands_of(baseline);
  Answer answer;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    progress("checking", i, commands.size());
    const auto said = run_kiln(commands[i]);
    if (progress.stopped()) return base::Error{"interrupted"};
    add_rows(baseline, commands[i], said, answer);
  }
  progress("checking", commands.size(), commands.size());
  return answer;
}

Baseline renewed(const Answer& answer) {
  Baseline baseline;
  std::set<std::string> names;
  for (const auto& row : answer.rows)
    if (row.result != Result::New) names.insert(row.metric.name);
  for (const auto& row : answer.rows) {
    // What a command that failed would have said is not known: it stays, and so it fails again.
    if (!row.now && row.why.empty()) continue;
    Metric metric = row.metric;
    if (row.now) {
      metric.value = *row.now;
      metric.config_hash = row.config_hash;
    }
    if (row.result == Result::New) metric.name = free_name(metric.name, names);
    baseline.metrics.push_back(std::move(metric));
  }
  return baseline;
}

RunKiln in_process(const std::string& program, const Place& place, const std::stop_token& stop) {
  return [=](const std::vector<std::string>& command) -> base::Result<json::Value> {
    const auto ended = run_child(program, command, place, stop);
    if (!ended) return ended.error();
    std::error_code ignored;
    // A failed check of the command's own, status 1, has a document all the same.
    if (ended->signal != 0 || ended->status > 1 || !std::filesystem::exists(ended->document, ignored))
      return base::Error{ended->why()};
    const auto text = base::read_text_file(ended->document);
    if (!text) return text.error();
    auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
    if (!tree) return base::Error{"its document is no JSON"};
    return *std::move(tree);
  };
}

}  // namespace kiln::gate
