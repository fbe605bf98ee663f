// Models by their sizes, for tests that need no file.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/config/model_config.hpp"

namespace kiln::support {

/// In the order in which they are written: {"tiny", 8, 12, 2, 2, 1, 4, 10}.
struct Sizes {
  std::string name;
  std::uint32_t hidden = 0, ffn = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, vocabulary = 0, context = 64;
  bool tied = false;  ///< the LM head is the embedding
};

inline config::ModelConfig model_of(const Sizes& sizes) {
  config::ModelConfig model;
  model.name = sizes.name;
  model.hidden_size = sizes.hidden;
  model.intermediate_size = sizes.ffn;
  model.layers = sizes.layers;
  model.heads = sizes.heads;
  model.kv_heads = sizes.kv_heads;
  model.head_dim = sizes.head_dim;
  model.vocab_size = sizes.vocabulary;
  model.max_context = sizes.context;
  model.tied_embeddings = sizes.tied;
  return model;
}

inline config::ModelConfig llama_8b() {
  return model_of({"llama-3.1-8b", 4096, 14336, 32, 32, 8, 128, 128256, 131072});
}

}  // namespace kiln::support
