// One point: what it is, which constraints are near, what limits the chip, and which points of the front are nearest.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "json/read.hpp"
#include "report/cost_report.hpp"
#include "report/table.hpp"
#include "sweep/accuracy.hpp"
#include "sweep/answers.hpp"
#include "sweep/margins.hpp"
#include "sweep/plan.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kNearest = 3;

/// A constraint as this point has it.
struct Kept {
  const Formula* constraint;
  std::optional<bool> holds;
  std::optional<Slack> slack;
  bool binds = false;  ///< it has the least slack of all, as a share
};

std::vector<Kept> kept_by(const Spec& spec, const report::FigureMap& figures) {
  std::vector<Kept> all;
  all.reserve(spec.constraints.size());
  for (const auto& constraint : spec.constraints)
    all.push_back({&constraint, holds(constraint, figures), slack_of(constraint, figures)});
  Kept* least = nullptr;
  for (auto& each : all)
    if (each.slack && (least == nullptr || each.slack->share < least->slack->share)) least = &each;
  if (least != nullptr) least->binds = true;
  return all;
}

json::Value constraints_json(const std::vector<Kept>& constraints) {
  json::Array list;
  for (const auto& [constraint, holds, slack, binds] : constraints)
    list.push_back(json::Object{{"constraint", constraint->text()},
                                {"holds", holds ? json::Value(*holds) : json::Value()},
                                {"margin", slack ? json::Value(slack->margin) : json::Value()},
                                {"margin_share", slack ? json::Value(slack->share) : json::Value()},
                                {"binds", binds}});
  return list;
}

std::string constraint_lines(const std::vector<Kept>& constraints, const report::FigureMap& figures,
                             std::size_t columns) {
  std::string text;
  for (const auto& [constraint, holds, slack, binds] : constraints) {
    std::string values;
    for (const auto& name : constraint->names()) {
      const auto found = figures.find(name);
      values += fmt::format("{}{} is {}", values.empty() ? "" : ", ", name,
                            found == figures.end() ? "not known" : printed(found->second));
    }
    const auto by = slack ? fmt::format(" by {} ({} %{})", report::number(std::abs(slack->margin)),
                                        report::number(100 * std::abs(slack->share)), binds ? ", the least" : "")
                          : std::string();
    text += report::hanging(fmt::format("  {}{}: {} ({})", holds.value_or(false) ? "holds" : "does not hold", by,
                                        constraint->text(), values),
                            4, columns);
  }
  return text.empty() ? text : "\nconstraints:\n" + text;
}

/// Whether its configs, or Kiln, are others than those that gave the answer.
bool has_changed(const Plan& plan, const Outcome& outcome) {
  const bool answered = outcome.state == State::Done || outcome.state == State::Infeasible;
  return answered && plan.resolver->key_of(outcome.number) != outcome.key;
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
std::optional<study::CostAnswer> limited(const Plan& plan, std::uint64_t number, study::Environment& environment) {
  const auto point = plan.resolver->resolve(number, plan.resolver->points().at(number));
  if (!point) return std::nullopt;
  auto answer = simulate(*point, true, environment);
  if (!answer || answer->result.mismatch || !answer->limits) return std::nullopt;
  return *std::move(answer);
}

/// As the document of `kiln cost` has them.
json::Value limits_of(const study::CostAnswer& answer) {
  const auto document = json::read(report::cost_json(answer), 64, [](const json::Problem&) { return false; });
  const auto* limits = document ? document->find("limits") : nullptr;
  return limits == nullptr ? json::Value() : *limits;
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
  const auto constraints = kept_by(all->spec, row->outcome.figures);
  const bool changed = has_changed(*plan, row->outcome);
  const auto answer = limited(*plan, number, environment);
  document["constraints"] = constraints_json(constraints);
  document["changed"] = changed;
  document["limits"] = answer ? limits_of(*answer) : json::Value();
  document["nearest_of_front"] = std::move(numbers);
  std::string text = fmt::format("point {}: {}\n", number, kStates[row->outcome.state]);
  if (!row->outcome.reason.empty()) text += report::hanging("  " + row->outcome.reason, 4, columns);
  if (changed)
    text += report::hanging(record->revision == plan->record.revision
                                ? "  the configs have changed since"
                                : "  Kiln " + record->revision + " answered it; this one may answer otherwise",
                            4, columns);
  for (const auto& [name, value] : row->vary.object()) text += fmt::format("  {} = {}\n", name, printed(value));
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("  {}: {}\n", all->spec.objectives[i].figure, report::number(values[i]));
  text += constraint_lines(constraints, row->outcome.figures, columns);
  text += nearest_lines(*all, *row, nearest, columns);
  if (answer) text += "\n" + report::limits_text(*answer->limits, columns);
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
