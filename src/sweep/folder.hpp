// The folder of workers' files beside a database. Private to the sweep module.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sweep/plan.hpp"

namespace kiln::sweep {

/// Held by one process at a time; gone when nothing in it is of use. What open() and keep_spec() made is gone too unless
/// accept() was called: a command that is refused leaves nothing.
class Folder {
 public:
  /// `exclusive`: to gather from it; shards write their own files into it at the same time.
  static base::Result<Folder> open(const std::string& database, bool exclusive);
  Folder(Folder&& other) noexcept;
  Folder& operator=(Folder&&) = delete;
  ~Folder();
  void accept();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Sorted by name.
  [[nodiscard]] std::vector<std::string> files(std::string_view ending) const;
  /// Where no file with answers is left, whoever's: what they held is in the database.
  void remove_if_empty() const;
  /// What workers read; fails where there are answers to another spec.
  [[nodiscard]] base::Status keep_spec(const std::string& canonical) const;
  /// Points of an adaptive sweep, for its workers, who cannot know them from the spec.
  [[nodiscard]] base::Status keep_points(const std::vector<Setting>& points) const;

 private:
  Folder() = default;
  void take_back() const;
  std::string path_;
  std::vector<std::string> made_;  ///< folders, innermost first
  bool is_new_lock_ = false;
  int lock_ = -1;
};

/// What keep_points() wrote into the folder.
base::Result<std::vector<Setting>> kept_points(const std::string& folder);

/// What workers wrote and nobody put into the database yet: lines whose key is that of the plan's point. All others are
/// warned of, and their file is kept as FILE.other. Files that a worker is still writing stay.
base::Status gather(const Folder& folder, const Plan& plan, Database& database,
                    const std::function<void(const std::string&)>& on_warning);

}  // namespace kiln::sweep
