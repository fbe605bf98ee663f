#include "kiln/config/model_config.hpp"

#include <fmt/format.h>

#include <string>

#include "config/model_limits.hpp"
#include "config/model_tensors.hpp"
#include "config/ranges.hpp"
#include "kiln/config/model_fault.hpp"

namespace kiln::config {
namespace {

using Fault = std::optional<ModelFault>;

Fault outside(const std::string& key, std::uint64_t value, Integers allowed) {
  if (value >= allowed.minimum && value <= allowed.maximum) return std::nullopt;
  return ModelFault{key, fmt::format("is {}; expected {}", value, in_words(allowed))};
}

Fault outside(const std::string& key, double value, Reals allowed) {
  if (value >= allowed.minimum && value <= allowed.maximum) return std::nullopt;  // no NaN is
  return ModelFault{key, fmt::format("is {}; expected {}", value, in_words(allowed))};
}

Fault fault_of_counts(const ModelConfig& model, const ModelKeys& keys) {
  struct Count {
    const std::string& key;
    std::uint32_t value;
    Integers allowed;
  };
  for (const auto& [key, value, allowed] : {Count{keys.hidden_size, model.hidden_size, kWidths},
                                            {keys.intermediate_size, model.intermediate_size, kWidths},
                                            {keys.layers, model.layers, kLayerCounts},
                                            {keys.heads, model.heads, kHeadCounts},
                                            {keys.kv_heads, model.kv_heads, kHeadCounts},
                                            {keys.head_dim, model.head_dim, kHeadWidths},
                                            {keys.vocab_size, model.vocab_size, kTokenCounts},
                                            {keys.max_context, model.max_context, kTokenCounts}})
    if (auto fault = outside(key, value, allowed)) return fault;
  return std::nullopt;
}

Fault fault_of_heads(const ModelConfig& model, const ModelKeys& keys) {
  if (model.heads % model.kv_heads != 0)
    return ModelFault{
        keys.heads, fmt::format("is {} and {} is {}; expected a multiple", model.heads, keys.kv_heads, model.kv_heads)};
  if (model.head_dim % 2 != 0)
    return ModelFault{keys.head_dim,
                      fmt::format("is {}; expected an even number, for RoPE turns pairs", model.head_dim)};
  const std::uint64_t width = std::uint64_t{model.heads} * model.head_dim;
  if (width > kWidths.maximum)
    return ModelFault{keys.heads,
                      fmt::format("times {} is {}; expected at most {}", keys.head_dim, width, kWidths.maximum)};
  return std::nullopt;
}

Fault fault_of_scaling(const RopeScaling& scaling, const ModelKeys& keys) {
  if (scaling.kind == RopeScalingKind::None) return std::nullopt;
  if (auto fault = outside(keys.rope_factor, scaling.factor, kRopeFactors)) return fault;
  if (scaling.kind == RopeScalingKind::Linear) return std::nullopt;
  if (auto fault = outside(keys.rope_low, scaling.low_freq_factor, kRopeFactors)) return fault;
  if (auto fault = outside(keys.rope_high, scaling.high_freq_factor, kRopeFactors)) return fault;
  if (scaling.high_freq_factor <= scaling.low_freq_factor)
    return ModelFault{keys.rope_high, fmt::format("is {} and {} is {}; expected low < high", scaling.high_freq_factor,
                                                  keys.rope_low, scaling.low_freq_factor)};
  return outside(keys.rope_original, std::uint64_t{scaling.original_max_position_embeddings}, kTokenCounts);
}

}  // namespace

std::optional<ModelFault> fault_of(const ModelConfig& model, const ModelKeys& keys) {
  if (auto fault = fault_of_counts(model, keys)) return fault;
  if (auto fault = fault_of_heads(model, keys)) return fault;
  if (auto fault = outside(keys.rms_norm_eps, model.rms_norm_eps, kEpsilons)) return fault;
  if (auto fault = outside(keys.rope_theta, model.rope_theta, kThetas)) return fault;
  return fault_of_scaling(model.rope_scaling, keys);
}

std::string fault_of_rope_factor(double factor) {
  const auto fault = outside("", factor, kRopeFactors);
  return fault ? fault->what : "";
}

std::uint64_t ModelConfig::active_matrix_weights() const {
  std::uint64_t sum = 0;
  for (const auto& tensor : model_tensors(*this)) {
    if (is_norm(tensor.role) || tensor.role == TensorRole::Embedding) continue;
    sum += std::uint64_t{tensor.rows} * tensor.columns * (in_layer(tensor.role) ? layers : 1);
  }
  return sum;
}

base::Status ModelConfig::validate() const {
  if (const auto fault = fault_of(*this)) return base::Error{fault->key + " " + fault->what};
  return {};
}

}  // namespace kiln::config
