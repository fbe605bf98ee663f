#include "sweep/open_database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;
using Answers = std::map<std::string, Outcome>;

/// Of the databases that are to be reused.
base::Result<Answers> reused(const SweepQuestion& question) {
  Answers all;
  for (const auto& path : question.reuse) {
    const auto other = Database::open(path);
    if (!other) return other.error();
    auto answers = other->answers();
    if (!answers) return answers.error();
    all.merge(*answers);
  }
  return all;
}

/// The plan's points with what is known of the same keys.
std::vector<Row> with_answers(const Plan& plan, const Answers& known) {
  auto rows = plan.rows();
  if (known.empty()) return rows;
  for (auto& row : rows) {
    const auto number = row.outcome.number;
    const auto found = known.find(plan.resolver->key_of(number));
    if (found == known.end()) continue;
    row.outcome = found->second;
    row.outcome.number = number;
    // Another spec may have other constraints and objectives.
    judge(*plan.spec, row.outcome);
  }
  return rows;
}

}  // namespace

base::Result<Database> new_database(const SweepQuestion& question, const Plan& plan, const Folder& folder) {
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
  const auto known = reused(question);
  if (!known) return known.error();
  auto database = Database::create(question.output, plan.record, with_answers(plan, *known));
  if (!database) return database;
  if (const auto good = gather(folder, plan, *database, question.on_warning); !good) return good.error();
  return database;
}

base::Result<Database> old_database(const SweepQuestion& question, const Folder& folder,
                                    study::Environment& environment) {
  auto database = Database::open(question.output);
  if (!database) return database;
  if (folder.files(".jsonl").empty()) return database;
  const auto record = database->record();
  if (!record) return record.error();
  const auto plan = plan_of(record->spec, question.output, environment);
  if (!plan) return plan.error();
  if (const auto good = gather(folder, *plan, *database, question.on_warning); !good) return good.error();
  return database;
}

base::Result<Database> database_of(const SweepQuestion& question, const Plan& plan, const Folder& folder,
                                   study::Environment& environment) {
  if (!fs::exists(question.output)) return new_database(question, plan, folder);
  if (!question.resume && !question.extend)
    return base::Error{question.output +
                       ": there is such a file already; --resume goes on with it, --extend takes another spec's points "
                       "in"};
  auto database = old_database(question, folder, environment);
  if (!database) return database;
  const auto record = database->record();
  if (!record) return record.error();
  if (*record == plan.record) return database;
  if (question.extend) {
    auto known = database->answers();
    if (!known) return known.error();
    auto others = reused(question);
    if (!others) return others.error();
    known->merge(*others);
    if (const auto good = database->replace(plan.record, with_answers(plan, *known)); !good) return good.error();
    return database;
  }
  if (record->spec != plan.record.spec)
    return base::Error{fmt::format("{}: the spec has changed at {}; --extend takes the new points in", question.output,
                                   fmt::join(changed(record->spec, plan.record.spec), ", "))};
  return base::Error{fmt::format("{} was answered by Kiln {}, this is {}; --extend answers again what may differ",
                                 question.output, record->revision, plan.record.revision)};
}

}  // namespace kiln::sweep
