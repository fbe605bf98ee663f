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

/// One query head: the steps of docs/numerics.md, "Attention", in order. Buffers are kept from head to head.
class HeadAttention {
 public:
  HeadAttention(const KvStore& store, Simd simd)
      : kv_(store), simd_(simd), factor_(score_factor(store.head_dim())), padded_(kv_.blocks() * kTokenBlock) {
    scores_.resize(padded_);
    probabilities_.resize(padded_);
    weights_.resize(padded_ * kv_.groups());
    dots_.resize(kTokenBlock * kv_.groups());
    sums_.resize(kv_.channels());
  }

  void run(std::span<const float> q, std::size_t kv_head, std::span<float> out) {
    quantise(q, hadamard_block(q.size()), q_);
    for (std::size_t block = 0; block < kv_.blocks(); ++block) score_block(block, kv_head);
    const std::uint64_t total = form_probabilities();
    for (std::size_t g = 0; g < kv_.groups(); ++g) form_weights(kv_head, g);
    (simd_ == Simd::Avx512 ? value_sums_avx512 : value_sums_scalar)(kv_, kv_head, weights_, sums_.data());
    divide(kv_head, total, out);
  }

 private:
  [[nodiscard]] bool fast() const { return simd_ == Simd::Avx512; }

  void score_block(std::size_t block, std::size_t kv_head) {
    if (fast() && kv_.groups() <= 2) {
      score_block_avx512(kv_, block, kv_head, q_, factor_, dots_.data(), scores_.data() + block * kTokenBlock);
      return;
    }
    (simd_ == Simd::Avx512 ? dot_block_avx512 : dot_block_scalar)(kv_, block, kv_head, q_.codes.data(), dots_.data());
    const std::int16_t* exponents = kv_.k_exponents(block, kv_head);
    for (std::size_t t = 0; t < kTokenBlock; ++t) {
      int largest = -0x8000;
      for (std::size_t g = 0; g < kv_.groups(); ++g) {
        largest = std::max(largest, q_.exponents[g] + exponents[g * kTokenBlock + t]);
      }
      std::int64_t sum = 0;
      for (std::size_t g = 0; g < kv_.groups(); ++g) {
        const int shift =
            std::min(largest - q_.exponents[g] - exponents[g * kTokenBlock + t], 40);  // from 32 on it is 0
        sum += rounding_shift(std::int64_t{dots_[g * kTokenBlock + t]} << kScoreGuardBits, shift);
      }
      // The sum has less than 53 bits: a double carries it exactly to the one rounding.
      const double exact = static_cast<double>(sum) * power_of_two(largest - kScoreGuardBits);
      scores_[block * kTokenBlock + t] = multiply_element(clean(static_cast<float>(exact)), factor_);
    }
  }

  std::uint64_t form_probabilities() {
    const std::size_t tokens = kv_.store.tokens();
    const float largest = *std::max_element(scores_.begin(), scores_.begin() + static_cast<std::ptrdiff_t>(tokens));
    if (fast()) return probabilities_avx512(std::span(scores_).first(tokens), largest, probabilities_.data());
    std::uint64_t total = 0;
    for (std::size_t t = 0; t < tokens; ++t) {
      probabilities_[t] = power_below(add_element(largest, -scores_[t]));
      total += probabilities_[t];
    }
    return total;
  }

  void form_weights(std::size_t kv_head, std::size_t g) {
    const int largest = kv_.v_max_exponents(kv_head)[g];
    for (std::size_t block = 0; block < kv_.blocks(); ++block) {
      const std::int16_t* exponents = kv_.v_exponents(block, kv_head) + g * kTokenBlock;
      const std::uint32_t* p = probabilities_.data() + block * kTokenBlock;
      std::uint32_t* w = weights_.data() + g * padded_ + block * kTokenBlock;
      if (fast()) {
        weight_block_avx512(p, exponents, largest, w);
        continue;
      }
      for (std::size_t t = 0; t < kTokenBlock; ++t) {
        const int shift = std::min(largest - exponents[t], 40);  // from 33 on it is 0
        w[t] = static_cast<std::uint32_t>(rounding_shift(std::int64_t{p[t]} << kValueGuardBits, shift));
      }
    }
  }

  void divide(std::size_t kv_head, std::uint64_t total, std::span<float> out) {
    const int drop = static_cast<int>(std::bit_width(total)) - 32;
    const std::uint64_t limit = (std::uint64_t{1} << 32) - 1;
    const std::uint64_t d =
        drop <= 0 ? total << -drop : std::min((total + (std::uint64_t{1} << (drop - 1))) >> drop, limit);
    const std::uint64_t inverse = reciprocal(d);  // 1 / total = inverse * 2^-(62 + drop)
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool negative = sums_[i] < 0;
      const std::uint64_t magnitude =
          negative ? 0 - static_cast<std::uint64_t>(sums_[i]) : static_cast<std::uint64_t>(sums_[i]);
      const int exponent = kv_.v_max_exponents(kv_head)[i / kGroup] - kValueGuardBits - 62 - drop;
      out[i] = round_to_float(negative, Uint128{magnitude} * inverse, exponent);
    }
  }

  KvBlocks kv_;
  Simd simd_;
  float factor_;
  std::size_t padded_;
  QuantisedVector q_;
  std::vector<float> scores_;
  std::vector<std::uint32_t> probabilities_, weights_;
  std::vector<std::int32_t> dots_;
  std::vector<std::int64_t> sums_;
};

}  // namespace

void attend_heads(const KvStore& kv, std::span<const float> q, std::size_t heads, std::size_t first_kv_head,
                  std::size_t last_kv_head, std::span<float> out, Simd simd) {
  const std::size_t width = kv.head_dim();
  base::check(heads != 0 && heads % kv.kv_heads() == 0 && q.size() == heads * width && out.size() == q.size(),
              "attend: heads must be a multiple of the store's, q and out heads * head_dim");
  base::check(first_kv_head <= last_kv_head && last_kv_head <= kv.kv_heads(), "attend: KV heads outside the store");
  base::check(kv.tokens() != 0, "attend: no tokens in the store");
  HeadAttention head(kv, simd);
  const std::size_t shared = heads / kv.kv_heads();
  for (std::size_t h = first_kv_head * shared; h < last_kv_head * shared; ++h) {
    head.run(q.subspan(h * width, width), h / shared, out.subspan(h * width, width));
  }
}

void attend(const KvStore& kv, std::span<const float> q, std::size_t heads, std::span<float> out, Simd simd) {
  attend_heads(kv, q, heads, 0, kv.kv_heads(), out, simd);
}

}  // namespace kiln::numerics
