// Files that the commands of a baseline read: what they name, and what those name in their turn.
#include <set>

#include "base/file_roles.hpp"
#include "base/mapped_file.hpp"
#include "gate/arguments.hpp"
#include "gate/check.hpp"
#include "json/read.hpp"

namespace kiln::gate {
namespace {

namespace fs = std::filesystem;

/// A spec names configs, which extend others.
constexpr int kMostSteps = 4;
constexpr std::size_t kMostText = std::size_t{1} << 20;  // of what names files: configs and specs are small

class Inputs {
 public:
  explicit Inputs(fs::path folder) : folder_(std::move(folder)) {}

  base::Status add(const std::string& name, int steps = 0) {
    if (name.empty() || name.size() > 4096) return {};
    const fs::path file = folder_ / name;
    std::error_code ignored;
    if (!seen_.insert(file.lexically_normal().string()).second) return {};
    if (fs::is_directory(file, ignored)) {
      for (const auto& entry : fs::directory_iterator(file, ignored))
        if (auto good = base::claim_input(entry.path().string()); !good) return good;
      return {};
    }
    if (auto good = base::claim_input(file.string()); !good) return good;
    if (steps == kMostSteps || !fs::is_regular_file(file, ignored) || fs::file_size(file, ignored) > kMostText)
      return {};
    const auto text = base::read_text_file(file.string(), kMostText);
    if (!text || !text->starts_with('{')) return {};  // the command says what is wrong with it
    const auto tree = json::read(*text, 64, [](const json::Problem&) { return false; });
    return tree ? add_named(*tree, file.parent_path(), steps + 1) : base::Status();
  }

 private:
  /// A config's names are relative to its folder, a spec's to the folder where the sweep runs.
  base::Status add_named(const json::Value& tree, const fs::path& beside, int steps) {
    if (tree.is_object()) {
      for (const auto& [key, member] : tree.object())
        if (auto good = add_named(member, beside, steps); !good) return good;
    } else if (tree.is_array()) {
      for (const auto& member : tree.array())
        if (auto good = add_named(member, beside, steps); !good) return good;
    } else if (tree.is_text() && tree.text().size() <= 4096 && tree.text().find('\0') == std::string::npos) {
      for (const auto& name : {fs::path(tree.text()), beside / tree.text()}) {
        std::error_code ignored;
        if (!fs::exists(folder_ / name, ignored)) continue;
        if (auto good = add(name.string(), steps); !good) return good;
      }
    }
    return {};
  }

  fs::path folder_;
  std::set<std::string> seen_;
};

}  // namespace

base::Status claim_inputs(const Baseline& baseline, const fs::path& folder) {
  Inputs inputs(folder);
  for (const auto& command : commands_of(baseline))
    for (const auto& name : inputs_of(command))
      if (auto good = inputs.add(name); !good) return good;
  return {};
}

}  // namespace kiln::gate
