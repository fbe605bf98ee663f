#include "checkpoint/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "config/fields.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::checkpoint {
namespace {

/// Behind "model.layers.N." and "blk.N." in a layer.
struct Names {
  std::string_view hf, gguf;
};
constexpr auto kNames = base::enum_table<Names, Role>({
    {Role::Embedding, {"model.embed_tokens.weight", "token_embd.weight"}},
    {Role::Q, {"self_attn.q_proj.weight", "attn_q.weight"}},
    {Role::K, {"self_attn.k_proj.weight", "attn_k.weight"}},
    {Role::V, {"self_attn.v_proj.weight", "attn_v.weight"}},
    {Role::O, {"self_attn.o_proj.weight", "attn_output.weight"}},
    {Role::Gate, {"mlp.gate_proj.weight", "ffn_gate.weight"}},
    {Role::Up, {"mlp.up_proj.weight", "ffn_up.weight"}},
    {Role::Down, {"mlp.down_proj.weight", "ffn_down.weight"}},
    {Role::LmHead, {"lm_head.weight", "output.weight"}},
    {Role::AttentionNorm, {"input_layernorm.weight", "attn_norm.weight"}},
    {Role::FfnNorm, {"post_attention_layernorm.weight", "ffn_norm.weight"}},
    {Role::FinalNorm, {"model.norm.weight", "output_norm.weight"}},
});

}  // namespace

std::string hf_name(Role role, base::LayerId layer) {
  const auto name = kNames[role].hf;
  return config::in_layer(role) ? fmt::format("model.layers.{}.{}", layer.value, name) : std::string(name);
}

std::string gguf_name(Role role, base::LayerId layer) {
  const auto name = kNames[role].gguf;
  return config::in_layer(role) ? fmt::format("blk.{}.{}", layer.value, name) : std::string(name);
}

std::string name_by_size(const config::ModelConfig& model) {
  double weights = 0;
  for (const auto& tensor : layout(model, !model.tied_embeddings))
    weights += static_cast<double>(tensor.rows) * static_cast<double>(tensor.columns);
  const auto [unit, letter] = weights < 1e6   ? std::pair(1e3, 'k')
                              : weights < 1e9 ? std::pair(1e6, 'm')
                                              : std::pair(1e9, 'b');
  const double count = weights / unit;
  return fmt::format("llama-{:.{}f}{}", count, count < 10 ? 2 : count < 100 ? 1 : 0, letter);
}

std::string model_name(const std::string& given, const config::ModelConfig& model) {
  return config::is_name(given) ? given : name_by_size(model);
}

std::vector<TensorInfo> layout(const config::ModelConfig& model, bool separate_head) {
  std::vector<TensorInfo> all;
  for (const auto& tensor : config::model_tensors(model)) {
    if (tensor.role == Role::LmHead && !separate_head) continue;
    const std::uint32_t copies = config::in_layer(tensor.role) ? model.layers : 1;
    for (std::uint32_t layer = 0; layer < copies; ++layer) {
      TensorInfo info;
      info.role = tensor.role;
      info.layer = base::LayerId{layer};
      info.rows = tensor.rows;
      info.columns = tensor.columns;
      all.push_back(info);
    }
  }
  std::sort(all.begin(), all.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::tie(a.layer, a.role) < std::tie(b.layer, b.role);
  });
  return all;
}

}  // namespace kiln::checkpoint
