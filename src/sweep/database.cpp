#include "sweep/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/file_roles.hpp"
#include "json/read.hpp"
#include "sweep/claims.hpp"
#include "sweep/sqlite_words.hpp"

namespace kiln::sweep {
namespace {

constexpr const char* kSchema =
    "CREATE TABLE sweep (spec TEXT NOT NULL, revision TEXT NOT NULL);"
    "CREATE TABLE points (number INTEGER PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, key TEXT NOT NULL,"
    " vary TEXT NOT NULL, figures TEXT NOT NULL, command TEXT NOT NULL, verified INTEGER NOT NULL);"
    // Answers of points that another spec had: never on a front, and used again where the key is.
    "CREATE TABLE kept (key TEXT PRIMARY KEY, figures TEXT NOT NULL, verified INTEGER NOT NULL);"
    // Of recipes: what points have as figures too, kept for those that are still to come.
    "CREATE TABLE accuracy (key TEXT PRIMARY KEY, figures TEXT NOT NULL);";
constexpr int kPatience = 60000;  // ms: as long as somebody may read a database without disturbing who writes it

/// One prepared statement; every text is bound, never pasted.
class Statement {
 public:
  Statement(sqlite3* handle, const char* sql) {
    if (sqlite3_prepare_v2(handle, sql, -1, &statement_, nullptr) != SQLITE_OK) statement_ = nullptr;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  [[nodiscard]] bool good() const { return statement_ != nullptr; }
  void bind(int place, const std::string& text) const {
    sqlite3_bind_text(statement_, place, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void bind(int place, std::uint64_t number) const {
    sqlite3_bind_int64(statement_, place, static_cast<sqlite3_int64>(number));
  }
  /// SQLITE_ROW, SQLITE_DONE or an error.
  [[nodiscard]] int step() const { return sqlite3_step(statement_); }
  void reset() const { sqlite3_reset(statement_); }
  [[nodiscard]] std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? std::string()
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }
  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

json::Value tree_of(const std::string& text) {
  auto tree = json::read(text, 64, [](const json::Problem&) { return false; });
  return tree ? *std::move(tree) : json::Value();
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close(handle); }
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

base::Error Database::error(std::string_view doing) const {
  return {fmt::format("{}: {}: {}", path_, doing, sqlite_words(handle_.get()))};
}

base::Status Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("cannot write");
  return {};
}

base::Result<Database> Database::open(const std::string& path) {
  Database database;
  database.path_ = path;
  if (::access(path.c_str(), F_OK) != 0)
    return base::Error{path + ": no such file; the database of a sweep is expected"};
  if (auto regular = refuse_irregular(path); !regular) return regular.error();
  if (auto free = base::claim_input(path); !free) return free.error();
  if (auto own = claim_beside(path); !own) return own.error();
  sqlite3* handle = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  database.handle_.reset(handle);
  if (status != SQLITE_OK) return database.error("cannot open");
  sqlite3_busy_timeout(handle, kPatience);
  const Statement version(handle, "PRAGMA user_version");
  if (!version.good() || version.step() != SQLITE_ROW)
    return base::Error{fmt::format("{} is not the database of a sweep: {}", path, sqlite_words(handle))};
  if (version.number(0) > kDatabaseVersion)
    return base::Error{
        fmt::format("{} is of version {}; this Kiln reads version {}", path, version.number(0), kDatabaseVersion)};
  const Statement tables(handle, "SELECT spec, revision FROM sweep");
  if (version.number(0) != kDatabaseVersion || !tables.good())
    return base::Error{path + " is not the database of a sweep; a file that kiln sweep wrote is expected"};
  const Statement rows(handle, "SELECT count(*), min(number), max(number) FROM points");
  if (!rows.good() || rows.step() != SQLITE_ROW) return database.error("cannot read");
  if (rows.number(0) == 0 || rows.number(1) != 0 || rows.number(2) != rows.number(0) - 1)
    return base::Error{fmt::format("{} is damaged: it has {} points, and their numbers do not go from 0 to the last",
                                   path, rows.number(0))};
  return database;
}

base::Result<Database> Database::create(const std::string& path, const SweepRecord& record,
                                        const std::vector<Row>& points) {
  if (::access(path.c_str(), F_OK) == 0) return base::Error{path + ": there is such a file already"};
  // Whole before it has its name: a kill leaves at most a partial file, which the next one takes away.
  const auto target = base::behind_links(path);
  if (!target) return target.error();
  const auto partial = base::partial_of(*target);
  const auto discard = [&] {
    for (const char* ending : {"", "-journal"}) ::unlink((partial + ending).c_str());
  };
  discard();
  {
    Database database;
    database.path_ = path;
    sqlite3* handle = nullptr;
    const int status = sqlite3_open_v2(partial.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database.handle_.reset(handle);
    if (status != SQLITE_OK) return database.error("cannot create");
    // A kill leaves one file, not a journal beside it: this one is never rolled back.
    if (const auto good = database.run("PRAGMA journal_mode = MEMORY"); !good) return good.error();
    const auto made = database.in_transaction([&]() -> base::Status {
      if (const auto good = database.run(kSchema); !good) return good;
      if (const auto good = database.run(fmt::format("PRAGMA user_version = {}", kDatabaseVersion).c_str()); !good)
        return good;
      return database.insert(record, points);
    });
    if (!made) {
      database.handle_.reset();
      discard();
      return made.error();
    }
  }
  if (std::rename(partial.c_str(), target->c_str()) != 0) {
    const base::Error error{fmt::format("{}: cannot write: {}", path, std::strerror(errno))};
    discard();
    return error;
  }
  return open(path);
}

base::Status Database::in_transaction(const std::function<base::Status()>& work) {
  if (const auto good = run("BEGIN IMMEDIATE"); !good) return good;
  if (const auto good = work(); !good) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return good;
  }
  if (const auto good = run("COMMIT"); !good) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return good;
  }
  return {};
}

base::Status Database::insert(const SweepRecord& record, const std::vector<Row>& points) {
  const Statement spec(handle_.get(), "INSERT INTO sweep VALUES (?, ?)");
  if (!spec.good()) return error("cannot write");
  spec.bind(1, record.spec);
  spec.bind(2, record.revision);
  if (spec.step() != SQLITE_DONE) return error("cannot write");
  return insert_points(points);
}

base::Status Database::insert_points(const std::vector<Row>& points) {
  const Statement row(handle_.get(), "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!row.good()) return error("cannot write");
  for (const auto& point : points) {
    row.bind(1, point.outcome.number);
    row.bind(2, std::string(kStates[point.outcome.state]));
    row.bind(3, point.outcome.reason);
    row.bind(4, point.outcome.key);
    row.bind(5, json::write(point.vary));
    row.bind(6, json::write(point.outcome.figures));
    row.bind(7, point.command);
    row.bind(8, std::uint64_t{point.outcome.verified});
    if (row.step() != SQLITE_DONE) return error("cannot write");
    row.reset();
  }
  return {};
}

base::Status Database::append(const std::vector<Row>& points) {
  return in_transaction([&] { return insert_points(points); });
}

base::Status Database::replace(const SweepRecord& record, const std::vector<Row>& points) {
  return in_transaction([&]() -> base::Status {
    auto moved =
        run("INSERT OR REPLACE INTO kept SELECT key, figures, verified FROM points WHERE key <> '' AND figures <> '{}' "
            "AND state <> 'failed'; DELETE FROM sweep; DELETE FROM points");
    if (!moved) return moved;
    return insert(record, points);
  });
}

base::Status Database::put(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return {};
  return in_transaction([&]() -> base::Status {
    const Statement row(handle_.get(),
                        "UPDATE points SET state = ?, reason = ?, key = ?, figures = ?, verified = ? WHERE number = ?");
    if (!row.good()) return error("cannot write");
    for (const auto& outcome : outcomes) {
      row.bind(1, std::string(kStates[outcome.state]));
      row.bind(2, outcome.reason);
      row.bind(3, outcome.key);
      row.bind(4, json::write(outcome.figures));
      row.bind(5, std::uint64_t{outcome.verified});
      row.bind(6, outcome.number);
      if (row.step() != SQLITE_DONE) return error("cannot write");
      row.reset();
    }
    return {};
  });
}

base::Status Database::put_accuracy(const std::string& key, const json::Object& figures) {
  return in_transaction([&]() -> base::Status {
    const Statement row(handle_.get(), "INSERT OR IGNORE INTO accuracy VALUES (?, ?)");
    if (!row.good()) return error("cannot write");
    row.bind(1, key);
    row.bind(2, json::write(figures));
    return row.step() == SQLITE_DONE ? base::Status() : error("cannot write");
  });
}

base::Result<std::optional<json::Object>> Database::accuracy(const std::string& key) const {
  const Statement row(handle_.get(), "SELECT figures FROM accuracy WHERE key = ?");
  if (!row.good()) return error("cannot read");
  row.bind(1, key);
  const int status = row.step();
  if (status == SQLITE_DONE) return std::optional<json::Object>();
  if (status != SQLITE_ROW) return error("cannot read");
  auto figures = tree_of(row.text(0));
  if (!figures.is_object())
    return base::Error{fmt::format("{} is damaged: the accuracy {} has no figures", path_, key)};
  return std::optional(std::move(figures.object()));
}

base::Result<SweepRecord> Database::record() const {
  const Statement row(handle_.get(), "SELECT spec, revision FROM sweep");
  if (!row.good() || row.step() != SQLITE_ROW) return error("cannot read");
  return SweepRecord{row.text(0), row.text(1)};
}

base::Result<std::map<std::string, Outcome>> Database::answers() const {
  std::map<std::string, Outcome> all;
  const Statement kept(handle_.get(), "SELECT key, figures, verified FROM kept");
  if (!kept.good()) return error("cannot read");
  int status = kept.step();
  for (; status == SQLITE_ROW; status = kept.step()) {
    auto figures = tree_of(kept.text(1));
    if (figures.is_object())
      all[kept.text(0)] = {0, kept.text(0), State::Done, "", figures.object(), kept.number(2) != 0};
  }
  if (status != SQLITE_DONE) return error("cannot read");
  const auto read = for_each([&](Row&& row) {
    if (row.outcome.state != State::Failed && !row.outcome.key.empty() && !row.outcome.figures.empty())
      all[row.outcome.key] = std::move(row.outcome);
    return true;
  });
  if (!read) return read.error();
  return all;
}

base::Status Database::for_each(const std::function<bool(Row&& row)>& visit) const {
  const Statement row(
      handle_.get(), "SELECT number, state, reason, key, vary, figures, command, verified FROM points ORDER BY number");
  if (!row.good()) return error("cannot read");
  int status = row.step();
  for (; status == SQLITE_ROW; status = row.step()) {
    Row next;
    const auto state = kStates.find(row.text(1));
    auto vary = tree_of(row.text(4)), figures = tree_of(row.text(5));
    if (!state || !vary.is_object() || !figures.is_object())
      return base::Error{fmt::format("{} is damaged: point {} has no state, vary or figures", path_, row.number(0))};
    next.outcome = {row.number(0), row.text(3), *state, row.text(2), std::move(figures.object()), row.number(7) != 0};
    next.vary = std::move(vary);
    next.command = row.text(6);
    if (!visit(std::move(next))) return {};
  }
  if (status != SQLITE_DONE) return error("cannot read");
  return {};
}

}  // namespace kiln::sweep
