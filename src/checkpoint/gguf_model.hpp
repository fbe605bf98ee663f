// What GGUF metadata say about a model of the architecture `llama` and about its tokenizer.
#pragma once

#include <optional>

#include "checkpoint/gguf_reader.hpp"
#include "kiln/config/model_config.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::checkpoint {

/// Shapes and constants; the vocabulary is that of token_embd.weight, and no output.weight means tied embeddings.
base::Result<config::ModelConfig> gguf_model_config(const GgufFile& file);

/// Nothing if the file carries no tokenizer.
base::Result<std::optional<tokenizer::TokenizerSpec>> gguf_tokenizer(const GgufFile& file);

}  // namespace kiln::checkpoint
