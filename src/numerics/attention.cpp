#include <algorithm>
#include <cmath>

#include "kiln/base/result.hpp"
#include "numerics/attention_paths.hpp"
#include "numerics/bits.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

void dot_block_scalar(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                      std::int32_t* dots) {
  const std::uint8_t* k = kv.k(block, kv_head);
  const std::size_t groups = kv.groups();
  std::fill_n(dots, groups * kTokenBlock, 0);
  for (std::size_t i = 0; i < kv.store.head_dim(); ++i) {
    for (std::size_t t = 0; t < kTokenBlock; ++t) {
      dots[i / kGroup * kTokenBlock + t] += q[i] * (static_cast<std::int32_t>(k[i / 4 * 64 + t * 4 + i % 4]) - 128);
    }
  }
}

void value_sums_scalar(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums) {
  const std::size_t channels = kv.channels();
  const std::size_t stride = kv.blocks() * kTokenBlock;
  std::fill_n(sums, channels, 0);
  for (std::size_t block = 0; block < kv.blocks(); ++block) {
    const std::int8_t* v = kv.v(block, kv_head);
    for (std::size_t four = 0; four < kTokenBlock / 4; ++four) {
      for (std::size_t i = 0; i < channels; ++i) {
        const std::uint32_t* w = weights.data() + i / kGroup * stride + block * kTokenBlock + four * 4;
        const std::int8_t* code = v + (four * channels + i) * 4;
        for (std::size_t t = 0; t < 4; ++t) sums[i] += std::int64_t{w[t]} * code[t];
      }
    }
  }
}

float score_factor(std::size_t head_dim) {
  constexpr double kLog2EDouble = 1.44269504088896340736;
  const auto n = static_cast<double>(hadamard_block(head_dim));
  return static_cast<float>(kLog2EDouble / (n * detail::sqrt_newton(static_cast<double>(head_dim))));
}

namespace {

/// Query heads of one KV head: the steps of docs/numerics.md, "Attention", in order.
class HeadAttention {
 public:
  HeadAttention(const KvBlocks& kv, std::size_t kv_head, Simd simd, AttentionBuffers& buffers)
      : kv_(kv),
        kv_head_(kv_head),
        factor_(kv.score_factor()),
        simd_(simd),
        padded_(kv.blocks() * kTokenBlock),
        to_(buffers) {
    to_.scores.resize(padded_);
    to_.probabilities.resize(padded_);
    std::fill(to_.probabilities.begin() + static_cast<std::ptrdiff_t>(kv.tokens), to_.probabilities.end(), 0);
    to_.weights.resize(padded_ * kv.groups());
    to_.dots.resize(kTokenBlock * kv.groups());
    to_.sums.resize(kv.channels());
    to_.v_max_exponents.resize(kv.groups());
    for (std::size_t g = 0; g < kv.groups(); ++g) to_.v_max_exponents[g] = kv.v_max_exponent(kv_head, g);
  }

  void run(std::span<const float> q, std::span<float> out) {
    quantise(q, hadamard_block(q.size()), to_.q);
    for (std::size_t block = 0; block < kv_.blocks(); ++block) score_block(block);
    const std::uint64_t total = form_probabilities();
    for (std::size_t g = 0; g < kv_.groups(); ++g) form_weights(g);
    (fast() ? value_sums_avx512 : value_sums_scalar)(kv_, kv_head_, to_.weights, to_.sums.data());
    divide(total, out);
  }

 private:
  [[nodiscard]] bool fast() const { return simd_ == Simd::Avx512; }

  void score_block(std::size_t block) {
    if (fast() && kv_.groups() <= 2) {
      score_block_avx512(kv_, block, kv_head_, to_.q, factor_, to_.dots.data(),
                         to_.scores.data() + block * kTokenBlock);
      return;
    }
    (fast() ? dot_block_avx512 : dot_block_scalar)(kv_, block, kv_head_, to_.q.codes.data(), to_.dots.data());
    const std::int16_t* exponents = kv_.k_exponents(block, kv_head_);
    for (std::size_t t = 0; t < kTokenBlock; ++t) {
      int largest = -0x8000;
      for (std::size_t g = 0; g < kv_.groups(); ++g) {
        largest = std::max(largest, to_.q.exponents[g] + exponents[g * kTokenBlock + t]);
      }
      std::int64_t sum = 0;
      for (std::size_t g = 0; g < kv_.groups(); ++g) {
        const int shift =
            std::min(largest - to_.q.exponents[g] - exponents[g * kTokenBlock + t], 40);  // from 32 on it is 0
        sum += rounding_shift(std::int64_t{to_.dots[g * kTokenBlock + t]} << kScoreGuardBits, shift);
      }
      // The sum has less than 53 bits: a double carries it exactly to the one rounding.
      const double exact = static_cast<double>(sum) * power_of_two(largest - kScoreGuardBits);
      to_.scores[block * kTokenBlock + t] = multiply_element(clean(static_cast<float>(exact)), factor_);
    }
  }

  std::uint64_t form_probabilities() {
    const std::size_t tokens = kv_.tokens;
    const float largest =
        *std::max_element(to_.scores.begin(), to_.scores.begin() + static_cast<std::ptrdiff_t>(tokens));
    if (fast()) return probabilities_avx512(std::span(to_.scores).first(tokens), largest, to_.probabilities.data());
    std::uint64_t total = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
      to_.probabilities[t] = power_below(add_element(largest, -to_.scores[t]));
      total += to_.probabilities[t];
    }
    return total;
  }

  void form_weights(std::size_t g) {
    const int largest = to_.v_max_exponents[g];
    for (std::size_t block = 0; block < kv_.blocks(); ++block) {
      const std::int16_t* exponents = kv_.v_exponents(block, kv_head_) + g * kTokenBlock;
      const std::uint32_t* p = to_.probabilities.data() + block * kTokenBlock;
      std::uint32_t* w = to_.weights.data() + g * padded_ + block * kTokenBlock;
      if (fast()) {
        weight_block_avx512(p, exponents, largest, w);
        continue;
      }
      for (std::size_t t = 0; t < kTokenBlock; ++t) {
        const int shift = std::clamp(largest - exponents[t], 0, 40);  // from 33 on it is 0; below 0 a later token
        w[t] = static_cast<std::uint32_t>(rounding_shift(std::int64_t{p[t]} << kValueGuardBits, shift));
      }
    }
  }

  void divide(std::uint64_t total, std::span<float> out) {
    const int drop = static_cast<int>(std::bit_width(total)) - 32;
    const std::uint64_t limit = (std::uint64_t{1} << 32) - 1;
    const std::uint64_t d =
        drop <= 0 ? total << -drop : std::min((total + (std::uint64_t{1} << (drop - 1))) >> drop, limit);
    const std::uint64_t inverse = reciprocal(d);  // 1 / total = inverse * 2^-(62 + drop)
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool negative = to_.sums[i] < 0;
      const std::uint64_t magnitude =
          negative ? 0 - static_cast<std::uint64_t>(to_.sums[i]) : static_cast<std::uint64_t>(to_.sums[i]);
      const int exponent = to_.v_max_exponents[i / kGroup] - kValueGuardBits - 62 - drop;
      out[i] = round_to_float(negative, Uint128{magnitude} * inverse, exponent);
    }
  }

  KvBlocks kv_;
  std::size_t kv_head_;
  float factor_;
  Simd simd_;
  std::size_t padded_;
  AttentionBuffers& to_;
};

}  // namespace

void attend_heads(const KvStore& kv, std::size_t tokens, std::span<const float> q, std::size_t heads,
                  std::size_t first_kv_head, std::size_t last_kv_head, std::span<float> out, AttentionBuffers& buffers,
                  Simd simd) {
  const std::size_t width = kv.head_dim();
  base::check(heads != 0 && heads % kv.kv_heads() == 0 && q.size() == heads * width && out.size() == q.size(),
              "attend: heads must be a multiple of the store's, q and out heads * head_dim");
  base::check(first_kv_head <= last_kv_head && last_kv_head <= kv.kv_heads(), "attend: KV heads outside the store");
  base::check(tokens != 0 && tokens <= kv.tokens(), "attend: no tokens, or more than in the store");
  const KvBlocks blocks(kv, tokens);
  const std::size_t shared = heads / kv.kv_heads();
  for (std::size_t kv_head = first_kv_head; kv_head < last_kv_head; ++kv_head) {
    HeadAttention head(blocks, kv_head, simd, buffers);
    for (std::size_t h = kv_head * shared; h < (kv_head + 1) * shared; ++h)
      head.run(q.subspan(h * width, width), out.subspan(h * width, width));
  }
}

void attend(const KvStore& kv, std::span<const float> q, std::size_t heads, std::span<float> out, Simd simd) {
  AttentionBuffers buffers;
  attend_heads(kv, kv.tokens(), q, heads, 0, kv.kv_heads(), out, buffers, simd);
}

}  // namespace kiln::numerics
