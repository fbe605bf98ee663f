// How the sampler draws a token: the k largest logits, their probabilities at a temperature, one random number.
// Integers and one element-wise multiplication; docs/numerics.md, "Sampling". The same draws on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kiln::numerics {

inline constexpr std::size_t kMostCandidates = 8;

/// The largest logits, largest first; of equal ones the lower index first.
struct Candidates {
  std::array<float, kMostCandidates> logits{};
  std::array<std::uint32_t, kMostCandidates> ids{};
  std::size_t count = 0;
};
/// k in 1 ... kMostCandidates; fewer candidates where there are fewer logits.
Candidates top_k(std::span<const float> logits, std::size_t k);

/// What a user asks of the sampler. Temperature 0 is greedy: the largest logit.
struct Sampling {
  double temperature = 0;
  std::uint32_t top_k = kMostCandidates;
  std::uint64_t seed = 0;  ///< of this user
  [[nodiscard]] bool greedy() const { return temperature == 0; }
};

/// The constant that turns differences of logits into exponents of two: log2(e) / temperature, above 0, as an element.
float exponent_factor(double temperature);

/// Probabilities with 24 fraction bits (not normalised: the first is 2^24 - 1).
std::array<std::uint32_t, kMostCandidates> weights(const Candidates& candidates, double temperature);

/// The id after the token at `position`: greedy, or drawn.
std::uint32_t sample(std::span<const float> logits, const Sampling& sampling, std::uint64_t position);

}  // namespace kiln::numerics
