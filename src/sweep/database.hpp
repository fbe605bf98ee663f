// The answers of a sweep in one SQLite file (docs/sweep.md has its tables). One process writes it; workers write files of
// lines (worker_file.hpp), so that no database is shared.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "sweep/outcome.hpp"

struct sqlite3;

namespace kiln::sweep {

inline constexpr int kDatabaseVersion = 1;  ///< PRAGMA user_version

struct SweepRecord {
  std::string spec;      ///< Spec::canonical
  std::string revision;  ///< of the Kiln that answers
  bool operator==(const SweepRecord&) const = default;
};

struct Row {
  Outcome outcome;
  json::Value vary;  ///< an object: axis -> value
  std::string command;
};

class Database {
 public:
  /// A file that is none of Kiln's, or of another version, is refused.
  static base::Result<Database> open(const std::string& path);
  /// A new file with all points, none of them answered. Fails where there is a file. Claims of the name are the
  /// caller's (claims.hpp).
  static base::Result<Database> create(const std::string& path, const SweepRecord& record,
                                       const std::vector<Row>& points);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  [[nodiscard]] base::Result<SweepRecord> record() const;
  /// All at once or none.
  base::Status put(const std::vector<Outcome>& outcomes);
  /// More points, after those there are: at once.
  base::Status append(const std::vector<Row>& points);
  /// Another spec's points in place of those there are, whose answers are kept: at once.
  base::Status replace(const SweepRecord& record, const std::vector<Row>& points);
  /// All answers with figures by their keys, those of points that another spec had too.
  [[nodiscard]] base::Result<std::map<std::string, Outcome>> answers() const;
  /// What was measured of a recipe, by its key (accuracy_key.hpp); what is there stays.
  base::Status put_accuracy(const std::string& key, const json::Object& figures);
  [[nodiscard]] base::Result<std::optional<json::Object>> accuracy(const std::string& key) const;
  /// In the order of numbers, until `visit` says false. Fails at a row that Kiln did not write.
  base::Status for_each(const std::function<bool(Row&& row)>& visit) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Database() = default;
  [[nodiscard]] base::Error error(std::string_view doing) const;
  base::Status run(const char* sql);
  base::Status insert(const SweepRecord& record, const std::vector<Row>& points);
  base::Status insert_points(const std::vector<Row>& points);
  base::Status in_transaction(const std::function<base::Status()>& work);

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
};

}  // namespace kiln::sweep
