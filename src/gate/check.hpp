// A baseline's commands run again, and what they say now held against what they said then.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gate/baseline.hpp"
#include "kiln/base/progress.hpp"

namespace kiln::gate {

enum class Result {
  Same,     ///< equal, or moved within the tolerance
  Worse,    ///< beyond it
  Better,   ///< beyond it as well: the baseline is out of date, and must be renewed on purpose
  Other,    ///< another value where only the very value will do
  Missing,  ///< the command has no such figure any more, or failed
  New       ///< a figure that the baseline does not have: reported, no failure
};
inline constexpr auto kResults = base::enum_names<Result>({{Result::Same, "same"},
                                                           {Result::Worse, "worse"},
                                                           {Result::Better, "better"},
                                                           {Result::Other, "other"},
                                                           {Result::Missing, "missing"},
                                                           {Result::New, "new"}});

struct Row {
  Metric metric;                   ///< as the baseline has it; of a new one as it would be recorded
  std::optional<json::Value> now;  ///< none: missing
  Result result = Result::Same;
  std::optional<double> change;  ///< relative, of numbers
  bool other_configs = false;    ///< chip, model or recipe are others than when it was recorded
  std::string why;               ///< a sentence where the command failed
};

struct Answer {
  std::vector<Row> rows;  ///< in the baseline's order, new ones behind their command's
  [[nodiscard]] bool passed() const;
};

/// Runs an argument list and gives the document, or the sentence with which it failed.
using RunKiln = std::function<base::Result<json::Value>(const std::vector<std::string>& command)>;

/// Each command once. Stops with "interrupted" where `progress` says so.
base::Result<Answer> check(const Baseline& baseline, const RunKiln& run_kiln, const base::Progress& progress);
/// What the baseline is if today's values are right: nothing is missing in it then.
Baseline renewed(const Answer& answer);

/// `program` as a process in `folder`; `scratch` takes what it writes.
RunKiln in_process(const std::string& program, const std::string& folder, const std::string& scratch);

// How the answer is told.
/// What moved, for people.
std::string check_text(const Answer& answer, std::size_t columns);
std::string check_json(const Answer& answer);
/// One case a metric, as CI servers read it.
std::string junit_xml(const Answer& answer, const std::string& name);
/// For a pull request.
std::string markdown(const Answer& answer, const std::string& name);

}  // namespace kiln::gate
