// model.safetensors of a tiny model whose config is known.
#include "checkpoint/checkpoint.hpp"
#include "support/checkpoint_use.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  static fuzz::ScratchFolder folder;
  folder.put(
      "config.json",
      R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
                 "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 4, "max_position_embeddings": 16,
                 "tie_word_embeddings": true})");
  folder.put("model.safetensors", fuzz::text_of(data, size));
  const auto checkpoint = checkpoint::open(folder.path());
  if (fuzz::good(checkpoint)) fuzz::use(**checkpoint, fuzz::chosen(data, size, fuzz::kBaked));
  return 0;
}
