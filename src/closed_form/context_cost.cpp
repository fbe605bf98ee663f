#include "closed_form/context_cost.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kiln/base/units.hpp"

namespace kiln::closed_form {

using base::ceil_div;

std::uint64_t narrow(Wide cycles) {
  base::check(cycles >> 64 == 0, "cycles of a run fit 64 bits");
  return static_cast<std::uint64_t>(cycles);
}

std::vector<std::uint64_t> words_in_fullest_bank(const program::KvPlan& plan, std::uint64_t banks,
                                                 std::uint64_t most_tokens, std::uint64_t heads) {
  std::vector<std::uint64_t> words(banks, 0);
  std::vector<std::uint64_t> fullest(most_tokens + 1, 0);
  for (std::uint64_t t = 0; t < most_tokens; ++t) {
    std::uint64_t most = fullest[t];
    for (std::uint64_t h = 0; h < heads; ++h)
      most = std::max(most, ++words[(t * plan.token_words + h * plan.row_words) % banks]);
    fullest[t + 1] = most;
  }
  return fullest;
}

std::uint64_t words_touched(std::uint64_t channel, std::uint64_t length, std::uint64_t head_dim,
                            std::uint64_t width_bytes) {
  const std::uint64_t first = std::min(length, head_dim - channel);  // of the head that the beat begins in
  const std::uint64_t rest = length - first;
  return ceil_div(channel + first, width_bytes) - channel / width_bytes +
         rest / head_dim * ceil_div(head_dim, width_bytes) + ceil_div(rest % head_dim, width_bytes);
}

std::uint64_t words_in_a_beat(const program::Placement& placement) {
  const std::uint64_t head_dim = placement.model().head_dim;
  const std::uint64_t beat = placement.chip().link.beat_elements();
  const std::uint64_t keys = placement.model().kv_heads * head_dim;
  const auto words = [&](std::uint64_t k, std::uint64_t length) {
    return words_touched(k * beat % head_dim, length, head_dim, placement.chip().kv.width_bytes);
  };
  const std::uint64_t period = head_dim / std::gcd(head_dim, beat);
  std::uint64_t most = 0;
  for (std::uint64_t k = 0; k < std::min(keys / beat, period); ++k) most = std::max(most, words(k, beat));
  return keys % beat == 0 ? most : std::max(most, words(keys / beat, keys % beat));
}

// Euclid's algorithm on the line's slope: whole parts of a / m and b / m are arithmetic series; the rest counts
// lattice points below a line of slope < 1, which are the points beside the line with axes exchanged.
Wide floor_sum(Wide n, Wide m, Wide a, Wide b) {
  Wide sum = 0;
  while (n > 0) {
    sum += n * (n - 1) / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const Wide top = a * n + b;
    n = top / m;
    b = top % m;
    std::swap(a, m);
  }
  return sum;
}

ContextCost::ContextCost(const program::Placement& placement, std::uint64_t longest)
    : block_(placement.chip().attention.tokens_parallel),
      heads_(placement.model().heads),
      softmax_lanes_(placement.chip().attention.softmax_lanes) {
  const auto& plan = placement.kv();
  const auto& kv = placement.chip().kv;
  const std::uint64_t parallel = placement.chip().attention.heads_parallel;
  const std::uint64_t whole = placement.model().kv_heads / parallel;  // blocks of heads
  const std::uint64_t rest = placement.model().kv_heads % parallel;
  steps_per_block_ = plan.row_words * (whole + (rest > 0 ? 1 : 0));

  const std::uint64_t most_tokens = std::min(block_, longest);
  conflicts_.assign(most_tokens + 1, 0);
  const auto add_blocks = [&](std::uint64_t blocks, std::uint64_t heads) {
    if (blocks == 0 || heads == 0) return;
    const auto fullest = words_in_fullest_bank(plan, kv.banks, most_tokens, heads);
    for (std::uint64_t t = 1; t <= most_tokens; ++t)
      conflicts_[t] += blocks * plan.row_words * (ceil_div(fullest[t], kv.ports) - 1);
  };
  add_blocks(whole, parallel);
  add_blocks(1, rest);

  conflicts_before_.assign(most_tokens + 2, 0);
  for (std::uint64_t t = 0; t <= most_tokens; ++t) conflicts_before_[t + 1] = conflicts_before_[t] + conflicts_[t];
}

ContextCycles ContextCost::at(std::uint64_t context) const {
  const std::uint64_t whole = context / block_;
  const std::uint64_t in_whole = whole > 0 ? whole * conflicts_[block_] : 0;
  return {Wide{2} * steps_per_block_ * ceil_div(context, block_) + ceil_div(heads_ * context, softmax_lanes_),
          Wide{2} * (in_whole + conflicts_[context % block_])};
}

ContextCycles ContextCost::up_to(std::uint64_t context) const {
  const Wide whole = context / block_;
  const std::uint64_t rest = context % block_;
  // Contexts q * block + t, t < block, read q whole blocks and one of t tokens: q runs below `whole`, then once more up
  // to t = rest.
  const Wide block_sum = whole > 0 ? whole * conflicts_before_[block_] : 0;
  const Wide whole_blocks_read = Wide{block_} * (whole * (whole - 1) / 2) + whole * (rest + 1);
  const Wide conflicts =
      block_sum + conflicts_before_[rest + 1] + (whole > 0 ? whole_blocks_read * conflicts_[block_] : 0);
  // ceil(c / block) is q + 1 for c in (q * block, (q + 1) * block].
  const Wide blocks = Wide{block_} * (whole * (whole + 1) / 2) + (whole + 1) * rest;
  const Wide softmax = floor_sum(Wide{context} + 1, softmax_lanes_, heads_, softmax_lanes_ - 1);
  return {Wide{2} * steps_per_block_ * blocks + softmax, 2 * conflicts};
}

}  // namespace kiln::closed_form
