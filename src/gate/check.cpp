#include "gate/check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "gate/arguments.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

std::string first_line(const std::string& text) {
  constexpr std::string_view kPrefix = "kiln: error: ";
  const auto line = text.substr(0, text.find('\n'));
  return line.starts_with(kPrefix) ? line.substr(kPrefix.size()) : line;
}

Row compared(const Metric& metric, const json::Value* now, const std::string& hash, const std::string& why) {
  Row row;
  row.metric = metric;
  row.why = why;
  if (now == nullptr || now->is_null() || now->is_object() || now->is_array()) {
    row.result = Result::Missing;
    return row;
  }
  row.now = *now;
  row.other_configs = hash != metric.config_hash;
  const auto& then = metric.value;
  if (then.is_number() && now->is_number() && then.number() != 0) row.change = now->number() / then.number() - 1;
  if (*now == then) return row;
  const bool within = then.is_number() && now->is_number() &&
                      std::abs(now->number() - then.number()) <= metric.tolerance * std::abs(then.number());
  if (within) return row;
  if (metric.direction == Direction::Equal || !then.is_number() || !now->is_number()) {
    row.result = Result::Other;
    return row;
  }
  const bool higher = now->number() > then.number();
  row.result = higher == (metric.direction == Direction::Higher) ? Result::Better : Result::Worse;
  return row;
}

void add_rows(const Baseline& baseline, const std::vector<std::string>& command, const base::Result<json::Value>& said,
              Answer& answer) {
  std::vector<Metric> now;
  if (said) now = metrics_of(*said, command);
  const auto hash = now.empty() ? std::string() : now.front().config_hash;
  for (const auto& metric : baseline.metrics)
    if (metric.command == command)
      answer.rows.push_back(
          compared(metric, said ? at(*said, metric.path) : nullptr, hash, said ? "" : said.error().message));
  for (auto& metric : now) {
    const bool known = std::ranges::any_of(
        baseline.metrics, [&](const Metric& each) { return each.command == command && each.path == metric.path; });
    if (known) continue;
    Row row;
    row.now = metric.value;
    row.metric = std::move(metric);
    row.result = Result::New;
    answer.rows.push_back(std::move(row));
  }
}

}  // namespace

bool Answer::passed() const {
  return std::ranges::all_of(rows,
                             [](const Row& row) { return row.result == Result::Same || row.result == Result::New; });
}

base::Result<Answer> check(const Baseline& baseline, const RunKiln& run_kiln, const base::Progress& progress) {
  std::vector<std::vector<std::string>> commands;
  for (const auto& metric : baseline.metrics)
    if (std::ranges::find(commands, metric.command) == commands.end()) commands.push_back(metric.command);
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
  std::map<std::vector<std::string>, std::string> hashes;
  for (const auto& row : answer.rows)
    if (row.result == Result::New) hashes[row.metric.command] = row.metric.config_hash;
  for (const auto& row : answer.rows) {
    if (!row.now) continue;
    Metric metric = row.metric;
    metric.value = *row.now;
    baseline.metrics.push_back(std::move(metric));
  }
  return baseline;
}

RunKiln in_process(const std::string& program, const std::string& folder, const std::string& scratch) {
  return [=](const std::vector<std::string>& command) -> base::Result<json::Value> {
    const auto document = scratch + "/document.json", log = scratch + "/log";
    std::error_code ignored;
    std::filesystem::remove(document, ignored);
    std::vector<std::string> words = {program};
    for (auto& word : runnable(command, scratch, document)) words.push_back(std::move(word));
    const auto process = base::start_program(words, {"/dev/null", log, "", false, folder});
    if (!process) return process.error();
    const auto end = base::wait_for(*process);
    const auto said = base::read_text_file(log);
    if (end.signal != 0) return base::Error{fmt::format("ended by signal {}", end.signal)};
    if (!std::filesystem::exists(document))
      return base::Error{said && !said->empty() ? first_line(*said) : fmt::format("status {}", end.status)};
    const auto text = base::read_text_file(document);
    if (!text) return text.error();
    auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
    if (!tree) return base::Error{"its document is no JSON"};
    return *std::move(tree);
  };
}

}  // namespace kiln::gate
