// What became of a point, and the line of a worker's file that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/enum_table.hpp"
#include "report/figures.hpp"
#include "sweep/resolver.hpp"

namespace kiln::sweep {

enum class State { Done, Infeasible, Failed, Interrupted };
inline constexpr auto kStates = base::enum_names<State>({{State::Done, "done"},
                                                         {State::Infeasible, "infeasible"},
                                                         {State::Failed, "failed"},
                                                         {State::Interrupted, "interrupted"}});

struct Outcome {
  std::uint64_t number = 0;
  std::string key;  ///< empty: the point has no configs
  State state = State::Interrupted;
  std::string reason;  ///< why it is not done: a sentence
  report::FigureMap figures;
  bool verified = false;  ///< both engines gave it
};

/// One line, without its end.
std::string to_line(const Outcome& outcome);
/// Nothing where the line is not whole, or is no outcome.
std::optional<Outcome> from_line(std::string_view line);

/// Answers a point by the spec's engine; judges it by the spec's constraints. `verify`: the closed form's answer is
/// compared with the simulation's, and the point fails where one figure differs.
Outcome evaluate(const Spec& spec, const Resolver& resolver, std::uint64_t number, bool verify,
                 study::Environment& environment);

/// The simulated chip with the point's own technology and economics.
base::Result<study::CostAnswer> simulate(const Point& point, bool limits, study::Environment& environment);

/// Says by its figures what state the outcome is in: constraints hold, and objectives are numbers.
void judge(const Spec& spec, Outcome& outcome);

/// None where a name of it is no number, or it has no value.
std::optional<bool> holds(const Formula& constraint, const report::FigureMap& figures);

/// The first constraint that does not hold, as a sentence; nothing where all do. Fails where a constraint names no
/// figure.
base::Result<std::optional<std::string>> excluded_by(const std::vector<Formula>& constraints,
                                                     const report::FigureMap& figures);

/// A value as sentences and tables have it.
std::string printed(const json::Value& value);
/// The sentence with # for its numbers: many points have it in common.
std::string without_numbers(const std::string& sentence);

/// A figure as constraints and objectives count it: a number, or 1 and 0 for yes and no.
std::optional<double> number_of(const report::FigureMap& figures, const std::string& path);

}  // namespace kiln::sweep
