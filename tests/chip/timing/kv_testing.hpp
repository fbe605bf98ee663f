// A chip by its KV cache, and what reads of it cost by the shape of their requests.
#pragma once

#include <cstdint>

#include "chip/timing/kv_sram.hpp"
#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {

/// 2 KV heads of 64 in words of 16 bytes: rows of 4 words, tokens of 8.
inline program::Placement place(std::uint32_t banks, std::uint32_t ports, std::uint32_t pad, std::uint32_t tokens,
                                std::uint32_t heads) {
  return placed([&](config::ModelConfig&, config::ChipConfig& c) {
    c.kv = {banks, ports, 16, 4096, 3, 2, pad};
    c.attention = {64, heads, tokens, 8, 32, 10, 11, 12, 13};
  });
}
inline ReadCost by_shape(const program::Placement& placement, std::uint64_t context) {
  return KvReads(placement).phase(context);
}

}  // namespace kiln::chip
