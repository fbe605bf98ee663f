#include "sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"
#include "sweep/accuracy.hpp"

namespace kiln::sweep {
namespace {

constexpr std::size_t kMostChanges = 8;
constexpr std::size_t kLargestSpec = std::size_t{16} << 20;  ///< bytes
constexpr std::string_view kBuildable = "verdict.buildable";

void compare(const json::Value& a, const json::Value& b, const std::string& at, std::vector<std::string>& changes) {
  if (a == b || changes.size() == kMostChanges) return;
  if (!a.is_object() || !b.is_object()) {
    changes.push_back(at.empty() ? "/" : at);
    return;
  }
  for (const auto& [key, member] : a.object()) {
    const auto* other = b.find(key);
    compare(member, other == nullptr ? json::Value() : *other, json::join_pointer(at, key), changes);
  }
  for (const auto& [key, member] : b.object())
    if (a.find(key) == nullptr && changes.size() < kMostChanges) changes.push_back(json::join_pointer(at, key));
}

}  // namespace

std::string parts_of(const std::string& database) { return database + ".parts"; }

std::vector<std::string> changed(const std::string& spec, const std::string& other) {
  const auto tree = [](const std::string& text) {
    return json::read(text, 64, [](const json::Problem&) { return false; }).value_or(json::Value());
  };
  std::vector<std::string> changes;
  compare(tree(spec), tree(other), "", changes);
  return changes;
}

base::Result<Plan> plan_of(const std::string& spec_text, const std::string& name, study::Environment& environment) {
  auto spec = parse_spec(spec_text, name);
  if (!spec) return spec.error();
  Plan plan;
  plan.spec = std::make_unique<Spec>(*std::move(spec));
  auto resolver = Resolver::create(*plan.spec, environment);
  if (!resolver) return prefixed(name + ": ", resolver.error());
  plan.resolver = std::make_unique<Resolver>(*std::move(resolver));
  plan.record = {plan.spec->canonical, answering_revision()};
  return plan;
}

namespace {

/// The text of the question's file, with the constraint where buildable chips are required.
base::Result<std::string> text_of(const SweepQuestion& question) {
  auto text = base::read_text_file(question.spec, kLargestSpec);
  if (!text || !question.buildable) return text;
  const auto spec = parse_spec(*text, question.spec);
  if (!spec) return spec.error();
  if (std::ranges::find(spec->constraints, kBuildable, &Formula::text) != spec->constraints.end()) return text;
  auto tree = *json::read(spec->canonical, 64, [](const json::Problem&) { return false; });
  auto& constraints = tree.object()["constraints"];
  if (!constraints.is_array()) constraints = json::Array();
  constraints.array().emplace_back(std::string(kBuildable));
  return json::write(tree);
}

}  // namespace

base::Result<Plan> plan_of(const SweepQuestion& question, study::Environment& environment) {
  const auto text = text_of(question);
  if (!text) return text.error();
  auto plan = plan_of(*text, question.spec, environment);
  if (!plan) return plan;
  if (const auto good = check_accuracy(*plan, environment); !good) return prefixed(question.spec + ": ", good.error());
  return plan;
}

json::Value Plan::vary(std::uint64_t number) const {
  const auto& setting = resolver->points().at(number);
  json::Object vary;
  for (std::size_t a = 0; a < setting.size(); ++a)
    if (!setting[a].is_null()) vary.emplace(spec->axes[a].name, setting[a]);
  return vary;
}

Row Plan::row(std::uint64_t number) const {
  Row row;
  row.outcome.number = number;
  row.vary = vary(number);
  row.command = resolver->command(resolver->points().at(number));
  return row;
}

Row Plan::row(std::uint64_t number, const std::map<std::string, Outcome>& answers) const {
  auto found_row = row(number);
  const auto found = answers.find(resolver->key_of(number));
  if (found == answers.end()) return found_row;
  found_row.outcome = found->second;
  found_row.outcome.number = number;
  // Another spec may have other constraints and objectives.
  judge(*spec, found_row.outcome);
  return found_row;
}

std::vector<Row> Plan::rows(const std::map<std::string, Outcome>& answers) const {
  std::vector<Row> rows;
  rows.reserve(resolver->points().size());
  for (std::uint64_t number = 0; number < resolver->points().size(); ++number)
    rows.push_back(answers.empty() ? row(number) : row(number, answers));
  return rows;
}

base::Status Plan::take_points(const Database& database) {
  if (spec->sample.method != Method::Adaptive) return {};
  std::vector<Setting> points;
  auto read = database.for_each([&](Row&& row) {
    auto& setting = points.emplace_back();
    for (const auto& axis : spec->axes) {
      const auto* value = row.vary.find(axis.name);
      setting.push_back(value == nullptr ? json::Value() : *value);
    }
    return true;
  });
  if (!read) return read;
  resolver->set_points(std::move(points));
  return {};
}

}  // namespace kiln::sweep
