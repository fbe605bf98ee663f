// A regular expression of Python that names modules of a model, as PEFT takes it for target_modules: a name counts if it
// matches as a whole. Only what Python and PCRE2 read alike is taken: groups without a name, classes, repeats, lazy
// ones too, alternatives, looks ahead and behind. A match that takes too many steps is an error, not a long wait.
#pragma once

#include <memory>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

class ModulePattern {
 public:
  /// Errors say what is wrong with the expression, without repeating it.
  static base::Result<ModulePattern> create(std::string_view expression);
  [[nodiscard]] base::Result<bool> matches(std::string_view module) const;

 private:
  explicit ModulePattern(std::shared_ptr<const void> code) : code_(std::move(code)) {}
  std::shared_ptr<const void> code_;
};

}  // namespace kiln::checkpoint
