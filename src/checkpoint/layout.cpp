#include "checkpoint/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace kiln::checkpoint {
namespace {

constexpr std::array<std::string_view, 12> kHfNames = {"model.embed_tokens.weight",
                                                       "self_attn.q_proj.weight",
                                                       "self_attn.k_proj.weight",
                                                       "self_attn.v_proj.weight",
                                                       "self_attn.o_proj.weight",
                                                       "mlp.gate_proj.weight",
                                                       "mlp.up_proj.weight",
                                                       "mlp.down_proj.weight",
                                                       "lm_head.weight",
                                                       "input_layernorm.weight",
                                                       "post_attention_layernorm.weight",
                                                       "model.norm.weight"};
constexpr std::array<std::string_view, 12> kGgufNames = {
    "token_embd.weight",  "attn_q.weight",    "attn_k.weight",   "attn_v.weight",
    "attn_output.weight", "ffn_gate.weight",  "ffn_up.weight",   "ffn_down.weight",
    "output.weight",      "attn_norm.weight", "ffn_norm.weight", "output_norm.weight"};

bool belongs_to_layer(Role role) { return role != Role::Embedding && role != Role::LmHead && role != Role::FinalNorm; }

}  // namespace

std::string hf_name(Role role, base::LayerId layer) {
  const auto name = kHfNames[static_cast<std::size_t>(role)];
  return belongs_to_layer(role) ? fmt::format("model.layers.{}.{}", layer.value, name) : std::string(name);
}

std::string gguf_name(Role role, base::LayerId layer) {
  const auto name = kGgufNames[static_cast<std::size_t>(role)];
  return belongs_to_layer(role) ? fmt::format("blk.{}.{}", layer.value, name) : std::string(name);
}

std::vector<TensorInfo> layout(const config::ModelConfig& c, bool separate_head) {
  std::vector<TensorInfo> all;
  const auto add = [&](Role role, std::uint32_t layer, std::uint64_t rows, std::uint64_t columns) {
    TensorInfo tensor;
    tensor.role = role;
    tensor.layer = base::LayerId{layer};
    tensor.rows = rows;
    tensor.columns = columns;
    all.push_back(tensor);
  };
  const std::uint64_t d = c.hidden_size;
  add(Role::Embedding, 0, c.vocab_size, d);
  if (separate_head) add(Role::LmHead, 0, c.vocab_size, d);
  add(Role::FinalNorm, 0, 1, d);
  for (std::uint32_t l = 0; l < c.layers; ++l) {
    add(Role::Q, l, c.q_width(), d);
    add(Role::K, l, c.kv_width(), d);
    add(Role::V, l, c.kv_width(), d);
    add(Role::O, l, d, c.q_width());
    add(Role::Gate, l, c.intermediate_size, d);
    add(Role::Up, l, c.intermediate_size, d);
    add(Role::Down, l, d, c.intermediate_size);
    add(Role::AttentionNorm, l, 1, d);
    add(Role::FfnNorm, l, 1, d);
  }
  std::sort(all.begin(), all.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return std::tie(a.layer, a.role) < std::tie(b.layer, b.role);
  });
  return all;
}

}  // namespace kiln::checkpoint
