// What baking costs in answers, where it was measured: chip against fp32 reference, as `kiln eval` says it. For most
// models nobody has measured it, and then it is not known: it is never guessed from another model.
#pragma once

#include <optional>
#include <string_view>

#include "kiln/config/bake_recipe.hpp"

namespace kiln::study {

struct Accuracy {
  std::string_view text;        ///< on which it was measured
  double perplexity_ratio = 1;  ///< chip over reference
  double kl_divergence = 0;     ///< of the chip from the reference, nats a token
  double top1_agreement = 1;    ///< share of predictions with the same most likely token
};

/// Of a model by its name, without adapter. The recipe counts by its formats, whatever it is called.
std::optional<Accuracy> measured_accuracy(std::string_view model, const config::BakeRecipe& recipe);

}  // namespace kiln::study
