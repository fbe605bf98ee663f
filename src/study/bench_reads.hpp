// The plain read, and the kernels that are held against it. Private to the study module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "numerics/matrix.hpp"
#include "study/bench_rounds.hpp"

namespace kiln::study {

/// The sum of the 64-bit words (a rest of fewer than 8 bytes is left out), by as many threads as the pool has.
std::uint64_t plain_read(std::span<const std::byte> bytes, base::ThreadPool& pool);

/// The fastest of several passes of the plain read of `bytes`, which outlive the lane.
BenchLane read_lane(std::string name, std::string what, std::span<const std::byte> bytes, base::ThreadPool& pool);

/// Memory whose bytes are codes of any width.
struct KernelSizes {
  std::uint64_t mib = 64;
  std::uint64_t window_mib = 64;  ///< that a product takes
};
/// Refuses more than half of the computer's memory (0: not known).
base::Status fits_memory(const KernelSizes& sizes, std::uint64_t memory_bytes);
/// A plain read of all of the memory, then for each code width and each of the vector widths the product of one vector
/// with a window of it, which moves on from product to product: what one reads was read longer ago than all else. The
/// memory is theirs.
std::vector<BenchLane> kernel_lanes(const KernelSizes& sizes, const std::vector<std::string>& widths,
                                    base::ThreadPool& pool);

}  // namespace kiln::study
