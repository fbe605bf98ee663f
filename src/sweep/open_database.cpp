#include "sweep/open_database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>

namespace kiln::sweep {
namespace {

namespace fs = std::filesystem;
using Answers = std::map<std::string, Outcome>;

/// Whether the rows have the plan's points: axes may begin from numbers of a config, which may have changed.
base::Result<bool> has_points(const Database& database, const Plan& plan) {
  const auto count = plan.resolver->points().size();
  std::uint64_t rows = 0;
  const auto read = database.for_each([&](Row&& row) {
    // As written: what is read again may be of another type of numbers.
    const bool same = rows < count && json::write(row.vary) == json::write(plan.vary(rows));
    rows += same ? 1 : count + 1;
    return same;
  });
  if (!read) return read.error();
  return rows == count;
}

base::Error refused(const SweepRecord& record, const Plan& plan, const std::string& database) {
  if (record.spec != plan.record.spec)
    return {fmt::format("{}: the spec has changed at {}; --extend takes the new points in", database,
                        fmt::join(changed(record.spec, plan.record.spec), ", "))};
  return {fmt::format("{} was answered by Kiln {}, this is {}; --extend answers again what may differ", database,
                      record.revision, plan.record.revision)};
}

/// The plan's points in place of those there are, with what is known of them.
base::Status take_points_of(const Plan& plan, const SweepQuestion& question, Database& database) {
  const auto known = known_answers(question, &database);
  if (!known) return known.error();
  return database.replace(plan.record, plan.rows(*known));
}

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
  const auto known = known_answers(question, nullptr);
  if (!known) return known.error();
  if (const auto kept = folder.keep_spec(plan.spec->canonical); !kept) return kept.error();
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
  if (*record == plan.record) {
    // An adaptive sweep's points are those that its database has.
    if (plan.spec->sample.method == Method::Adaptive) return database;
    const auto same = has_points(*database, plan);
    if (!same) return same.error();
    if (*same) return database;
    if (question.on_warning)
      question.on_warning(question.output +
                          ": the values of its axes have changed with the configs since; points are "
                          "answered again where they have no answer");
  } else if (!question.extend) {
    return refused(*record, plan, question.output);
  }
  if (const auto good = take_points_of(plan, question, *database); !good) return good.error();
  return database;
}

}  // namespace kiln::sweep
