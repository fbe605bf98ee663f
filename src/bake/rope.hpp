// The frequencies of RoPE as the image holds them: phase increments, from theta and from whatever scales them.
#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/checkpoint.hpp"

namespace kiln::bake {

/// head_dim / 2 increments. Llama 3's scaling (config.json of Llama 3.1) and a linear factor become divisors of each
/// pair's frequency; a GGUF's own divisors take the place of Llama 3's.
std::vector<std::uint64_t> scaled_rope_increments(const checkpoint::Checkpoint& checkpoint);

}  // namespace kiln::bake
