// What a sweep looks at: the file that `kiln sweep` reads (docs/sweep.md). Read strictly: unknown keys, empty ranges and
// whatever could take no effect are refused with the pointer and what was expected.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.hpp"
#include "kiln/base/enum_table.hpp"
#include "kiln/base/result.hpp"
#include "sweep/formula.hpp"

namespace kiln::sweep {

enum class Engine { ClosedForm, Simulate };
inline constexpr auto kEngines =
    base::enum_names<Engine>({{Engine::ClosedForm, "closed_form"}, {Engine::Simulate, "simulate"}});

enum class Method { Grid, List, Random, Sobol, LatinHypercube, OneAtATime, Adaptive };
inline constexpr auto kMethods = base::enum_names<Method>({{Method::Grid, "grid"},
                                                           {Method::List, "list"},
                                                           {Method::Random, "random"},
                                                           {Method::Sobol, "sobol"},
                                                           {Method::LatinHypercube, "latin_hypercube"},
                                                           {Method::OneAtATime, "one_at_a_time"},
                                                           {Method::Adaptive, "adaptive"}});

/// Whether the spec says how many points there are, and a range needs no step.
constexpr bool draws(Method method) {
  return method == Method::Random || method == Method::Sobol || method == Method::LatinHypercube ||
         method == Method::Adaptive;
}

enum class Direction { Maximum, Minimum };
inline constexpr auto kDirections =
    base::enum_names<Direction>({{Direction::Maximum, "max"}, {Direction::Minimum, "min"}});

/// What recipes are measured on, once each: as `kiln bake` and `kiln eval` are told.
struct AccuracySpec {
  std::string checkpoint;    ///< that of the base if none is said
  std::string text, tokens;  ///< one of both: a file
  std::optional<std::uint64_t> context, chunks;
};

/// What is the same at every point, unless an axis says otherwise.
struct Base {
  std::string chip, recipe = "w3w6";
  std::string model, rom, checkpoint;  ///< one of them: shapes by name, or those of an image or a checkpoint
  std::uint64_t prompt_tokens = 1024, new_tokens = 1024, users = 1;
  std::vector<std::string> set;  ///< as the command line's --set
  std::optional<AccuracySpec> accuracy;
};

/// Numbers from one to another, both included where a step leads there.
struct Range {
  double from = 0, to = 0;
  bool whole = true;         ///< both ends are whole, and so are all numbers between
  bool logarithmic = false;  ///< equal factors, not equal steps
};

/// What a length of a run may be.
struct LengthLimits {
  std::string_view name;
  std::uint64_t least, most;
};
inline constexpr std::array<LengthLimits, 3> kLengths = {
    {{"prompt_tokens", 1, 1U << 24}, {"new_tokens", 2, 1U << 24}, {"users", 1, 65536}}};

/// What is varied: a key of a config, a config by name, or a length of the run.
struct Axis {
  std::string name;     ///< as the spec has it: "chip:/tile/rows", "recipe", "users"
  std::string kind;     ///< of the config; empty for a length
  std::string pointer;  ///< empty: the config itself, by name
  std::vector<json::Value> values;
  std::optional<Range> range;      ///< without a step: for methods that draw
  std::optional<Formula> formula;  ///< of other axes

  /// "tile.rows": what formulas call it.
  [[nodiscard]] std::string formula_name() const;
};

struct Sample {
  Method method = Method::Grid;
  std::uint64_t points = 0;  ///< of methods that draw
  std::uint64_t seed = 1;
  double change_percent = 20;  ///< of one at a time
};

struct Objective {
  std::string figure;
  Direction direction = Direction::Maximum;
};

struct Spec {
  Base base;
  bool automatic_links = false;
  std::vector<Axis> axes;  ///< in the order of their names
  Sample sample;
  Engine engine = Engine::ClosedForm;
  std::vector<Formula> constraints;  ///< each must be true, that is not 0
  std::vector<Objective> objectives;
  std::string canonical;  ///< the text without white space, keys sorted: what says whether two specs are the same

  /// Of a sweep whose database has so many by now: an adaptive one's come batch by batch.
  [[nodiscard]] std::uint64_t all_points(std::uint64_t by_now) const {
    return sample.method == Method::Adaptive ? std::max(sample.points, by_now) : by_now;
  }
};

/// "chip", "/kv/banks", "64" of "kv.banks=64".
struct SetParts {
  std::string kind, pointer, value;
};
base::Result<SetParts> parts_of_set(const std::string& setting);

/// `name` names the file in errors.
base::Result<Spec> parse_spec(const std::string& text, const std::string& name);

}  // namespace kiln::sweep
