// GGUF metadata that would change values, ids or the end of an answer and that Kiln has no arithmetic for: refused by
// key, unless they say what a file without them means. What is read is in gguf_model.cpp and gguf_tokenizer.cpp; the
// table of all keys is docs/checkpoints-gguf.md.
#pragma once

#include "checkpoint/gguf_reader.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::checkpoint {

/// Keys under "llama.".
base::Status refuse_model_keys(const GgufFile& file, const config::ModelConfig& model);
/// Keys under "tokenizer.".
base::Status refuse_tokenizer_keys(const GgufFile& file);

}  // namespace kiln::checkpoint
