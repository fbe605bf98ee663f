// The tensors that a Llama's checkpoint must have, and their names in the two file formats.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"

namespace kiln::checkpoint {

/// All tensors of the model with role, layer, rows and columns, sorted by (layer, role); names and formats are empty.
/// `separate_head`: whether there is an LmHead.
std::vector<TensorInfo> layout(const config::ModelConfig& config, bool separate_head);

/// What a model is called whose checkpoint does not say its name: "llama-8.03b", by the weights of its tensors. Never
/// where the file is: the same checkpoint in two places is the same model.
std::string name_by_size(const config::ModelConfig& model);
/// The name that the checkpoint gives, where a config can have it: 1 to 100 bytes without controls; else the one by size.
std::string model_name(const std::string& given, const config::ModelConfig& model);

std::string hf_name(Role role, base::LayerId layer);
std::string gguf_name(Role role, base::LayerId layer);

}  // namespace kiln::checkpoint
