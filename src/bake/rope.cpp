#include "bake/rope.hpp"

#include "numerics/vector_ops.hpp"

namespace kiln::bake {
namespace {

/// Llama 3.1: pairs that turn often within the original context keep their frequency, those that turn rarely are slowed
/// by `factor`, and in between the frequency is blended. An increment is turns per position times 2^64, so no logarithm
/// or pi is needed.
double llama3_divisor(const config::RopeScaling& scaling, std::uint64_t increment) {
  const double turns = static_cast<double>(increment) * 0x1p-64 * scaling.original_max_position_embeddings;
  if (turns > scaling.high_freq_factor) return 1.0;
  if (turns < scaling.low_freq_factor) return scaling.factor;
  const double smooth = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1.0 / ((1.0 - smooth) / scaling.factor + smooth);
}

}  // namespace

std::vector<std::uint64_t> scaled_rope_increments(const checkpoint::Checkpoint& checkpoint) {
  const auto& model = checkpoint.config();
  const auto& scaling = model.rope_scaling;
  auto plain = numerics::rope_increments(model.head_dim, model.rope_theta, {});
  std::vector<double> divisors(checkpoint.rope_factors().begin(), checkpoint.rope_factors().end());
  const bool own = !divisors.empty();
  if (!own && scaling.kind == config::RopeScalingKind::None) return plain;
  divisors.resize(plain.size(), 1.0);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (scaling.kind == config::RopeScalingKind::Linear) divisors[i] *= scaling.factor;
    if (scaling.kind == config::RopeScalingKind::Llama3 && !own) divisors[i] = llama3_divisor(scaling, plain[i]);
  }
  return numerics::rope_increments(model.head_dim, model.rope_theta, divisors);
}

}  // namespace kiln::bake
