// A baseline's commands run again, and what they say now held against what they said then.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gate/baseline.hpp"
#include "gate/child.hpp"
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
  std::string config_hash;       ///< today's
  std::string why;               ///< a sentence where the command failed
  /// Chip, model or recipe are others than when it was recorded.
  [[nodiscard]] bool other_configs() const;
};

struct Answer {
  std::vector<Row> rows;  ///< command by command, in the baseline's order, new ones after them
  [[nodiscard]] bool passed() const;
  [[nodiscard]] bool commands_ended_well() const;
};

/// Runs an argument list and gives the document, or the sentence with which it failed.
using RunKiln = std::function<base::Result<json::Value>(const std::vector<std::string>& command)>;

/// Each command once, in order.
std::vector<std::vector<std::string>> commands_of(const Baseline& baseline);
/// Says that this command reads what they do, in `folder`: fails where it also writes one of these files.
base::Status claim_inputs(const Baseline& baseline, const std::filesystem::path& folder);
/// Runs them. Stops with "interrupted" where `progress` says so.
base::Result<Answer> check(const Baseline& baseline, const RunKiln& run_kiln, const base::Progress& progress);
/// What the baseline is if today's values are right: without figures that are gone. Figures of commands that failed stay.
Baseline renewed(const Answer& answer);

/// `program` as a process at that place.
RunKiln in_process(const std::string& program, const Place& place, const std::stop_token& stop);

// How the answer is told.

/// What became of the baseline.
enum class Update { No, Done };
/// What moved, for people. `file`: the baseline.
std::string check_text(const Answer& answer, const std::string& file, Update update, std::size_t columns);
/// Without what every document has at its head.
json::Object check_json(const Answer& answer, Update update);
/// One case a metric, as CI servers read it.
std::string junit_xml(const Answer& answer, const std::string& name);
/// For a pull request.
std::string markdown(const Answer& answer, const std::string& name);

}  // namespace kiln::gate
