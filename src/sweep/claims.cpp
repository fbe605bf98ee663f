#include "sweep/claims.hpp"

#include <filesystem>

#include "sweep/plan.hpp"

namespace kiln::sweep {

namespace fs = std::filesystem;

base::Status claim_beside(const std::string& database) {
  const auto target = base::behind_links(database);
  if (!target) return target.error();
  for (const char* ending : {"-journal", "-wal", "-shm"})
    if (const auto own = base::reserve(*target + ending); !own) return own;
  const auto parts = parts_of(database);
  return base::refuse_outputs_in(parts, parts + " is for the sweep's own files, which it removes");
}

base::Status refuse_irregular(const std::string& database) {
  std::error_code ignored;
  const auto type = fs::status(database, ignored).type();
  if (type == fs::file_type::regular || type == fs::file_type::not_found || type == fs::file_type::none) return {};
  return base::Error{database + " is not a regular file; the database of a sweep is expected"};
}

namespace {

/// What workers and shards wrote so far.
base::Status claim_answers(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto path = entry.path().string(), name = entry.path().filename().string();
    const bool accuracy = name.starts_with("accuracy-") && name.ends_with(".json");
    if (!accuracy && !name.ends_with(".jsonl")) continue;
    const auto role = accuracy ? base::FileRole::Rewritten : base::FileRole::Input;
    if (auto free = base::claim_input(path, role); !free) return free;
  }
  return {};
}

}  // namespace

base::Result<Claims> claim_files(const SweepQuestion& question) {
  Claims claims;
  const auto& database = question.output;
  const auto target = base::behind_links(database);
  if (!target) return target.error();
  if (const auto regular = refuse_irregular(database); !regular) return regular.error();
  // A database that is there is an input as long as it is read.
  std::error_code ignored;
  if (fs::exists(*target, ignored)) {
    if (auto free = base::claim_input(database); !free) return free.error();
  } else {
    auto claim = base::OutputClaim::make(database);
    if (!claim) return claim.error();
    claims.database = *std::move(claim);
    // Of a file that Database::create() takes away with the partial one.
    if (const auto own = base::reserve(base::partial_of(*target) + "-journal"); !own) return own.error();
  }
  if (const auto read = claim_answers(parts_of(database)); !read) return read.error();
  for (const auto& other : question.reuse) {
    if (const auto own = claim_beside(other); !own) return own.error();
    if (const auto free = base::claim_input(other); !free) return free.error();
  }
  // These are claimed again whenever they are written. A task of a job array has the folder's spec as its own.
  for (const char* name : {"/lock", "/spec.json", "/points.json"}) {
    const auto file = parts_of(database) + name;
    if (fs::equivalent(file, question.spec, ignored)) continue;
    if (const auto claim = base::OutputClaim::make(file, true); !claim) return claim.error();
  }
  if (const auto own = claim_beside(database); !own) return own.error();
  if (!question.emit) return claims;
  auto script = base::OutputClaim::make(database + ".sbatch");
  if (!script) return script.error();
  claims.script = *std::move(script);
  return claims;
}

}  // namespace kiln::sweep
