#include <array>

#include "kiln/base/result.hpp"
#include "numerics/attention_paths.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

KvStore::KvStore(std::size_t kv_heads, std::size_t head_dim, std::size_t capacity_tokens)
    : kv_heads_(kv_heads), head_dim_(head_dim), capacity_(capacity_tokens) {
  base::check(kv_heads != 0 && head_dim != 0 && head_dim <= kMaxColumns && kv_heads <= kMaxColumns &&
                  capacity_tokens <= std::size_t{1} << 24,
              "KvStore: heads, their width or the capacity are out of range");
  score_factor_ = score_factor(head_dim);
}

void KvStore::clear() {
  tokens_ = 0;
  k_codes_.clear();
  v_codes_.clear();
  k_exponents_.clear();
  v_exponents_.clear();
}

void KvStore::resize_blocks(std::size_t blocks) {
  const KvBlocks view(*this);
  const std::size_t cells = blocks * kv_heads_ * kTokenBlock;
  k_codes_.resize(cells * view.channels(), 128);
  v_codes_.resize(cells * view.channels(), 0);
  k_exponents_.resize(cells * view.groups(), kZeroExponent);
  v_exponents_.resize(cells * view.groups(), kZeroExponent);
}

void KvStore::truncate(std::size_t tokens) {
  base::check(tokens <= tokens_, "KvStore: truncated to more tokens than it has");
  if (tokens == tokens_) return;
  const KvBlocks view(*this);
  const std::size_t groups = view.groups();
  const std::size_t channels = view.channels();
  tokens_ = tokens;
  resize_blocks(view.blocks());
  const std::size_t left = tokens % kTokenBlock;  // of the last block; the rest of it is as it was made
  for (std::size_t head = 0; left > 0 && head < kv_heads_; ++head) {
    const std::size_t cell = view.index(tokens / kTokenBlock, head) * kTokenBlock;
    for (std::size_t token = left; token < kTokenBlock; ++token) {
      for (std::size_t i = 0; i < channels; ++i) {
        k_codes_[cell * channels + i / 4 * 64 + token * 4 + i % 4] = 128;
        v_codes_[cell * channels + (token / 4 * channels + i) * 4 + token % 4] = 0;
      }
      for (std::size_t g = 0; g < groups; ++g) {
        k_exponents_[cell * groups + g * kTokenBlock + token] = kZeroExponent;
        v_exponents_[cell * groups + g * kTokenBlock + token] = kZeroExponent;
      }
    }
  }
}

void KvStore::append(std::span<const float> k, std::span<const float> v, Simd simd) {
  extend(1);
  set(tokens_ - 1, k, v, scratch_, simd);
}

void KvStore::extend(std::size_t tokens) {
  base::check(tokens <= capacity_ - tokens_, "KvStore: full");
  tokens_ += tokens;
  resize_blocks(KvBlocks(*this).blocks());
}

void KvStore::set(std::size_t token, std::span<const float> k, std::span<const float> v, QuantisedVector& scratch,
                  Simd simd) {
  base::check(k.size() == kv_heads_ * head_dim_ && v.size() == k.size(),
              "KvStore: k and v must be kv_heads * head_dim");
  base::check(token < tokens_, "KvStore: a token that there is no room for");
  const KvBlocks view(*this);
  const std::size_t groups = view.groups();
  const std::size_t channels = view.channels();
  const std::size_t lane = token % kTokenBlock;
  for (std::size_t head = 0; head < kv_heads_; ++head) {
    const std::size_t cell = view.index(token / kTokenBlock, head) * kTokenBlock;
    const auto put = [&](std::int16_t* exponents) {
      for (std::size_t g = 0; g < groups; ++g) exponents[cell * groups + g * kTokenBlock + lane] = scratch.exponents[g];
    };
    quantise(k.subspan(head * head_dim_, head_dim_), hadamard_block(head_dim_), scratch, simd);
    for (std::size_t i = 0; i < head_dim_; ++i) {
      k_codes_[cell * channels + i / 4 * 64 + lane * 4 + i % 4] = static_cast<std::uint8_t>(scratch.codes[i] + 128);
    }
    put(k_exponents_.data());
    quantise(v.subspan(head * head_dim_, head_dim_), 1, scratch, simd);
    for (std::size_t i = 0; i < head_dim_; ++i) {
      v_codes_[cell * channels + (lane / 4 * channels + i) * 4 + lane % 4] = scratch.codes[i];
    }
    put(v_exponents_.data());
  }
}

std::int16_t KvBlocks::v_max_exponent(std::size_t kv_head, std::size_t group) const {
  std::array<std::int16_t, kTokenBlock> largest;
  largest.fill(kZeroExponent);
  const auto include = [&](std::size_t block, std::size_t count) {
    const std::int16_t* exponents = v_exponents(block, kv_head) + group * kTokenBlock;
    for (std::size_t t = 0; t < count; ++t) largest[t] = std::max(largest[t], exponents[t]);
  };
  for (std::size_t block = 0; block < tokens / kTokenBlock; ++block) include(block, kTokenBlock);
  if (tokens % kTokenBlock != 0) include(tokens / kTokenBlock, tokens % kTokenBlock);
  return *std::ranges::max_element(largest);
}

}  // namespace kiln::numerics
