// Where the cycles of a run went: units, their categories, stages.
#include <fmt/format.h>

#include <algorithm>

#include "report/run_parts.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

Json by_unit(const chip::RunOutcome& run) {
  Json units;
  for (const auto& unit : run.by_unit) {
    Json categories;
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
      categories[name(static_cast<chip::CycleCategory>(c))] = unit.by_category[c].count();
    units[unit.name()] = categories;
  }
  return units;
}

Json per_unit(const program::Dataflow& dataflow, const std::array<base::Cycles, program::kUnits>& cycles) {
  Json units;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    const auto unit = static_cast<program::Unit>(u);
    if (dataflow.has(unit)) units[name(unit)] = cycles[u].count();
  }
  return units;
}

Json by_cause(const chip::RunOutcome& run) {
  Json categories;
  for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
    categories[name(static_cast<chip::CycleCategory>(c))] = run.critical_by_category[c].count();
  return categories;
}

Json utilisation(const chip::RunOutcome& run) {
  Json units;
  const auto total = static_cast<double>(std::max<std::uint64_t>(1, run.total.count()));  // of no cycles none is busy
  for (const auto& unit : run.by_unit) {
    const auto busy = unit.by_category[static_cast<std::size_t>(chip::CycleCategory::Compute)];
    units[unit.name()] = static_cast<double>(busy.count()) / total;
  }
  return units;
}

Json stages(const program::Placement& placement, const chip::RunOutcome& run) {
  Json list = Json::array();
  for (std::size_t s = 0; s < run.by_stage.size(); ++s) {
    const auto& stage = placement.dataflow().stages()[s];
    list.push_back(Json{{"stage", s},
                        {"chip", stage.chip},
                        {"first_layer", stage.first_layer},
                        {"layers", stage.layers},
                        {"tokens", run.by_stage[s].tokens},
                        {"occupied_cycles", run.by_stage[s].occupied.count()}});
  }
  return list;
}

/// Where a kind of unit spent the run; of several of a kind the mean.
struct UnitTime {
  program::Unit unit;
  double count = 0;
  std::array<std::uint64_t, chip::kCycleCategories> sums{};
  std::optional<double> path;  ///< share of the critical path

  [[nodiscard]] double share(std::size_t category, double cycles) const {
    return static_cast<double>(sums[category]) / (count * cycles);
  }
};

std::vector<UnitTime> unit_times(const chip::RunOutcome& run) {
  double path = 0;
  for (const base::Cycles cycles : run.critical_path) path += static_cast<double>(cycles.count());
  std::vector<UnitTime> times;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    UnitTime time{static_cast<program::Unit>(u), 0, {}, std::nullopt};
    for (const auto& unit : run.by_unit) {
      if (unit.unit != time.unit) continue;
      ++time.count;
      for (std::size_t c = 0; c < chip::kCycleCategories; ++c) time.sums[c] += unit.by_category[c].count();
    }
    if (path > 0) time.path = static_cast<double>(run.critical_path[u].count()) / path;
    if (time.count > 0) times.push_back(time);
  }
  return times;
}

/// A unit matters that holds up the critical path, or spends its time on something other than work.
bool matters(const UnitTime& time, double cycles) {
  constexpr double kShare = 0.05;
  double held_up = 0, busy = 0;
  for (std::size_t c = 0; c < chip::kCycleCategories; ++c) {
    const auto category = static_cast<chip::CycleCategory>(c);
    if (category == chip::CycleCategory::Idle) continue;
    busy += time.share(c, cycles);
    if (category != chip::CycleCategory::Compute) held_up += time.share(c, cycles);
  }
  return time.path.value_or(busy) >= kShare || held_up >= kShare;
}

}  // namespace

/// Where the cycles went.
void add_cycles(Json& json, const study::DesignPoint& point) {
  const auto& result = point.result;
  const auto& run = result.chip;
  json["cycles_by_unit"] = by_unit(run);
  json["cycles_by_cause"] = by_cause(run);
  json["critical_path"] = per_unit(point.placement.dataflow(), run.critical_path);
  if (result.limited_by) json["limited_by"] = Json{{"unit", name(*result.limited_by)}, {"share", result.limited_share}};
  if (result.busiest_stage) {
    json["busiest_stage"] = Json{{"stage", *result.busiest_stage},
                                 {"occupied_share", result.busiest_share},
                                 {"sets_the_pace", result.busiest_share >= host::kFullStage}};
  }
  json["utilisation"] = utilisation(run);
  json["stages"] = stages(point.placement, run);
}

std::string limit_line(const host::RunResult& result) {
  if (!result.limited_by) return "";
  const bool full = result.busiest_share >= host::kFullStage;
  std::string text =
      fmt::format("  limited by {}: {} of {}\n", name(*result.limited_by), percent(result.limited_share),
                  full ? fmt::format("the time of stage {}", *result.busiest_stage) : "the critical path");
  if (result.busiest_stage) {
    text += fmt::format("  busiest stage: {}, occupied {} of the run{}\n", *result.busiest_stage,
                        percent(result.busiest_share), full ? "" : ": more users would fill it");
  }
  return text;
}

std::string unit_table(const study::RunAnswer& answer, const Screen& screen) {
  const auto times = unit_times(answer.result.chip);
  const auto cycles = static_cast<double>(std::max<std::uint64_t>(1, answer.result.chip.total.count()));
  Table table({"unit", "critical path", "compute", "wait in", "wait out", "KV conflict", "wire", "idle"});
  std::size_t left_out = 0;
  double path_left_out = 0;
  for (const auto& time : times) {
    if (!screen.all_units && !matters(time, cycles)) {
      ++left_out;
      path_left_out += time.path.value_or(0);
      continue;
    }
    const auto unit = std::string(name(time.unit));
    std::vector<std::string> cells = {time.count > 1 ? fmt::format("{} x {}", time.count, unit) : unit,
                                      time.path ? percent(*time.path) : "-"};
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
      cells.push_back(time.sums[c] == 0 ? "-" : percent(time.share(c, cycles)));
    table.row(std::move(cells));
  }
  std::string text = table.text();
  if (left_out > 0)
    text += fmt::format("{} other units: {} of the critical path (--units all shows them)\n", left_out,
                        percent(path_left_out));
  return text;
}

}  // namespace kiln::report
