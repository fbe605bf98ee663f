// What is wrong with a model's numbers, in one place for every file that has some: model configs, Hugging Face's
// config.json, GGUF metadata and the model section of an image. The file's own names of the keys go in, so that the
// sentence names what is to be changed.
#pragma once

#include <optional>
#include <string>

#include "kiln/config/model_config.hpp"

namespace kiln::config {

/// What a file calls each number; by default the places of a model config (JSON pointers).
struct ModelKeys {
  std::string hidden_size = "/hidden_size";
  std::string intermediate_size = "/intermediate_size";
  std::string layers = "/num_hidden_layers";
  std::string heads = "/num_attention_heads";
  std::string kv_heads = "/num_key_value_heads";
  std::string head_dim = "/head_dim";
  std::string vocab_size = "/vocab_size";
  std::string max_context = "/max_position_embeddings";
  std::string rms_norm_eps = "/rms_norm_eps";
  std::string rope_theta = "/rope_theta";
  std::string rope_factor = "/rope_scaling/factor";
  std::string rope_low = "/rope_scaling/low_freq_factor";
  std::string rope_high = "/rope_scaling/high_freq_factor";
  std::string rope_original = "/rope_scaling/original_max_position_embeddings";
};

/// "`key` `what`" is the sentence.
struct ModelFault {
  std::string key;
  std::string what;
};

/// The first number that no Llama which Kiln can run has, or nothing: then every part of Kiln takes the model.
std::optional<ModelFault> fault_of(const ModelConfig& model, const ModelKeys& keys = {});

/// The same of a factor by which a checkpoint slows one pair of a head on its own: "is 0; expected 0.001 to 65536", or
/// "".
std::string fault_of_rope_factor(double factor);

}  // namespace kiln::config
