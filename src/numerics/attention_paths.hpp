// The attention unit's integer sums over one KV head, and how the KV cache is in memory. The scalar functions are the
// definition; the others give the same integers and floats.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

inline constexpr std::size_t kTokenBlock = 16;  ///< tokens that are stored side by side
inline constexpr std::size_t kCacheLine = 64;   ///< of most hosts
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
  /// The block so many further on, or the last: to ask memory for, as those of a KV head lie apart.
  [[nodiscard]] std::size_t ahead(std::size_t block, std::size_t by) const {
    return std::min(block + by, blocks() - 1);
  }
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

/// Blocks of tokens whose values all query heads of a KV head meet before the next ones: they stay in the cache, and an
/// INT32 holds what the vector paths sum over them.
inline constexpr std::size_t kChunkBlocks = 32;
inline constexpr std::size_t kChunkTokens = kChunkBlocks * kTokenBlock;
/// At most kChunkBlocks blocks, and the place of a head among those that meet them: each asks memory for its share of
/// the next chunk's values, kTokenBlock / 4 lines of each line of channels.
struct ValueChunk {
  std::size_t first, last;
  std::size_t head, heads;
};

/// One way of doing attention's steps over one KV head. The scalar one is the definition.
struct AttentionPath {
  /// Exact dot products of one query head with the keys of a block, per group: dots[group * 16 + token].
  void (*dot_block)(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                    std::int32_t* dots);
  /// Of these, the scores of the block's 16 tokens; for heads of up to kScoreGroups groups.
  void (*score_block)(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const QuantisedVector& q,
                      float factor, const std::int32_t* dots, float* scores);
  float (*largest)(std::span<const float> scores);
  /// One probability for each score; returns the sum of all.
  std::uint64_t (*probabilities)(std::span<const float> scores, float largest, std::uint32_t* probabilities);
  /// Weights of a block's tokens for one group: probabilities shifted to the largest exponent.
  void (*weight_block)(const std::uint32_t* probabilities, const std::int16_t* exponents, int largest,
                       std::uint32_t* weights);
  /// sums[channel] += sum over the blocks' tokens of weights[group of channel * kChunkTokens + token] * v
  void (*value_sums)(const KvBlocks& kv, std::size_t kv_head, ValueChunk blocks, const std::uint32_t* weights,
                     std::int64_t* sums);
  /// out[i] = sums[i] * inverse * 2^exponent, rounded once; inverse as reciprocal() gives it.
  void (*divide)(std::span<const std::int64_t> sums, std::uint64_t inverse, int exponent, float* out);
};
float largest_avx2(std::span<const float> scores);
float largest_avx512(std::span<const float> scores);
/// That of the vector paths: element by element, too, but by the host's conversions.
void divide_by_conversion(std::span<const std::int64_t> sums, std::uint64_t inverse, int exponent, float* out);

inline constexpr std::size_t kScoreGroups = 2;  ///< that the vector paths sum in 32 bits; the scalar one takes any

extern const AttentionPath kAttentionScalar;
#if defined(__x86_64__)
extern const AttentionPath kAttentionAvx2, kAttentionAvx512;
#endif

}  // namespace kiln::numerics
