// A point answered: by the closed form, by the simulated chip, or by both and compared.
#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "sweep/outcome.hpp"

namespace kiln::sweep {
namespace {

/// Sums in another order: the only way in which both may differ.
constexpr double kRounding = 1e-12;

base::Result<report::FigureMap> closed(const Point& point) {
  const auto answer =
      study::closed_point(point.chip, {point.model, point.recipe, point.tech, point.prompt_tokens, point.new_tokens});
  if (!answer) return answer.error();
  return report::closed_figures(*answer);
}

/// The catalogue has the point's chip, technology and economics as long as this lives.
class Changed {
 public:
  Changed(const Point& point, config::Catalogue& configs) : configs_(configs) {
    configs_.override_values("chip", point.chip_set);
    configs_.override_values("tech", point.tech_set);
    configs_.override_values("economics", point.economics_set);
  }
  Changed(const Changed&) = delete;
  Changed& operator=(const Changed&) = delete;
  ~Changed() {
    for (const char* kind : {"chip", "tech", "economics"}) configs_.override_values(kind, {});
  }

 private:
  config::Catalogue& configs_;
};

/// Figures, or why there are none; `failed` says whether that is Kiln's fault.
base::Result<report::FigureMap> simulated(const Point& point, study::Environment& environment, bool& failed) {
  const auto answer = simulate(point, false, environment);
  if (!answer) return answer.error();
  failed = answer->result.mismatch.has_value();
  if (failed) return base::Error{*answer->result.mismatch};
  return report::figures(*answer);
}

bool same(const json::Value& a, const json::Value& b) {
  if (a == b) return true;
  if (!a.is_number() || !b.is_number() || (a.is_whole() && b.is_whole())) return false;
  return std::abs(a.number() - b.number()) <= kRounding * std::max(std::abs(a.number()), std::abs(b.number()));
}

/// The first figure of the closed form that the simulation has with another value.
std::optional<std::string> difference(const report::FigureMap& closed, const report::FigureMap& simulated) {
  for (const auto& [path, value] : closed) {
    const auto other = simulated.find(path);
    if (other == simulated.end()) return fmt::format("the closed form has {}, the simulation has not", path);
    if (!same(value, other->second))
      return fmt::format("{} is {} by the closed form, {} in the simulation", path, printed(value),
                         printed(other->second));
  }
  return std::nullopt;
}

/// Why a figure counts for nothing.
std::string not_a_number(const report::FigureMap& figures, const std::string& path) {
  if (figures.contains(path)) return fmt::format("{} is {}, no number", path, printed(figures.at(path)));
  std::vector<std::string> known;
  for (const auto& [name, value] : figures) known.push_back(name);
  const auto near = base::nearest(path, known);
  return fmt::format("this point has no figure {}{}", path, near ? "; did you mean " + *near + "?" : "");
}

std::optional<std::string> missing_objective(const Spec& spec, const report::FigureMap& figures) {
  for (std::size_t i = 0; i < spec.objectives.size(); ++i)
    if (!number_of(figures, spec.objectives[i].figure))
      return fmt::format("/objectives/{}/figure: {}", i, not_a_number(figures, spec.objectives[i].figure));
  return std::nullopt;
}

/// What was measured of the point's recipe takes the place of what a run says of it from measurements elsewhere.
void add_accuracy(const Resolver& resolver, const Point& point, report::FigureMap& figures) {
  const auto* measured = resolver.accuracy(point.accuracy_key);
  if (measured == nullptr) return;
  std::erase_if(figures,
                [](const auto& each) { return each.first == "accuracy" || each.first.starts_with("accuracy."); });
  figures.insert(measured->begin(), measured->end());
}

void answer(const Spec& spec, const Resolver& resolver, const Point& point, bool verify,
            study::Environment& environment, Outcome& outcome) {
  bool failed = false;
  auto figures = spec.engine == Engine::ClosedForm ? closed(point) : simulated(point, environment, failed);
  if (!figures) {
    outcome.reason = figures.error().message;
    if (environment.progress.stopped()) return;
    outcome.state = failed ? State::Failed : State::Infeasible;
    return;
  }
  outcome.figures = *std::move(figures);
  if (verify && spec.engine == Engine::ClosedForm) {
    const auto other = simulated(point, environment, failed);
    if (!other && environment.progress.stopped()) return;
    const auto differs = other ? difference(outcome.figures, *other) : std::optional(other.error().message);
    outcome.verified = !differs;
    if (differs) {
      outcome.state = State::Failed;
      outcome.reason = *differs;
      return;
    }
  }
  add_accuracy(resolver, point, outcome.figures);
  judge(spec, outcome);
}

}  // namespace

base::Result<study::CostAnswer> simulate(const Point& point, bool limits, study::Environment& environment) {
  const Changed changed(point, environment.configs());
  study::CostQuestion question;
  question.prompt_tokens = point.prompt_tokens;
  question.new_tokens = point.new_tokens;
  question.users = point.users;
  question.chip = point.chip_name;  // whose keys are changed one by one, for the limits
  question.limits = limits;
  return study::cost(question, point.chip, point.model, point.recipe, environment);
}

std::optional<double> number_of(const report::FigureMap& figures, const std::string& path) {
  const auto found = figures.find(path);
  if (found == figures.end()) return std::nullopt;
  if (found->second.is_boolean()) return found->second.boolean() ? 1.0 : 0.0;
  if (found->second.is_number()) return found->second.number();
  return std::nullopt;
}

std::optional<bool> holds(const Formula& constraint, const report::FigureMap& figures) {
  const auto value = constraint.value([&](const std::string& path) { return number_of(figures, path); });
  return value ? std::optional(*value != 0) : std::nullopt;
}

base::Result<std::optional<std::string>> excluded_by(const std::vector<Formula>& constraints,
                                                     const report::FigureMap& figures) {
  for (const auto& constraint : constraints) {
    const auto kept = holds(constraint, figures);
    if (!kept) {
      for (const auto& name : constraint.names())
        if (!number_of(figures, name))
          return base::Error{fmt::format("the constraint {}: {}", constraint.text(), not_a_number(figures, name))};
      return base::Error{fmt::format("the constraint {} has no value", constraint.text())};
    }
    if (*kept) continue;
    std::string values;
    for (const auto& name : constraint.names())
      values += fmt::format("{}{} is {}", values.empty() ? "" : ", ", name, printed(figures.at(name)));
    return std::optional(fmt::format("{} does not hold: {}", constraint.text(), values));
  }
  return std::optional<std::string>();
}

void judge(const Spec& spec, Outcome& outcome) {
  outcome.reason.clear();
  const auto excluded = excluded_by(spec.constraints, outcome.figures);
  if (const auto missing = missing_objective(spec, outcome.figures)) {
    outcome.state = State::Failed;
    outcome.reason = *missing;
  } else if (!excluded) {
    outcome.state = State::Failed;
    outcome.reason = excluded.error().message;
  } else if (*excluded) {
    outcome.state = State::Infeasible;
    outcome.reason = **excluded;
  } else {
    outcome.state = State::Done;
  }
}

Outcome evaluate(const Spec& spec, const Resolver& resolver, std::uint64_t number, bool verify,
                 study::Environment& environment) {
  Outcome outcome;
  outcome.number = number;
  const auto point = resolver.resolve(number, resolver.points().at(number));
  if (!point) {
    outcome.state = State::Infeasible;
    outcome.reason = point.error().message;
    return outcome;
  }
  outcome.key = point->key;
  try {
    answer(spec, resolver, *point, verify, environment, outcome);
  } catch (const std::exception& e) {
    outcome.state = State::Failed;
    outcome.reason = e.what();
  }
  return outcome;
}

}  // namespace kiln::sweep
