// The vector unit's and attention unit's arithmetic, formula by formula in docs/numerics.md. Pure functions on spans;
// no clock. Elements are binary32, rounded to nearest even, subnormals flushed to zero, results beyond the largest
// finite value held there. Sums over a dimension that a chip parameter can split are exact integer sums. No libm:
// tables and polynomials. With any `simd` that the host has,
// the same bits; Simd::Scalar is the definition.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "numerics/matrix.hpp"

namespace kiln::numerics {

/// Largest power of two, at most 64, that divides `width`: the block of the Walsh-Hadamard transform.
std::size_t hadamard_block(std::size_t width);

/// What enters a matrix: Hadamard in blocks of `block` (1: none), then INT8 with one scale of step * 2^exponent per 64
/// elements, step 4...7.
void quantise_input(std::span<const float> x, std::size_t block, QuantisedVector& out, Simd simd = best_simd());

/// What attention stores and compares: the same with a power of two as scale (steps are 1).
void quantise(std::span<const float> x, std::size_t block, QuantisedVector& out, Simd simd = best_simd());

/// out = x * rsqrt(mean(x^2) + eps) * gamma
void rms_norm(std::span<const float> x, std::span<const float> gamma, float eps, std::span<float> out,
              Simd simd = best_simd());

/// x += y
void add(std::span<float> x, std::span<const float> y, Simd simd = best_simd());

/// out = silu(gate) * up
void silu_multiply(std::span<const float> gate, std::span<const float> up, std::span<float> out,
                   Simd simd = best_simd());

/// Phase increments of RoPE, one per pair: fraction of a turn per position, times 2^64. Made by the baker, stored in
/// the image. `factors` divides the frequencies (empty: none).
std::vector<std::uint64_t> rope_increments(std::size_t head_dim, double theta, std::span<const double> factors);
/// What all heads of all layers turn by at `position`: head_dim floats, first the cosines of all pairs, then the sines.
void rope_turns(std::span<const std::uint64_t> increments, std::uint64_t position, std::span<float> turns);
/// Rotates one head in place (rotate-half: element i with i + head_dim / 2).
void rope(std::span<float> head, std::span<const float> turns, Simd simd = best_simd());

/// One embedding row: codebook[code] * scale, an exact integer, times the row scale, rounded once.
void embedding_row(const MatrixView& table, std::uint32_t row, std::span<float> out);

/// Index of the largest logit; the lowest index of equals.
std::uint32_t argmax(std::span<const float> logits);

/// log2(e) / (n * sqrt(head_dim)), n the Hadamard block: makes scores exponents of two.
float score_factor(std::size_t head_dim);

/// The KV cache of one layer as the chip's SRAM holds it: INT8 codes and exponents per 64 elements of a head (and the
/// rest). Memory grows with the tokens, 16 at a time.
class KvStore {
 public:
  /// capacity_tokens at most 2^24: the bound of the sums over tokens.
  KvStore(std::size_t kv_heads, std::size_t head_dim, std::size_t capacity_tokens);
  [[nodiscard]] std::size_t tokens() const { return tokens_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t kv_heads() const { return kv_heads_; }
  [[nodiscard]] std::size_t head_dim() const { return head_dim_; }
  void clear();
  /// Leaves the first `tokens` tokens, as if no other had ever been appended. tokens <= tokens().
  void truncate(std::size_t tokens);
  /// Quantises (k after RoPE and with its Hadamard, v unchanged: the weights have its transform) and appends one token.
  /// k, v: kv_heads * head_dim floats. A bug when full.
  void append(std::span<const float> k, std::span<const float> v, Simd simd = best_simd());
  /// The same in two steps, for many tokens: room for `tokens` more (a bug beyond the capacity), then each of them, in
  /// any order and by several threads; `scratch` is one thread's own.
  void extend(std::size_t tokens);
  void set(std::size_t token, std::span<const float> k, std::span<const float> v, QuantisedVector& scratch,
           Simd simd = best_simd());

 private:
  friend struct KvBlocks;  // the attention unit's view of the memory
  std::size_t kv_heads_, head_dim_, capacity_, tokens_ = 0;
  float score_factor_ = 0;
  void resize_blocks(std::size_t blocks);
  // [block of 16 tokens][kv head][...]: k as [4 channels][token][channel of 4], codes + 128; v as [4
  // tokens][channel][token of 4].
  std::vector<std::uint8_t> k_codes_;
  std::vector<std::int8_t> v_codes_;
  std::vector<std::int16_t> k_exponents_, v_exponents_;  ///< [block of 16 tokens][kv head][group][token]
  QuantisedVector scratch_;
};

/// out = softmax(q k / sqrt(head_dim)) v for `heads` query heads over all tokens in the store; q after RoPE, heads *
/// head_dim floats; out likewise, in the value's transformed basis. heads is a multiple of the store's kv_heads. All
/// paths give the same bits.
void attend(const KvStore& kv, std::span<const float> q, std::size_t heads, std::span<float> out,
            Simd simd = best_simd());

/// What one caller of attend_heads() keeps from call to call.
struct AttentionBuffers {
  std::vector<QuantisedVector> q;
  std::vector<float> scores;
  std::vector<std::uint32_t> probabilities, weights;
  std::vector<std::int32_t> dots;
  std::vector<std::int64_t> sums;
  std::vector<std::uint64_t> totals;
  std::vector<std::int16_t> v_max_exponents;
};
/// The same over the first `tokens` tokens, as if there were no others, for the query heads that belong to KV heads
/// [first_kv_head, last_kv_head) alone; the rest of out stays.
void attend_heads(const KvStore& kv, std::size_t tokens, std::span<const float> q, std::size_t heads,
                  std::size_t first_kv_head, std::size_t last_kv_head, std::span<float> out, AttentionBuffers& buffers,
                  Simd simd = best_simd());

}  // namespace kiln::numerics
