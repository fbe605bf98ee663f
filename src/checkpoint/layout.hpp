// The tensors that a Llama's checkpoint must have, and their names in the two file formats.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"

namespace kiln::checkpoint {

/// All tensors of the model with role, layer, rows and columns, sorted by (layer, role); names and formats are empty.
/// `separate_head`: whether there is an LmHead.
std::vector<TensorInfo> layout(const config::ModelConfig& config, bool separate_head);

std::string hf_name(Role role, base::LayerId layer);
std::string gguf_name(Role role, base::LayerId layer);

}  // namespace kiln::checkpoint
