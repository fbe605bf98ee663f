// The points of a spec, in its order: which value each axis has. Grids go through the axes in the order of their names,
// the last one fastest. One seed, the same points on any machine.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sweep/spec.hpp"

namespace kiln::sweep {

/// A value for each axis of the spec, those of formulas included; null leaves what the base has.
using Setting = std::vector<json::Value>;

/// What the base has where an axis is: a number, a name or any other value; none where it has nothing.
using BaseValue = std::function<std::optional<json::Value>(const Axis& axis)>;

/// At most kMostPoints; more are refused with their number. Points that are drawn twice are there once. Of an adaptive
/// search the first batch.
base::Result<std::vector<Setting>> points_of(const Spec& spec, const BaseValue& base_value);

/// Values of formulas into settings that have those of the other axes; fails where a length is none.
base::Status complete(const Spec& spec, const BaseValue& base_value, std::vector<Setting>& settings);

}  // namespace kiln::sweep
