#include "numerics/attention_paths.hpp"
namespace kiln::numerics {
void dot_block_avx512(const KvBlocks& kv, std::size_t block, std::size_t kv_head, const std::int8_t* q,
                      std::int32_t* dots) {
  dot_block_scalar(kv, block, kv_head, q, dots);
}
void value_sums_avx512(const KvBlocks& kv, std::size_t kv_head, std::span<const std::uint32_t> weights,
                       std::int64_t* sums) {
  value_sums_scalar(kv, kv_head, weights, sums);
}
}  // namespace kiln::numerics
