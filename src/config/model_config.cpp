#include "kiln/config/model_config.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "config/model_tensors.hpp"

namespace kiln::config {
namespace {

constexpr std::uint64_t kMaximumWidth = 1U << 20;
constexpr std::uint64_t kMaximumVocabulary = 1U << 24;
constexpr std::uint64_t kMaximumLayers = 1024;

/// Empty, or what is wrong with a count.
std::string outside(const char* name, std::uint64_t value, std::uint64_t maximum) {
  if (value >= 1 && value <= maximum) return "";
  return fmt::format("{} is {}; expected 1 to {}", name, value, maximum);
}

bool positive(double value) { return std::isfinite(value) && value > 0; }

std::string fault_of(const RopeScaling& scaling) {
  if (scaling.kind == RopeScalingKind::None) return "";
  if (!positive(scaling.factor))
    return fmt::format("rope_scaling factor is {}; expected a number above 0", scaling.factor);
  if (scaling.kind == RopeScalingKind::Linear) return "";
  if (!positive(scaling.low_freq_factor) || !positive(scaling.high_freq_factor) ||
      scaling.high_freq_factor <= scaling.low_freq_factor)
    return fmt::format("rope_scaling low_freq_factor is {} and high_freq_factor is {}; expected 0 < low < high",
                       scaling.low_freq_factor, scaling.high_freq_factor);
  if (scaling.original_max_position_embeddings == 0)
    return "rope_scaling original_max_position_embeddings is 0; expected at least 1";
  return "";
}

std::string fault_of_heads(const ModelConfig& model) {
  if (model.heads % model.kv_heads != 0)
    return fmt::format("num_attention_heads is {} and num_key_value_heads is {}; expected a multiple", model.heads,
                       model.kv_heads);
  if (model.head_dim % 2 != 0)
    return fmt::format("head_dim is {}; expected an even number, for RoPE turns pairs", model.head_dim);
  const std::uint64_t width = std::uint64_t{model.heads} * model.head_dim;
  if (width > kMaximumWidth)
    return fmt::format("num_attention_heads times head_dim is {}; expected at most {}", width, kMaximumWidth);
  return "";
}

}  // namespace

std::uint64_t ModelConfig::active_matrix_weights() const {
  std::uint64_t sum = 0;
  for (const auto& tensor : model_tensors(*this)) {
    if (is_norm(tensor.role) || tensor.role == TensorRole::Embedding) continue;
    sum += std::uint64_t{tensor.rows} * tensor.columns * (in_layer(tensor.role) ? layers : 1);
  }
  return sum;
}

base::Status ModelConfig::validate() const {
  const std::string counts[] = {
      outside("hidden_size", hidden_size, kMaximumWidth),
      outside("intermediate_size", intermediate_size, kMaximumWidth),
      outside("num_hidden_layers", layers, kMaximumLayers),
      outside("num_attention_heads", heads, kMaximumWidth),
      outside("num_key_value_heads", kv_heads, kMaximumWidth),
      outside("head_dim", head_dim, kMaximumWidth),
      outside("vocab_size", vocab_size, kMaximumVocabulary),
      outside("max_position_embeddings", max_context, kMaximumVocabulary),
  };
  for (const auto& fault : counts)
    if (!fault.empty()) return base::Error{fault};
  if (const auto fault = fault_of_heads(*this); !fault.empty()) return base::Error{fault};
  if (!positive(rms_norm_eps)) return base::Error{fmt::format("rms_norm_eps is {}; expected above 0", rms_norm_eps)};
  if (!positive(rope_theta)) return base::Error{fmt::format("rope_theta is {}; expected above 0", rope_theta)};
  if (const auto fault = fault_of(rope_scaling); !fault.empty()) return base::Error{fault};
  return {};
}

}  // namespace kiln::config
