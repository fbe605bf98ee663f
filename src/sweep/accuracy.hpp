// How well recipes do, as figures of a sweep's points: each recipe is baked and evaluated once, whatever chips it is on,
// before the points that need it. Found again in the folder of workers' files and in the database. Private to the sweep
// module.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sweep/plan.hpp"

namespace kiln::sweep {

/// A recipe that points have.
struct NeededRecipe {
  std::string key;
  std::uint64_t number = 0;  ///< the first point that has it
};
/// Of these points, in their order, each once; none where the spec measures nothing.
std::vector<NeededRecipe> needed_recipes(const Plan& plan, const std::vector<std::uint64_t>& numbers);

/// The text is there and has as many chunks as are asked for. Before anything is written; computes nothing.
base::Status check_accuracy(const Plan& plan, study::Environment& environment);

/// Takes what workers were left in the folder; fails where a recipe of these points is missing.
base::Status take_stored(const Plan& plan, const std::vector<std::uint64_t>& numbers, const std::string& folder);

/// Where recipes are found that were measured before.
struct AccuracyStores {
  std::string folder;               ///< of workers' files; has all of them after measure()
  Database* database = nullptr;     ///< likewise, if there is one
  std::vector<std::string> others;  ///< databases of other sweeps
};

/// Measures what is not found and stores it. `turn`: which of several processes this is, so that
/// they begin with different recipes. Comes back early, without an error, where a stop is asked for.
base::Status measure(const Plan& plan, const std::vector<std::uint64_t>& numbers, const AccuracyStores& stores,
                     study::Environment& environment, std::uint64_t turn = 0);

/// What the folder has into the database.
base::Status gather_accuracies(const std::string& folder, Database& database);

/// Whether a figure depends on the fp32 reference, whose sums are of other last digits on another machine. Every other
/// figure of a point is the same everywhere.
bool depends_on_reference(std::string_view figure);

/// `kiln bake ...` and `kiln eval ...` that give a point's accuracy again; none where the spec measures nothing.
std::vector<std::string> accuracy_commands(const Plan& plan, std::uint64_t number);

}  // namespace kiln::sweep
