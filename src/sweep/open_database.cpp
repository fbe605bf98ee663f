#include "sweep/open_database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;
using Answers = std::map<std::string, Outcome>;

}  // namespace

base::Result<Answers> known_answers(const SweepQuestion& question, const Database* own) {
  Answers all;
  if (own != nullptr) {
    auto answers = own->answers();
    if (!answers) return answers.error();
    all = *std::move(answers);
  }
  for (const auto& path : question.reuse) {
    const auto other = Database::open(path);
    if (!other) return other.error();
    auto answers = other->answers();
    if (!answers) return answers.error();
    all.merge(*answers);
  }
  return all;
}

base::Result<Database> new_database(const SweepQuestion& question, const Plan& plan, const Folder& folder) {
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
  const auto known = known_answers(question, nullptr);
  if (!known) return known.error();
  auto database = Database::create(question.output, plan.record, plan.rows(*known));
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
  auto plan = plan_of(record->spec, question.output, environment);
  if (!plan) return plan.error();
  if (const auto taken = plan->take_points(*database); !taken) return taken.error();
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
    const auto known = known_answers(question, &*database);
    if (!known) return known.error();
    if (const auto good = database->replace(plan.record, plan.rows(*known)); !good) return good.error();
    return database;
  }
  if (record->spec != plan.record.spec)
    return base::Error{fmt::format("{}: the spec has changed at {}; --extend takes the new points in", question.output,
                                   fmt::join(changed(record->spec, plan.record.spec), ", "))};
  return base::Error{fmt::format("{} was answered by Kiln {}, this is {}; --extend answers again what may differ",
                                 question.output, record->revision, plan.record.revision)};
}

}  // namespace kiln::sweep
