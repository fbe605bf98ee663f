// Arithmetic and comparisons that people write in a spec: "ceil(tile.rows / 2)", "area_mm2.typical <= 858". Numbers,
// names, + - * /, min, max, ceil, floor, parentheses, <= >= < > == != && ||; true is 1. The language is muParser's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::sweep {

class Formula {
 public:
  /// Fails with a sentence that ends in what was expected; a name is letters, digits, '_' and '.'.
  static base::Result<Formula> parse(const std::string& text);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// That it needs, each once, sorted.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// `value_of` is asked for each name; none where one of them has no value or the result is no finite number.
  [[nodiscard]] std::optional<double> value(
      const std::function<std::optional<double>(const std::string&)>& value_of) const;

 private:
  std::string text_;
  std::vector<std::string> names_;
};

}  // namespace kiln::sweep
