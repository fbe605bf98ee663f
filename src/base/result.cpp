#include "kiln/base/result.hpp"

#include <fmt/format.h>

namespace kiln::base {

void fail_check(std::string_view what, std::source_location where) {
  // Where Kiln was built is nobody's business.
  std::string_view file = where.file_name();
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0
  throw BugError(fmt::format("internal error: {} (please report: {}:{})", what, file, where.line()));
}

}  // namespace kiln::base
