// What a recipe's accuracy depends on, as a key: the checkpoint, the text, chunks, the recipe's formats, and Kiln's
// revision. Nothing of a chip: no value depends on geometry (docs/architecture.md).
#pragma once

#include <string>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/study/evaluate/evaluate.hpp"
#include "sweep/spec.hpp"

namespace kiln::sweep {

/// As `kiln eval` asks it, of an image that is still to be named.
study::EvaluateQuestion question_of(const AccuracySpec& spec);

class AccuracyKeys {
 public:
  /// Fails where the checkpoint or the text cannot be read.
  static base::Result<AccuracyKeys> create(const AccuracySpec& spec, const std::string& revision,
                                           const study::Environment& environment);
  /// Equal for equal formats, whatever the recipe is called.
  [[nodiscard]] std::string of(config::BakeRecipe recipe) const;

 private:
  std::string stem_;  ///< all but the recipe
};

}  // namespace kiln::sweep
