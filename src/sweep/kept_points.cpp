// Points of an adaptive sweep, as its folder keeps them for workers.
#include "base/mapped_file.hpp"
#include "json/read.hpp"
#include "sweep/folder.hpp"

namespace kiln::sweep {

base::Result<std::vector<Setting>> kept_points(const std::string& folder) {
  const auto file = folder + "/points.json";
  const auto text = base::read_text_file(file);
  if (!text) return text.error();
  const auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
  if (!tree || !tree->is_array()) return base::Error{file + " has no points of a sweep"};
  std::vector<Setting> points;
  for (const auto& setting : tree->array()) {
    if (!setting.is_array()) return base::Error{file + " has no points of a sweep"};
    points.push_back(setting.array());
  }
  return points;
}

}  // namespace kiln::sweep
