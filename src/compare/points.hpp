// Points of sweeps as sides. Private to the compare module.
#pragma once

#include "compare/side.hpp"

namespace kiln::compare {

/// With its configs resolved as the sweep did, where that can still be done.
base::Result<Side> of_database_point(const std::string& database, std::uint64_t number, const std::string& name,
                                     study::Environment& environment);
/// An entry of an export: figures and what was varied, no configs.
Side of_exported_point(const std::string& name, const json::Value& point);

void add_lengths(const Design& design, Values& keys);

}  // namespace kiln::compare
