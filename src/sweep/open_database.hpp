// Which database a sweep goes on with: a new one, or the one that is there, with what workers have left beside it. Private
// to the sweep module.
#pragma once

#include "sweep/folder.hpp"
#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// By their keys, of this database, if there is one, and of those that are to be reused.
base::Result<std::map<std::string, Outcome>> known_answers(const SweepQuestion& question, const Database* own);

base::Result<Database> new_database(const SweepQuestion& question, const Plan& plan, const Folder& folder);
/// An old database with what its own workers left.
base::Result<Database> old_database(const SweepQuestion& question, const Folder& folder,
                                    study::Environment& environment);
/// As --resume and --extend say; refuses what would lose answers.
base::Result<Database> database_of(const SweepQuestion& question, const Plan& plan, const Folder& folder,
                                   study::Environment& environment);

}  // namespace kiln::sweep
