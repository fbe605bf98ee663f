// A baseline: what commands of Kiln said once, one metric a line, to be committed beside what it guards. `--record` writes
// it, `kiln check` holds today's Kiln against it (docs/ci.md).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_roles.hpp"
#include "json/value.hpp"
#include "kiln/base/enum_table.hpp"
#include "kiln/base/result.hpp"

namespace kiln::gate {

enum class Direction { Equal, Higher, Lower };
inline constexpr auto kDirections = base::enum_names<Direction>(
    {{Direction::Equal, "equal"}, {Direction::Higher, "higher"}, {Direction::Lower, "lower"}});

/// One figure of a command's document.
struct Metric {
  std::string name;                        ///< "run hc1 llama-3.1-8b w3w6: cycles_total": unique in a baseline
  std::string path;                        ///< in the document: "kv.capacity_tokens"
  json::Value value;                       ///< a number, a text or a boolean
  std::string unit;                        ///< empty: none
  double tolerance = 0;                    ///< relative; 0 where only the very value will do
  Direction direction = Direction::Equal;  ///< which way is better
  std::vector<std::string> command;        ///< arguments of `kiln`; paths are relative to the baseline's folder
  std::string config_hash;                 ///< of chip, model and recipe as resolved
};

struct Baseline {
  std::vector<Metric> metrics;
};

base::Result<Baseline> parse_baseline(std::string_view text, const std::string& name);
base::Result<Baseline> read_baseline(const std::string& file, base::FileRole role = base::FileRole::Input);
/// One metric a line; the same metrics, the same bytes.
std::string to_text(const Baseline& baseline);

/// The metrics of a command's document, by the rules of its kind: run, eval, cost, bake or sweep.
std::vector<Metric> metrics_of(const json::Value& document, const std::vector<std::string>& command);

/// The figure at a path such as "kv.capacity_tokens", or null.
const json::Value* at(const json::Value& document, std::string_view path);

/// The name, or "NAME #2" and so on where `names` has it already: two commands may have the same label.
std::string free_name(const std::string& name, std::set<std::string>& names);

/// Commands that run side by side change the same file in turn. Where a file system has no locks, nobody waits.
class Turn {
 public:
  explicit Turn(const std::string& file);
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

 private:
  int folder_;
};
/// Fails where the file has no longer what was read from it. In a Turn, until it is written.
base::Status unchanged(const std::string& file, const Baseline& baseline);

/// What can be known of a --record before the work: the file is a baseline or not there, and can be written, and a check
/// could run the command.
base::Status can_record(const std::string& file, const std::vector<std::string>& arguments);
/// Adds the document's metrics to the baseline in `file`, in place of those of the same command, whose tolerances and
/// directions stay; a new file if there is none. `arguments`: those of the command line, without the program.
base::Status record(const std::string& file, const std::string& document, const std::vector<std::string>& arguments);

}  // namespace kiln::gate
