#include "kiln/base/result.hpp"
#include "numerics/attention_paths.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::numerics {

KvStore::KvStore(std::size_t kv_heads, std::size_t head_dim, std::size_t capacity_tokens)
    : kv_heads_(kv_heads), head_dim_(head_dim), capacity_(capacity_tokens) {
  base::check(kv_heads != 0 && head_dim != 0 && head_dim <= kMaxColumns && kv_heads <= kMaxColumns &&
                  capacity_tokens <= std::size_t{1} << 24,
              "KvStore: heads, their width or the capacity are out of range");
  clear();
}

void KvStore::clear() {
  tokens_ = 0;
  k_codes_.clear();
  v_codes_.clear();
  k_exponents_.clear();
  v_exponents_.clear();
  v_max_exponents_.assign(kv_heads_ * KvBlocks(*this).groups(), kZeroExponent);
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
  std::ranges::fill(v_max_exponents_, kZeroExponent);
  for (std::size_t block = 0; block < view.blocks(); ++block) {
    for (std::size_t head = 0; head < kv_heads_; ++head) {
      for (std::size_t i = 0; i < groups * kTokenBlock; ++i) {
        std::int16_t& largest = v_max_exponents_[head * groups + i / kTokenBlock];
        largest = std::max(largest, view.v_exponents(block, head)[i]);
      }
    }
  }
}

void KvStore::append(std::span<const float> k, std::span<const float> v) {
  base::check(k.size() == kv_heads_ * head_dim_ && v.size() == k.size(),
              "KvStore: k and v must be kv_heads * head_dim");
  base::check(tokens_ < capacity_, "KvStore: full");
  const KvBlocks view(*this);
  const std::size_t groups = view.groups();
  const std::size_t channels = view.channels();
  const std::size_t block = tokens_ / kTokenBlock;
  const std::size_t token = tokens_ % kTokenBlock;
  if (token == 0) resize_blocks(block + 1);
  for (std::size_t head = 0; head < kv_heads_; ++head) {
    const std::size_t cell = view.index(block, head) * kTokenBlock;
    quantise(k.subspan(head * head_dim_, head_dim_), hadamard_block(head_dim_), scratch_);
    for (std::size_t i = 0; i < head_dim_; ++i) {
      k_codes_[cell * channels + i / 4 * 64 + token * 4 + i % 4] = static_cast<std::uint8_t>(scratch_.codes[i] + 128);
    }
    for (std::size_t g = 0; g < groups; ++g)
      k_exponents_[cell * groups + g * kTokenBlock + token] = scratch_.exponents[g];
    quantise(v.subspan(head * head_dim_, head_dim_), 1, scratch_);
    for (std::size_t i = 0; i < head_dim_; ++i) {
      v_codes_[cell * channels + (token / 4 * channels + i) * 4 + token % 4] = scratch_.codes[i];
    }
    for (std::size_t g = 0; g < groups; ++g) {
      v_exponents_[cell * groups + g * kTokenBlock + token] = scratch_.exponents[g];
      std::int16_t& largest = v_max_exponents_[head * groups + g];
      largest = std::max(largest, scratch_.exponents[g]);
    }
  }
  ++tokens_;
}

}  // namespace kiln::numerics
