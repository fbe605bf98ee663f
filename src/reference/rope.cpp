#include "reference/rope.hpp"

#include <cmath>
#include <numbers>

namespace kiln::reference {
namespace {

/// Llama 3.1: long waves are slowed by `factor`, short ones kept, those between blended.
double llama3(double frequency, const config::RopeScaling& s) {
  const double trained = s.original_max_position_embeddings;
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  if (wavelength < trained / s.high_freq_factor) return frequency;
  if (wavelength > trained / s.low_freq_factor) return frequency / s.factor;
  const double kept = (trained / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1.0 - kept) * frequency / s.factor + kept * frequency;
}

}  // namespace

std::vector<double> rope_frequencies(const config::ModelConfig& config, std::span<const float> factors) {
  std::vector<double> all(config.head_dim / 2);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = std::pow(config.rope_theta, -2.0 * static_cast<double>(i) / config.head_dim);
    if (config.rope_scaling.kind == config::RopeScalingKind::Linear) all[i] /= config.rope_scaling.factor;
    if (config.rope_scaling.kind == config::RopeScalingKind::Llama3) all[i] = llama3(all[i], config.rope_scaling);
    if (!factors.empty()) all[i] /= static_cast<double>(factors[i]);
  }
  return all;
}

void rotate(std::span<float> head, std::span<const float> cosines, std::span<const float> sines) {
  const std::size_t half = head.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float a = head[i];
    const float b = head[i + half];
    head[i] = a * cosines[i] - b * sines[i];
    head[i + half] = b * cosines[i] + a * sines[i];
  }
}

}  // namespace kiln::reference
