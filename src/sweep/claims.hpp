// The names that a sweep writes to besides those on its command line, and those that SQLite has beside a database. They are
// claimed before any work, so that no other result of the command goes there. Private to the sweep module.
#pragma once

#include <string>

#include "base/file_roles.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

struct Claims {
  base::OutputClaim database;  ///< of one that is not there yet; held as long as the sweep lasts
  base::OutputClaim script;    ///< of --emit; given back where it is written
};

/// SQLite's own files beside a database that is read or written: it takes whatever has their names for them, and away. And
/// the folder of workers' files.
base::Status claim_beside(const std::string& database);

/// A device, a pipe or a folder, which is no database; one that is not there may become one.
base::Status refuse_irregular(const std::string& database);

base::Result<Claims> claim_files(const SweepQuestion& question);

}  // namespace kiln::sweep
