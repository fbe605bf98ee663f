#include "kiln/base/result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace kiln::base {

Error prefixed(const std::string& before, Error error) {
  if (!error.lines) {
    error.message.insert(0, before);
    return error;
  }
  const std::string plain = without_controls(before);  // which may be a file's name
  std::string all;
  for (std::string_view rest = error.message; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    all += plain;
    all += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  error.message = std::move(all);
  return error;
}

void fail_check(std::string_view what, std::source_location where) {
  // Where Kiln was built is nobody's business.
  std::string_view file = where.file_name();
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0
  throw BugError(fmt::format("internal error: {} (please report: {}:{})", what, file, where.line()));
}

}  // namespace kiln::base
