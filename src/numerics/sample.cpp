#include "kiln/numerics/sample.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {
namespace {

constexpr double kLog2EDouble = 1.44269504088896340736;

}  // namespace

// As the hardware has it: a sorted list of k, into which each logit is inserted after those that are not smaller.
Candidates top_k(std::span<const float> logits, std::size_t k) {
  base::check(k >= 1 && k <= kMostCandidates && !logits.empty(), "sampler: 1 to 8 candidates of some logits");
  Candidates best;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (best.count == k && !(logits[i] > best.logits[k - 1])) continue;
    std::size_t place = best.count < k ? best.count++ : k - 1;
    for (; place > 0 && logits[i] > best.logits[place - 1]; --place) {
      best.logits[place] = best.logits[place - 1];
      best.ids[place] = best.ids[place - 1];
    }
    best.logits[place] = logits[i];
    best.ids[place] = static_cast<std::uint32_t>(i);
  }
  return best;
}

float exponent_factor(double temperature) {
  base::check(temperature > 0, "sampler: probabilities need a temperature above 0");
  return clean(static_cast<float>(kLog2EDouble / temperature));
}

std::array<std::uint32_t, kMostCandidates> weights(const Candidates& candidates, double temperature) {
  const float factor = exponent_factor(temperature);
  std::array<std::uint32_t, kMostCandidates> result{};
  for (std::size_t i = 0; i < candidates.count; ++i) {
    result[i] = power_below(multiply_element(add_element(candidates.logits[0], -candidates.logits[i]), factor));
  }
  return result;
}

std::uint32_t sample(std::span<const float> logits, const Sampling& sampling, std::uint64_t position) {
  if (sampling.greedy()) return argmax(logits);
  const Candidates candidates = top_k(logits, sampling.top_k);
  const auto weight = weights(candidates, sampling.temperature);
  std::uint64_t total = 0;
  for (const std::uint32_t w : weight) total += w;
  const std::uint64_t threshold = ((base::mix(sampling.seed, position) >> 32) * total) >> 32;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < candidates.count; ++i) {
    sum += weight[i];
    if (sum > threshold) return candidates.ids[i];
  }
  base::check(false, "sampler: the threshold lies below the sum of all weights");
  return 0;
}

}  // namespace kiln::numerics
