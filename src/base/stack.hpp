// The stack of the main thread and of those that are made later.
#pragma once

#include <cstdint>

namespace kiln::base {

/// Raises the soft limit to `bytes`, or as far as the hard limit lets it; a higher one stays. Returns what the main
/// thread may use now. Threads that are made later have as much as glibc gives where nothing is limited, at least.
std::uint64_t raise_stack_limit(std::uint64_t bytes);

}  // namespace kiln::base
