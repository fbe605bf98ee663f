// Hugging Face's config.json of a Llama. What it needs and Kiln lacks (another architecture, biases, another RoPE
// scaling, quantised weights) is refused by name; keys without meaning for the arithmetic are ignored.
#pragma once

#include <string>

#include "kiln/base/result.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::checkpoint {

/// `file` is in errors. The model's name is the last part of `_name_or_path`, or else one by its size.
base::Result<config::ModelConfig> parse_hf_config(const std::string& json, const std::string& file);

}  // namespace kiln::checkpoint
