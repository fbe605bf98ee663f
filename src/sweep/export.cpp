// The points of a sweep for programs: JSON and CSV, in the order of their numbers.
#include <set>

#include "base/hash.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/answers.hpp"

namespace kiln::sweep {
namespace {

std::string csv_cell(const json::Value& value) {
  std::string text = value.is_text() ? value.text() : json::write(value);
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::set<std::uint64_t> numbers_of(const Overview& all) {
  std::set<std::uint64_t> numbers;
  for (const auto& each : all.front) numbers.insert(each.number);
  return numbers;
}

/// The row with what is the same on every machine: baselines hold its hash.
Row exact(Row row) {
  const auto moves = [](const auto& figure) { return depends_on_reference(figure.first); };
  // A constraint that does not hold says what it found.
  if (std::erase_if(row.outcome.figures, moves) > 0) row.outcome.reason = without_numbers(row.outcome.reason);
  return row;
}

std::string hash_of(std::string_view text) {
  base::ContentHash hash;
  hash.update(text);
  return hash.hex();
}

/// Calls `each` with all rows; ends at the first failure.
base::Status over_rows(const Database& database, const std::function<base::Status(const Row&)>& each) {
  base::Status status;
  const auto read = database.for_each([&](Row&& row) {
    status = each(row);
    return status.ok();
  });
  return read ? status : read;
}

}  // namespace

json::Object point_json(const Row& row, bool in_front) {
  const auto& outcome = row.outcome;
  return {{"number", outcome.number}, {"state", kStates[outcome.state]}, {"reason", outcome.reason},
          {"vary", row.vary},         {"figures", outcome.figures},      {"front", in_front},
          {"command", row.command}};
}

base::Status export_json(const Database& database, const Write& write) {
  const auto all = overview(database);
  if (!all) return all.error();
  const auto front = numbers_of(*all);
  if (const auto good = write("{\"points\": ["); !good) return good;
  bool first = true;
  base::ContentHash hash;
  auto written = over_rows(database, [&](const Row& row) {
    const std::string begin = first ? "\n" : ",\n";
    first = false;
    const bool in_front = front.contains(row.outcome.number);
    hash.update(begin + json::write(point_json(exact(row), in_front)));
    return write(begin + json::write(point_json(row, in_front)));
  });
  if (!written) return written;
  const json::Object summary{{"points", all->points},
                             {"done", all->done},
                             {"infeasible", all->infeasible},
                             {"failed", all->failed},
                             {"interrupted", all->interrupted},
                             {"front", std::uint64_t{all->front.size()}},
                             {"hash", hash.hex()},
                             {"spec_hash", hash_of(all->spec.canonical)}};
  return write("\n], \"command\": \"sweep\", \"summary\": " + json::write(summary) + "}\n");
}

base::Status export_csv(const Database& database, const Write& write) {
  const auto all = overview(database);
  if (!all) return all.error();
  const auto front = numbers_of(*all);
  // A column for each name that any point has.
  std::set<std::string> axes, figures;
  auto read = database.for_each([&](Row&& row) {
    for (const auto& [name, value] : row.vary.object()) axes.insert(name);
    for (const auto& [path, value] : row.outcome.figures) figures.insert(path);
    return true;
  });
  if (!read) return read;
  // A length is an axis and a figure alike: one column, with what either has.
  for (const auto& name : axes) figures.erase(name);
  std::string header = "number,state,front";
  for (const auto& name : axes) header += "," + csv_cell(name);
  for (const auto& path : figures) header += "," + csv_cell(path);
  if (const auto good = write(header + ",reason,command\n"); !good) return good;
  return over_rows(database, [&](const Row& row) {
    const auto& outcome = row.outcome;
    std::string line = std::to_string(outcome.number) + "," + std::string(kStates[outcome.state]) + "," +
                       (front.contains(outcome.number) ? "true" : "false");
    const auto figure = [&](const std::string& path) {
      const auto value = outcome.figures.find(path);
      return value == outcome.figures.end() ? std::string() : csv_cell(value->second);
    };
    for (const auto& name : axes) {
      const auto* value = row.vary.find(name);
      line += "," + (value == nullptr ? figure(name) : csv_cell(*value));
    }
    for (const auto& path : figures) line += "," + figure(path);
    return write(line + "," + csv_cell(outcome.reason) + "," + csv_cell(row.command) + "\n");
  });
}

}  // namespace kiln::sweep
