// The names that a sweep writes to besides those on its command line. They are claimed before any work, so that no other
// result of the command goes there. Private to the sweep module.
#pragma once

#include <vector>

#include "base/file_roles.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

struct Claims {
  std::vector<base::OutputClaim> database;  ///< and what SQLite has beside it; held as long as the sweep lasts
  base::OutputClaim script;                 ///< of --emit; given back where it is written
};

base::Result<Claims> claim_files(const SweepQuestion& question);

}  // namespace kiln::sweep
