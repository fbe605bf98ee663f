// A prompt through the values alone. Private to the study module.
#pragma once

#include <span>

#include "functional/functional_model.hpp"
#include "kiln/base/progress.hpp"

namespace kiln::study {

/// The next tokens of a model's one user; logits behind the last. Fails when interrupted.
base::Status prefill(functional::FunctionalModel& values, std::span<const base::TokenId> ids,
                     const base::Progress& progress);

}  // namespace kiln::study
