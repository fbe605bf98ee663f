#include "compare/points.hpp"

#include <fmt/format.h>

#include "compare/flat.hpp"
#include "json/read.hpp"
#include "kiln/config/load.hpp"
#include "sweep/database.hpp"
#include "sweep/plan.hpp"

namespace kiln::compare {
namespace {

base::Result<sweep::Row> row_of(const sweep::Database& database, std::uint64_t number) {
  std::optional<sweep::Row> row;
  const auto read = database.for_each([&](sweep::Row&& next) {
    if (next.outcome.number == number) row = std::move(next);
    return !row;
  });
  if (!read) return read.error();
  if (!row) return base::Error{fmt::format("{} has no point {}", database.path(), number)};
  return *std::move(row);
}

/// What the row's point has on each axis of the spec.
sweep::Setting setting_of(const sweep::Spec& spec, const sweep::Row& row) {
  sweep::Setting setting;
  for (const auto& axis : spec.axes) {
    const auto* value = row.vary.find(axis.name);
    setting.push_back(value == nullptr ? json::Value() : *value);
  }
  return setting;
}

template <class Config>
json::Value tree_of(const Config& config) {
  return *json::read(config::to_json(config), 64, [](const json::Problem&) { return false; });
}

void add_configs(const sweep::Point& point, Side& side) {
  Design design{tree_of(point.chip), tree_of(point.model), tree_of(point.recipe), point.tech_set, point.prompt_tokens,
                point.new_tokens,    point.users};
  add_keys("chip", design.chip, side.keys);
  add_keys("model", design.model, side.keys);
  add_keys("recipe", design.recipe, side.keys);
  add_keys("tech", tree_of(point.tech), side.keys);
  add_keys("economics", tree_of(point.economics), side.keys);
  add_lengths(design, side.keys);
  side.design = std::move(design);
}

Side of_figures(const std::string& name, const std::string& state, const std::string& reason,
                const json::Object& figures) {
  Side side;
  side.name = name;
  side.kind = "point";
  for (const auto& [path, value] : figures) side.figures[path] = value;
  side.figures["state"] = state;
  if (!reason.empty()) side.figures["reason"] = reason;
  return side;
}

void add_axes(const json::Value& vary, Side& side) {
  if (!vary.is_object()) return;
  for (const auto& [axis, value] : vary.object()) side.axes[axis] = value;
}

}  // namespace

base::Result<Side> of_database_point(const std::string& database, std::uint64_t number, const std::string& name,
                                     study::Environment& environment) {
  const auto opened = sweep::Database::open(database);
  if (!opened) return opened.error();
  const auto record = opened->record();
  if (!record) return record.error();
  const auto row = row_of(*opened, number);
  if (!row) return row.error();
  auto side =
      of_figures(name, std::string(sweep::kStates[row->outcome.state]), row->outcome.reason, row->outcome.figures);
  const auto plan = sweep::plan_of(record->spec, database, environment);
  const auto point =
      plan ? plan->resolver->resolve(number, setting_of(*plan->spec, *row)) : base::Result<sweep::Point>(plan.error());
  add_axes(row->vary, side);
  if (point) {
    add_configs(*point, side);
  } else {
    side.no_design = name + ": " + point.error().message;
  }
  return side;
}

Side of_exported_point(const std::string& name, const json::Value& point) {
  const auto text = [&](const char* key) {
    const auto* found = point.find(key);
    return found != nullptr && found->is_text() ? found->text() : std::string();
  };
  const auto* figures = point.find("figures");
  auto side = of_figures(name, text("state"), text("reason"),
                         figures != nullptr && figures->is_object() ? figures->object() : json::Object());
  if (const auto* vary = point.find("vary")) add_axes(*vary, side);
  side.no_design = name + ": an export has no configs; the sweep's database has them";
  return side;
}

}  // namespace kiln::compare
