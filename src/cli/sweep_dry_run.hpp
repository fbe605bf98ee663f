// What `kiln sweep --dry-run` prints: how many points, why some are no chip, how long all would take. Private to the cli
// module.
#pragma once

#include <string>

#include "sweep/sweep.hpp"

namespace kiln::cli {

/// For people.
std::string dry_text(const sweep::DryRun& dry);
/// For programs.
std::string dry_json(const sweep::DryRun& dry);

}  // namespace kiln::cli
