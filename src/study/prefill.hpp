// A prompt through the values alone. Private to the study module.
#pragma once

#include <span>

#include "functional/functional_model.hpp"
#include "kiln/base/progress.hpp"

namespace kiln::study {

/// The tokens of a prompt, from an empty KV cache, as a chip's run has them computed: many at a time, logits behind the
/// last. Fails when interrupted.
base::Status prefill(functional::FunctionalModel& values, const config::ModelConfig& model,
                     std::span<const base::TokenId> ids, const base::Progress& progress);

}  // namespace kiln::study
