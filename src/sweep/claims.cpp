#include "sweep/claims.hpp"

#include <filesystem>

#include "sweep/plan.hpp"

namespace kiln::sweep {

namespace fs = std::filesystem;

base::Result<Claims> claim_files(const SweepQuestion& question) {
  Claims claims;
  const auto& database = question.output;
  const auto target = base::behind_links(database);
  if (!target) return target.error();
  // A database that is there is an input as long as it is read, and SQLite's own as long as it is written.
  std::error_code ignored;
  if (fs::exists(*target, ignored)) {
    if (auto free = base::claim_input(database); !free) return free.error();
  } else {
    auto claim = base::OutputClaim::make(database);
    if (!claim) return claim.error();
    claims.database.push_back(*std::move(claim));
  }
  auto journal = base::OutputClaim::make(*target + "-journal");
  if (!journal) return journal.error();
  claims.database.push_back(*std::move(journal));
  // These are claimed again whenever they are written. A task of a job array has the folder's spec as its own.
  for (const char* name : {"/lock", "/spec.json", "/points.json"}) {
    const auto file = parts_of(database) + name;
    if (fs::equivalent(file, question.spec, ignored)) continue;
    if (const auto claim = base::OutputClaim::make(file, true); !claim) return claim.error();
  }
  if (!question.emit) return claims;
  auto script = base::OutputClaim::make(database + ".sbatch");
  if (!script) return script.error();
  claims.script = *std::move(script);
  return claims;
}

}  // namespace kiln::sweep
