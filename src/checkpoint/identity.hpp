// A name for what a checkpoint holds, wherever its files are and whenever they were written: equal names, equal
// weights. Files above kHashedWhole count by their size, their beginning and a sample of each MiB, so that naming one of
// 16 GB takes a second: a change of a few weights alone may not be seen in one that large. Seeds count by model and
// number.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/checkpoint.hpp"

namespace kiln::checkpoint {

inline constexpr std::uint64_t kHashedWhole = std::uint64_t{64} << 20;  ///< bytes of a file

/// 32 hex digits. Fails where a file cannot be read.
base::Result<std::string> identity(const Checkpoint& checkpoint);

}  // namespace kiln::checkpoint
