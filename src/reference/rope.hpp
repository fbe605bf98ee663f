// Rotary position embedding: the angles' frequencies of a model, and the rotation of a head.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kiln/config/model_config.hpp"

namespace kiln::reference {

/// Radians per position of each of the head_dim / 2 pairs. `factors` divide them (a GGUF's rope_freqs.weight) or are
/// empty.
std::vector<double> rope_frequencies(const config::ModelConfig& config, std::span<const float> factors);

/// Turns each pair (i, i + head_dim / 2) of one head by position * frequency.
void rotate(std::span<float> head, std::span<const float> cosines, std::span<const float> sines);

}  // namespace kiln::reference
