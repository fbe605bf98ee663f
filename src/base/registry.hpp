// Things that are known by name, to which a program may add at start-up: the kinds of tiles have one such table in each
// layer. Entries are never removed or changed, so a reference to one stays good; one thread may look up while another
// adds.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kiln::base {

template <class Entry>
class Registry {
 public:
  using Row = std::pair<std::string, Entry>;
  explicit Registry(std::vector<Row> rows) {
    for (Row& row : rows) rows_.push_back(std::move(row));
  }

  /// False, and nothing changes, if the name is taken.
  [[nodiscard]] bool add(std::string name, Entry entry) {
    const std::lock_guard lock(mutex_);
    if (locked_find(name) != nullptr) return false;
    rows_.emplace_back(std::move(name), std::move(entry));
    return true;
  }
  /// Null if there is none of that name.
  [[nodiscard]] const Entry* find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return locked_find(name);
  }
  /// In the order in which they were added.
  [[nodiscard]] std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const Row& row : rows_) all.push_back(row.first);
    return all;
  }

 private:
  const Entry* locked_find(std::string_view name) const {
    for (const Row& row : rows_)
      if (row.first == name) return &row.second;
    return nullptr;
  }
  mutable std::mutex mutex_;
  std::list<Row> rows_;
};

}  // namespace kiln::base
