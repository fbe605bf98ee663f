// Every N-th point of a sweep, for whatever starts programs: answers go into a file of the shard's own. Private to the
// sweep module.
#pragma once

#include "sweep/folder.hpp"
#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// question.shard says which part; `folder` is that of the workers' files. Goes on where an earlier one ended, and answers
/// nothing that is collected already. Fails where the database is another spec's.
base::Result<SweepAnswer> run_shard(const SweepQuestion& question, const Plan& plan, Folder& folder,
                                    study::Environment& environment);

}  // namespace kiln::sweep
