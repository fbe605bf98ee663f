// A sweep in tables: its front, and what made points infeasible.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/text.hpp"
#include "report/table.hpp"
#include "sweep/answers.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kShown = 40;   ///< rows of a table on a screen
constexpr std::size_t kReasons = 8;  ///< likewise, of reasons

/// The constraints that its figures break; of a chip that is none, its sentence without the numbers.
std::vector<std::string> kinds_of(const Spec& spec, const Outcome& outcome) {
  std::vector<std::string> broken;
  for (const auto& constraint : spec.constraints)
    if (holds(constraint, outcome.figures) == false) broken.push_back(constraint.text());
  if (broken.empty()) broken.push_back(without_numbers(outcome.reason));
  return broken;
}

std::string cell_of(const json::Value& value) {
  return value.is_number() && !value.is_whole() ? report::number(value.number()) : printed(value);
}

/// The last part of an axis's name, or more where two would be alike.
std::vector<std::string> headings(const std::vector<Axis>& axes) {
  const auto last = [](const std::string& name) { return name.substr(name.rfind('/') + 1); };
  std::vector<std::string> names;
  for (const auto& axis : axes) {
    const auto alike =
        std::ranges::count_if(axes, [&](const Axis& other) { return last(other.name) == last(axis.name); });
    auto name = last(axis.name);
    if (alike > 1 && axis.pointer.size() > 1) name = axis.formula_name();
    names.push_back(name);
  }
  return names;
}

std::string front_table(const Overview& overview, std::size_t columns) {
  const auto& objectives = overview.spec.objectives;
  std::vector<std::string> head = {"point"};
  for (const auto& objective : objectives) head.push_back(objective.figure);
  std::size_t width = 2;
  for (const auto& heading : head) width += heading.size() + 2;
  // As many axes as fit beside the objectives.
  std::vector<std::size_t> axes;
  const auto names = headings(overview.spec.axes);
  // Those that follow from others come last.
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_partition(order, [&](std::size_t a) { return !overview.spec.axes[a].formula.has_value(); });
  for (const std::size_t a : order) {
    std::size_t cell = names[a].size();
    for (const auto& vary : overview.front_vary)
      if (const auto* value = vary.find(overview.spec.axes[a].name)) cell = std::max(cell, cell_of(*value).size());
    if (width + cell + 2 > columns) continue;
    width += cell + 2;
    axes.push_back(a);
    head.push_back(names[a]);
  }
  report::Table table(head);
  for (std::size_t i = 0; i < std::min(kShown, overview.front.size()); ++i) {
    std::vector<std::string> cells = {std::to_string(overview.front[i].number)};
    for (const double value : overview.front[i].values) cells.push_back(report::number(value));
    for (const std::size_t a : axes) {
      const auto* value = overview.front_vary[i].find(overview.spec.axes[a].name);
      cells.push_back(value == nullptr ? "" : cell_of(*value));
    }
    table.row(std::move(cells));
  }
  std::string text = table.text();
  if (overview.front.size() > kShown)
    text += fmt::format("and {} more; kiln sweep export has all\n", overview.front.size() - kShown);
  if (axes.size() < names.size()) text += "kiln sweep export has the other axes\n";
  return text;
}

}  // namespace

base::Result<Overview> overview(const Database& database) {
  const auto record = database.record();
  if (!record) return record.error();
  auto spec = parse_spec(record->spec, database.path());
  if (!spec) return spec.error();
  Overview all;
  all.spec = *std::move(spec);
  std::vector<Candidate> candidates;
  std::map<std::string, std::uint64_t> excluded;
  const auto read = database.for_each([&](Row&& row) {
    ++all.points;
    switch (row.outcome.state) {
      case State::Done:
        ++all.done;
        if (auto candidate = candidate_of(all.spec, row.outcome)) candidates.push_back(*std::move(candidate));
        break;
      case State::Infeasible:
        ++all.infeasible;
        for (const auto& kind : kinds_of(all.spec, row.outcome)) ++excluded[kind];
        break;
      case State::Failed:
        if (all.failed++ == 0) all.failure = fmt::format("point {}: {}", row.outcome.number, row.outcome.reason);
        break;
      case State::Interrupted:
        ++all.interrupted;
        break;
    }
    return true;
  });
  if (!read) return read.error();
  all.interrupted += all.spec.all_points(all.points) - all.points;
  all.points = all.spec.all_points(all.points);
  all.front = front_of(std::move(candidates), all.spec.objectives);
  for (auto& [constraint, points] : excluded) all.excluded.push_back({constraint, points});
  std::ranges::stable_sort(all.excluded, std::greater<>(), &Excluded::points);
  std::map<std::uint64_t, std::size_t> place;
  for (std::size_t i = 0; i < all.front.size(); ++i) place[all.front[i].number] = i;
  all.front_vary.resize(all.front.size());
  const auto again = database.for_each([&](Row&& row) {
    if (const auto at = place.find(row.outcome.number); at != place.end()) all.front_vary[at->second] = row.vary;
    return true;
  });
  if (!again) return again.error();
  return all;
}

std::string overview_text(const Overview& overview, std::size_t columns) {
  std::string text = fmt::format("{} points: {} done, {} infeasible, {} failed", report::grouped(overview.points),
                                 report::grouped(overview.done), report::grouped(overview.infeasible),
                                 report::grouped(overview.failed));
  if (overview.interrupted > 0) text += fmt::format(", {} not answered", report::grouped(overview.interrupted));
  text = report::wrapped(text, columns);
  if (!overview.failure.empty()) text += report::hanging("failed: " + overview.failure, 8, columns);
  if (!overview.excluded.empty()) {
    const auto kinds = std::accumulate(overview.excluded.begin(), overview.excluded.end(), std::uint64_t{0},
                                       [](std::uint64_t sum, const Excluded& each) { return sum + each.points; });
    text += fmt::format("\n{}{}:\n", overview.done == 0 ? "no point is feasible" : "infeasible",
                        kinds > overview.infeasible ? " (a point may break several)" : "");
    for (std::size_t i = 0; i < std::min(kReasons, overview.excluded.size()); ++i)
      text += report::hanging(fmt::format("  {:>7}  {}", report::grouped(overview.excluded[i].points),
                                          base::excerpt(overview.excluded[i].constraint)),
                              11, columns);
  }
  if (overview.front.empty()) return text;
  return text + fmt::format("\nfront of {}:\n\n", report::grouped(overview.front.size())) +
         front_table(overview, columns);
}

}  // namespace kiln::sweep
