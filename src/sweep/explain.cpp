// One point: what it is, which constraints are near, what limits the chip, and which points of the front are nearest.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/cost_report.hpp"
#include "report/table.hpp"
#include "sweep/answers.hpp"
#include "sweep/plan.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kNearest = 3;

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

std::string nearest_lines(const Overview& all, const Row& row, std::size_t columns) {
  std::vector<double> values;
  for (const auto& objective : all.spec.objectives)
    if (const auto value = number_of(row.outcome.figures, objective.figure)) values.push_back(*value);
  if (all.front.empty() || values.empty() || values.size() != all.spec.objectives.size()) return "";
  std::string text = "\nnearest of the front:\n";
  for (const std::size_t f : nearest_of(all, values)) {
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
  study::CostQuestion question;
  question.prompt_tokens = point->prompt_tokens;
  question.new_tokens = point->new_tokens;
  question.users = point->users;
  question.limits = true;
  const auto answer = study::cost(question, point->chip, point->model, point->recipe, environment);
  if (!answer || !answer->limits) return "";
  return "\n" + report::limits_text(*answer->limits, columns);
}

}  // namespace

base::Result<std::string> explain(const Database& database, std::uint64_t number, std::size_t columns,
                                  study::Environment& environment) {
  const auto record = database.record();
  if (!record) return record.error();
  const auto plan = plan_of(record->spec, database.path(), environment);
  if (!plan) return plan.error();
  const auto all = overview(database);
  if (!all) return all.error();
  std::optional<Row> row;
  const auto read = database.for_each([&](Row&& next) {
    if (next.outcome.number == number) row = std::move(next);
    return !row;
  });
  if (!read) return read.error();
  if (!row)
    return base::Error{
        fmt::format("{} has no point {}; 0 to {} is expected", database.path(), number, all->points - 1)};
  std::string text = fmt::format("point {}: {}\n", number, kStates[row->outcome.state]);
  if (!row->outcome.reason.empty()) text += report::hanging("  " + row->outcome.reason, 4, columns);
  for (const auto& [name, value] : row->vary.object()) text += fmt::format("  {} = {}\n", name, printed(value));
  for (const auto& objective : all->spec.objectives)
    if (const auto value = number_of(row->outcome.figures, objective.figure))
      text += fmt::format("  {}: {}\n", objective.figure, report::number(*value));
  text += constraint_lines(all->spec, row->outcome.figures, columns);
  text += nearest_lines(*all, *row, columns);
  text += limit_lines(*plan, *row, columns, environment);
  return text + "\n" + row->command + "\n";
}

}  // namespace kiln::sweep
