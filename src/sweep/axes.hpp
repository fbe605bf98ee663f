// The axes of a spec: what `vary` says, checked against the keys that configs have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sweep/spec.hpp"

namespace kiln::sweep {

inline constexpr std::uint64_t kMostPoints = 1000000;

/// Uses what else the spec says: its links, its method, what its base sets.
base::Result<std::vector<Axis>> read_axes(const json::Value& vary, const std::string& file, const Spec& spec);

/// The value that a share of an axis, in [0, 1), means.
json::Value value_at(const Axis& axis, double share);

}  // namespace kiln::sweep
