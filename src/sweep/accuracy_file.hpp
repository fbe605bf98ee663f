// What was measured of a recipe, as a file in the folder of workers' files: whole or not there, and the same for all
// shards, since the first to write it wins. Private to the sweep module.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json/value.hpp"
#include "kiln/base/result.hpp"

namespace kiln::sweep {

/// Nothing where there is no such file, or none that Kiln wrote.
std::optional<json::Object> stored_accuracy(const std::string& folder, const std::string& key);
/// The figures that hold from then on: these, or those of whoever was first.
base::Result<json::Object> store_accuracy(const std::string& folder, const std::string& key, json::Object figures);
/// All in the folder, by key.
std::vector<std::pair<std::string, json::Object>> stored_accuracies(const std::string& folder);

/// Images that killed processes left in the folder.
void remove_left_images(const std::string& folder);

/// The right to measure a recipe, of one process at a time, and gone with it. Where the file system has no locks two may
/// measure the same, which costs time alone.
class AccuracyTurn {
 public:
  /// Nothing while another process has it.
  static std::optional<AccuracyTurn> take(const std::string& folder, const std::string& key);
  AccuracyTurn(AccuracyTurn&& other) noexcept;
  AccuracyTurn& operator=(AccuracyTurn&&) = delete;
  /// Removes the image.
  ~AccuracyTurn();

  /// Where the recipe may be baked into.
  [[nodiscard]] const std::string& image() const { return image_; }

 private:
  AccuracyTurn() = default;
  std::string image_;
  int lock_ = -1;
};

}  // namespace kiln::sweep
