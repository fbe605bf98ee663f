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

/// Where the figure of an endless text of this kind would be, at 95 %: mean and spread of the chunks' own figures, by
/// Student's t. Chunks are taken as independent.
struct Interval {
  double low = 0;
  double high = 0;
};

struct Perplexity {
  double mean_nll = 0;  ///< nats a token
  double perplexity = 0;
  std::optional<Interval> interval = {};  ///< of the perplexity, from two chunks on
};

struct Agreement {
  double mean_kl = 0;  ///< nats
  double p99_kl = 0;   ///< 99 % of the positions have at most this
  double max_kl = 0;
  double top1 = 0;              ///< share of positions where both have the same most likely token
  double perplexity_ratio = 0;  ///< chip / reference
  /// Of that ratio, from two chunks on: much narrower than either perplexity's, since both read the same chunks.
  std::optional<Interval> ratio_interval = {};
};

struct Evaluation {
  std::uint64_t chunks = 0;
  std::uint64_t scored_tokens = 0;
  std::optional<Perplexity> reference;
  std::optional<Perplexity> chip;
  std::optional<Agreement> agreement;  ///< where both predicted
};

}  // namespace kiln::evaluate
