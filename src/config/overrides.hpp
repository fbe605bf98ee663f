// `--set POINTER=VALUE` on a JSON tree, before it is read: what an override writes is checked like the file.
#pragma once

#include <vector>

#include "config/errors.hpp"
#include "json/value.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

/// Applies `overrides` in order; those that cannot be applied are errors.
void apply_overrides(json::Value& root, const std::vector<Override>& overrides, Errors& errors);

}  // namespace kiln::config
