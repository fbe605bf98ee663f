// The attention unit's integer sums over one KV head, and how the KV cache is in memory. The scalar functions are the
// definition; the AVX-512 ones give the same integers and floats.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

inline constexpr std::size_t kTokenBlock = 16;  ///< tokens that are stored side by side
inline constexpr int kValueGuardBits = 8;       ///< a value's weight has 32 fraction bits
inline constexpr int kScoreGuardBits =
    10;  ///< fraction bits below a score's unit where groups of different exponents meet

/// The first `tokens` tokens of a store. What the last block holds of later ones is there and counts for nothing.
struct KvBlocks {
  explicit KvBlocks(const KvStore& kv) : KvBlocks(kv, kv.tokens_) {}
  KvBlocks(const KvStore& kv, std::size_t first_tokens) : store(kv), tokens(first_tokens) {}
  const KvStore& store;
  std::size_t tokens;

  [[nodiscard]] float score_factor() const { return store.score_factor_; }
  [[nodiscard]] std::size_t groups() const { return (store.head_dim_ + kGroup - 1) / kGroup; }
  /// Channels of a head in memory: padded to 16.
  [[nodiscard]] std::size_t channels() const { return (store.head_dim_ + 15) / 16 * 16; }
  [[nodiscard]] std::size_t blocks() const { return (tokens + kTokenBlock - 1) / kTokenBlock; }
  [[nodiscard]] std::size_t index(std::size_t block, std::size_t kv_head) const {
    return block * store.kv_heads_ + kv_head;
  }

  [[nodiscard]] const std::uint8_t* k(std::size_t block, std::size_t kv_head) const {
    return store.k_codes_.data() + index(block, kv_head) * channels() * kTokenBlock;
  }
  [[nodiscard]] const std::int8_t* v(std::size_t block, std::size_t kv_head) const {
    return store.v_codes_.data() + index(block, kv_head) * channels() * kTokenBlock;
  }
  [[nodiscard]] const std::int16_t* k_exponents(std::size_t block, std::size_t kv_head) const {
    return store.k_exponents_.data() + index(block, kv_head) * groups() * kTokenBlock;
  }
  [[nodiscard]] const std::int16_t* v_exponents(std::size_t block, std::size_t kv_head) const {
    return store.v_exponents_.data() + index(block, kv_head) * groups() * kTokenBlock;
  }
  /// The largest of all tokens.
  [[nodiscard]] std::int16_t v_max_exponent(std::size_t kv_head, std::size_t group) const;
};

/// Exact dot products of one query head with the keys of a block, per group: dots[group * 16 + token].
void dot_block_scalar(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                      std::int32_t* dots);
void dot_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                      std::int32_t* dots);

/// The same, brought to scores of the block's 16 tokens (heads of up to two groups; wider ones take the scalar way).
void score_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const QuantisedVector& q,
                        float factor, std::int32_t* dots, float* scores);
/// Probabilities of 16 scores each; returns the sum of all.
std::uint64_t probabilities_avx512(std::span<const float> scores, float largest, std::uint32_t* probabilities);
/// Weights of a block's tokens for one group: probabilities shifted to the largest exponent.
void weight_block_avx512(const std::uint32_t* probabilities, const std::int16_t* exponents, int largest,
                         std::uint32_t* weights);

/// sums[channel] = sum over tokens of weights[group of channel][token] * v; weights[group] has blocks() * 16 entries.
void value_sums_scalar(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums);
void value_sums_avx512(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums);

}  // namespace kiln::numerics
