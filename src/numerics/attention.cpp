#include <algorithm>
#include <cmath>

#include "kiln/base/result.hpp"
#include "numerics/attention_paths.hpp"
#include "numerics/bits.hpp"
#include "numerics/simd.hpp"
#include "numerics/tables.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

namespace {

std::uint64_t magnitude(std::int64_t x) {
  return x < 0 ? 0 - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
}

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

void score_block_scalar(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const QuantisedVector& q,
                        float factor, const std::int32_t* dots, float* scores) {
  const std::int16_t* exponents = kv.k_exponents(block, kv_head);
  for (std::size_t t = 0; t < kTokenBlock; ++t) {
    int largest = -0x8000;
    for (std::size_t g = 0; g < kv.groups(); ++g)
      largest = std::max(largest, q.exponents[g] + exponents[g * kTokenBlock + t]);
    std::int64_t sum = 0;
    for (std::size_t g = 0; g < kv.groups(); ++g) {
      const int shift = std::min(largest - q.exponents[g] - exponents[g * kTokenBlock + t], 40);  // from 32 on it is 0
      sum += rounding_shift(std::int64_t{dots[g * kTokenBlock + t]} << kScoreGuardBits, shift);
    }
    // The sum has less than 53 bits: a double carries it exactly to the one rounding.
    const double exact = static_cast<double>(sum) * power_of_two(largest - kScoreGuardBits);
    scores[t] = multiply_element(clean(static_cast<float>(exact)), factor);
  }
}

float largest_scalar(std::span<const float> scores) { return *std::ranges::max_element(scores); }

template <class L>
KILN_LANES float largest_lanes(std::span<const float> scores) {
  if (scores.size() < L::kCount) return largest_scalar(scores);
  typename L::Floats most, next;
  load_lanes<L>(scores.data() + scores.size() - L::kCount, most);  // the last ones, some of which come again
  for (std::size_t i = 0; i + L::kCount <= scores.size(); i += L::kCount) {
    load_lanes<L>(scores.data() + i, next);
    most = next > most ? next : most;
  }
  float largest = most[0];
  for (std::size_t i = 1; i < L::kCount; ++i) largest = std::max(largest, most[i]);
  return largest;
}

std::uint64_t probabilities_scalar(std::span<const float> scores, float largest, std::uint32_t* probabilities) {
  std::uint64_t total = 0;
  for (std::size_t t = 0; t < scores.size(); ++t) {
    probabilities[t] = power_below(add_element(largest, -scores[t]));
    total += probabilities[t];
  }
  return total;
}

void weight_block_scalar(const std::uint32_t* probabilities, const std::int16_t* exponents, int largest,
                         std::uint32_t* weights) {
  for (std::size_t t = 0; t < kTokenBlock; ++t) {
    const int shift = std::clamp(largest - exponents[t], 0, 40);  // from 33 on it is 0; below 0 a later token
    weights[t] = static_cast<std::uint32_t>(rounding_shift(std::int64_t{probabilities[t]} << kValueGuardBits, shift));
  }
}

void value_sums_scalar(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks, const std::uint32_t* weights,
                       std::int64_t* sums) {
  const std::size_t channels = kv.channels();
  for (std::size_t block = blocks.first; block < blocks.last; ++block) {
    const std::int8_t* v = kv.v(block, kv_head);
    for (std::size_t four = 0; four < kTokenBlock / 4; ++four) {
      for (std::size_t i = 0; i < channels; ++i) {
        const std::uint32_t* w = weights + i / kGroup * kChunkTokens + (block - blocks.first) * kTokenBlock + four * 4;
        const std::int8_t* code = v + (four * channels + i) * 4;
        for (std::size_t t = 0; t < 4; ++t) sums[i] += std::int64_t{w[t]} * code[t];
      }
    }
  }
}

void divide_scalar(std::span<const std::int64_t> sums, std::uint64_t inverse, int exponent, float* out) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    out[i] = round_to_float(sums[i] < 0, Uint128{magnitude(sums[i])} * inverse, exponent);
}

}  // namespace

KILN_KERNEL_AVX2 float largest_avx2(std::span<const float> scores) { return largest_lanes<Lanes8>(scores); }
KILN_KERNEL_AVX512 float largest_avx512(std::span<const float> scores) { return largest_lanes<Lanes16>(scores); }

void divide_by_conversion(std::span<const std::int64_t> sums, std::uint64_t inverse, int exponent, float* out) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::uint64_t m = magnitude(sums[i]);
    const int zeros = std::countl_zero(m);
    const int scale = exponent + 32 - zeros;
    if (m == 0 || scale < -186 || scale > 63) {  // or what may leave the range of normal numbers
      divide_scalar(sums.subspan(i, 1), inverse, exponent, out + i);
      continue;
    }
    // 62 or 63 bits, of which the last stands for all below: that leaves the one rounding as it is.
    const Uint128 product = Uint128{m << zeros} * (inverse << 32);
    const auto top = static_cast<std::int64_t>(product >> 64);
    const auto rounded = static_cast<float>(top | (static_cast<std::uint64_t>(product) != 0 ? 1 : 0));
    const double exact = static_cast<double>(rounded) * power_of_two(scale);
    out[i] = static_cast<float>(sums[i] < 0 ? -exact : exact);
  }
}

const AttentionPath kAttentionScalar = {dot_block_scalar,    score_block_scalar, largest_scalar, probabilities_scalar,
                                        weight_block_scalar, value_sums_scalar,  divide_scalar};

float score_factor(std::size_t head_dim) {
  constexpr double kLog2EDouble = 1.44269504088896340736;
  const auto n = static_cast<double>(hadamard_block(head_dim));
  return static_cast<float>(kLog2EDouble / (n * detail::sqrt_newton(static_cast<double>(head_dim))));
}

namespace {

/// The query heads of one KV head: the steps of docs/numerics.md, "Attention", in order. All heads meet some blocks of
/// the cache before they go on to the next ones.
class KvHeadAttention {
 public:
  KvHeadAttention(const KvBlocks& kv, std::size_t kv_head, const AttentionPath& path, AttentionBuffers& buffers)
      : kv_(kv), kv_head_(kv_head), path_(path), padded_(kv.blocks() * kTokenBlock), to_(buffers) {
    to_.weights.resize(kChunkTokens * kv.groups());
    to_.dots.resize(kTokenBlock * kv.groups());
    to_.v_max_exponents.resize(kv.groups());
    for (std::size_t g = 0; g < kv.groups(); ++g) to_.v_max_exponents[g] = kv.v_max_exponent(kv_head, g);
  }

  /// q and out of these heads alone.
  void run(std::span<const float> q, std::span<float> out, Simd simd) {
    const std::size_t width = kv_.store.head_dim();
    const std::size_t heads = q.size() / width;
    if (to_.q.size() < heads) to_.q.resize(heads);
    to_.scores.resize(heads * padded_);
    to_.probabilities.resize(heads * padded_);
    to_.sums.assign(heads * kv_.channels(), 0);
    to_.totals.resize(heads);
    for (std::size_t h = 0; h < heads; ++h)
      quantise(q.subspan(h * width, width), hadamard_block(width), to_.q[h], simd);
    for (std::size_t block = 0; block < kv_.blocks(); ++block) {
      const std::size_t bytes = kv_.channels() * kTokenBlock;
      const std::uint8_t* next = kv_.k(kv_.ahead(block, 2), kv_head_);
      for (std::size_t h = 0; h < heads; ++h) {
        for (std::size_t line = h * kCacheLine; line < bytes; line += heads * kCacheLine)
          __builtin_prefetch(next + line);
        form_scores(h, block);
      }
    }
    for (std::size_t h = 0; h < heads; ++h) form_probabilities(h);
    for (std::size_t block = 0; block < kv_.blocks(); block += kChunkBlocks)
      for (std::size_t h = 0; h < heads; ++h)
        add_values(h, {block, std::min(block + kChunkBlocks, kv_.blocks()), h, heads});
    for (std::size_t h = 0; h < heads; ++h) divide(h, out.subspan(h * width, width));
  }

 private:
  void form_scores(std::size_t h, std::size_t block) {
    const QuantisedVector& q = to_.q[h];
    path_.dot_block(kv_, block, kv_head_, q.codes.data(), to_.dots.data());
    const auto score = kv_.groups() <= kScoreGroups ? path_.score_block : kAttentionScalar.score_block;
    score(kv_, block, kv_head_, q, kv_.score_factor(), to_.dots.data(),
          to_.scores.data() + h * padded_ + block * kTokenBlock);
  }

  void form_probabilities(std::size_t h) {
    const std::span<const float> scores = std::span(to_.scores).subspan(h * padded_, kv_.tokens);
    const std::span<std::uint32_t> probabilities = std::span(to_.probabilities).subspan(h * padded_, padded_);
    to_.totals[h] = path_.probabilities(scores, path_.largest(scores), probabilities.data());
    std::ranges::fill(probabilities.subspan(kv_.tokens), 0);
  }

  void add_values(std::size_t h, ValueChunk blocks) {
    for (std::size_t g = 0; g < kv_.groups(); ++g) {
      for (std::size_t block = blocks.first; block < blocks.last; ++block) {
        path_.weight_block(to_.probabilities.data() + h * padded_ + block * kTokenBlock,
                           kv_.v_exponents(block, kv_head_) + g * kTokenBlock, to_.v_max_exponents[g],
                           to_.weights.data() + g * kChunkTokens + (block - blocks.first) * kTokenBlock);
      }
    }
    path_.value_sums(kv_, kv_head_, blocks, to_.weights.data(), to_.sums.data() + h * kv_.channels());
  }

  void divide(std::size_t h, std::span<float> out) {
    const std::uint64_t total = to_.totals[h];
    const int drop = static_cast<int>(std::bit_width(total)) - 32;
    const std::uint64_t limit = (std::uint64_t{1} << 32) - 1;
    const std::uint64_t d =
        drop <= 0 ? total << -drop : std::min((total + (std::uint64_t{1} << (drop - 1))) >> drop, limit);
    const std::uint64_t inverse = reciprocal(d);  // 1 / total = inverse * 2^-(62 + drop)
    const std::span<const std::int64_t> sums = std::span(to_.sums).subspan(h * kv_.channels(), out.size());
    for (std::size_t i = 0; i < out.size(); i += kGroup) {
      const int exponent = to_.v_max_exponents[i / kGroup] - kValueGuardBits - 62 - drop;
      path_.divide(sums.subspan(i, std::min(kGroup, out.size() - i)), inverse, exponent, out.data() + i);
    }
  }

  KvBlocks kv_;
  std::size_t kv_head_;
  const AttentionPath& path_;
  std::size_t padded_;
  AttentionBuffers& to_;
};

const AttentionPath& attention_path([[maybe_unused]] Simd simd) {
#if defined(__x86_64__)
  if (simd == Simd::Avx512) return kAttentionAvx512;
  if (simd == Simd::Avx2) return kAttentionAvx2;
#endif
  return kAttentionScalar;
}

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
    const std::size_t first = kv_head * shared * width;
    KvHeadAttention(blocks, kv_head, attention_path(simd), buffers)
        .run(q.subspan(first, shared * width), out.subspan(first, shared * width), simd);
  }
}

void attend(const KvStore& kv, std::span<const float> q, std::size_t heads, std::span<float> out, Simd simd) {
  AttentionBuffers buffers;
  attend_heads(kv, kv.tokens(), q, heads, 0, kv.kv_heads(), out, buffers, simd);
}

}  // namespace kiln::numerics
