// Every N-th point of a sweep, for whatever starts programs: answers go into a file of the shard's own. Private to the
// sweep module.
#pragma once

#include <string>

#include "sweep/plan.hpp"
#include "sweep/sweep.hpp"

namespace kiln::sweep {

/// question.shard says which part; `folder` is that of the workers' files. Goes on where an earlier one ended.
base::Result<SweepAnswer> run_shard(const SweepQuestion& question, const Plan& plan, const std::string& folder,
                                    study::Environment& environment);

}  // namespace kiln::sweep
