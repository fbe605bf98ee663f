// One point: what it is, which constraints are near, what limits the chip, and which points of the front are nearest.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/cost_report.hpp"
#include "report/table.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/answers.hpp"
#include "sweep/plan.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kNearest = 3;

json::Value constraints_json(const Spec& spec, const report::FigureMap& figures) {
  json::Array list;
  for (const auto& constraint : spec.constraints) {
    const auto holds = constraint.value([&](const std::string& path) { return number_of(figures, path); });
    list.push_back(
        json::Object{{"constraint", constraint.text()}, {"holds", holds ? json::Value(*holds != 0) : json::Value()}});
  }
  return list;
}

std::string constraint_lines(const Spec& spec, const report::FigureMap& figures, std::size_t columns) {
  std::string text;
  for (const auto& constraint : spec.constraints) {
    const auto holds = constraint.value([&](const std::string& path) { return number_of(figures, path); });
    std::string values;
    for (const auto& name : constraint.names()) {
      const auto found = figures.find(name);
      values += fmt::format("{}{} is {}", values.empty() ? "" : ", ", name,
                            found == figures.end() ? "not known" : printed(found->second));
    }
    text += report::hanging(
        fmt::format("  {}: {} ({})", holds && *holds != 0 ? "holds" : "does not hold", constraint.text(), values), 4,
        columns);
  }
  return text.empty() ? text : "\nconstraints:\n" + text;
}

/// Distance in objectives, each as a share of what the front spans.
std::vector<std::size_t> nearest_of(const Overview& all, const std::vector<double>& values) {
  std::vector<double> low(values.size(), std::numeric_limits<double>::infinity()), high(values.size(), -low.front());
  for (const auto& each : all.front)
    for (std::size_t i = 0; i < values.size(); ++i) {
      low[i] = std::min(low[i], each.values[i]);
      high[i] = std::max(high[i], each.values[i]);
    }
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t f = 0; f < all.front.size(); ++f) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double span = high[i] > low[i] ? high[i] - low[i] : 1;
      sum += std::pow((all.front[f].values[i] - values[i]) / span, 2);
    }
    order.emplace_back(sum, f);
  }
  std::ranges::sort(order);
  std::vector<std::size_t> nearest;
  for (std::size_t i = 0; i < std::min(kNearest, order.size()); ++i) nearest.push_back(order[i].second);
  return nearest;
}

/// Of the point's objectives; empty where one of them is no number.
std::vector<double> values_of(const Spec& spec, const Outcome& outcome) {
  std::vector<double> values;
  for (const auto& objective : spec.objectives) {
    const auto value = number_of(outcome.figures, objective.figure);
    if (!value) return {};
    values.push_back(*value);
  }
  return values;
}

std::string nearest_lines(const Overview& all, const Row& row, const std::vector<std::size_t>& nearest,
                          std::size_t columns) {
  if (nearest.empty()) return "";
  const auto values = values_of(all.spec, row.outcome);
  std::string text = "\nnearest of the front:\n";
  for (const std::size_t f : nearest) {
    if (all.front[f].number == row.outcome.number) {
      text += fmt::format("  point {}: this one\n", row.outcome.number);
      continue;
    }
    std::string line = fmt::format("  point {}: ", all.front[f].number);
    for (std::size_t i = 0; i < values.size(); ++i)
      line += fmt::format("{}{} {} (here {})", i == 0 ? "" : ", ", all.spec.objectives[i].figure,
                          report::number(all.front[f].values[i]), report::number(values[i]));
    std::string differs;
    for (const auto& [name, value] : all.front_vary[f].object()) {
      const auto* own = row.vary.find(name);
      if (own != nullptr && *own == value) continue;
      differs += fmt::format("{}{} is {}, here {}", differs.empty() ? "; " : ", ", name, printed(value),
                             own == nullptr ? "the base's" : printed(*own));
    }
    text += report::hanging(line + differs, 4, columns);
  }
  return text;
}

/// By a simulation of this point, with what would help.
std::string limit_lines(const Plan& plan, const Row& row, std::size_t columns, study::Environment& environment) {
  const auto point = plan.resolver->resolve(row.outcome.number, plan.resolver->points().at(row.outcome.number));
  if (!point) return "";
  const auto answer = simulate(*point, true, environment);
  if (!answer || answer->result.mismatch || !answer->limits) return "";
  return "\n" + report::limits_text(*answer->limits, columns);
}

}  // namespace

base::Result<Explanation> explain(const Database& database, std::uint64_t number, std::size_t columns,
                                  study::Environment& environment) {
  const auto record = database.record();
  if (!record) return record.error();
  auto plan = plan_of(record->spec, database.path(), environment);
  if (!plan) return plan.error();
  if (const auto taken = plan->take_points(database); !taken) return taken.error();
  const auto all = overview(database);
  if (!all) return all.error();
  std::optional<Row> row;
  const auto read = database.for_each([&](Row&& next) {
    if (next.outcome.number == number) row = std::move(next);
    return !row;
  });
  if (!read) return read.error();
  if (!row || number >= plan->resolver->points().size())
    return base::Error{fmt::format("{} has no point {}; 0 to {} is expected", database.path(), number,
                                   plan->resolver->points().size() - 1)};
  const auto values = values_of(all->spec, row->outcome);
  const auto nearest = values.empty() ? std::vector<std::size_t>() : nearest_of(*all, values);
  json::Array numbers;
  for (const std::size_t f : nearest) numbers.emplace_back(all->front[f].number);
  const bool in_front = std::ranges::any_of(all->front, [&](const auto& each) { return each.number == number; });
  auto document = point_json(*row, in_front);
  document["constraints"] = constraints_json(all->spec, row->outcome.figures);
  document["nearest_of_front"] = std::move(numbers);
  std::string text = fmt::format("point {}: {}\n", number, kStates[row->outcome.state]);
  if (!row->outcome.reason.empty()) text += report::hanging("  " + row->outcome.reason, 4, columns);
  for (const auto& [name, value] : row->vary.object()) text += fmt::format("  {} = {}\n", name, printed(value));
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("  {}: {}\n", all->spec.objectives[i].figure, report::number(values[i]));
  text += constraint_lines(all->spec, row->outcome.figures, columns);
  text += nearest_lines(*all, *row, nearest, columns);
  text += limit_lines(*plan, *row, columns, environment);
  text += "\n" + row->command + "\n";
  json::Array commands;
  for (const auto& command : accuracy_commands(*plan, number)) {
    text += command + "\n";
    commands.emplace_back(command);
  }
  if (!commands.empty()) document["accuracy_commands"] = std::move(commands);
  return Explanation{json::write(document) + "\n", text};
}

}  // namespace kiln::sweep
