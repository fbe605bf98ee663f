// How well something predicts a text: perplexity of the fp32 reference and of the chip's arithmetic, and how far the
// two agree. Logarithms are natural ones; only the second half of each chunk is scored.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace kiln::evaluate {

/// Gets the logits after the token at `index`, which counts over all chunks.
using LogitSink = std::function<void(std::size_t index, std::span<const float> logits)>;

struct Perplexity {
  double mean_nll = 0;  ///< nats a token
  double perplexity = 0;
};

struct Agreement {
  double mean_kl = 0;  ///< nats
  double max_kl = 0;
  double top1 = 0;              ///< share of positions where both have the same most likely token
  double perplexity_ratio = 0;  ///< chip / reference
};

struct Evaluation {
  std::uint64_t chunks = 0;
  std::uint64_t scored_tokens = 0;
  std::optional<Perplexity> reference;
  std::optional<Perplexity> chip;
  std::optional<Agreement> agreement;  ///< where both predicted
};

}  // namespace kiln::evaluate
