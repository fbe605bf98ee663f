#include "kiln/base/result.hpp"

#include <fmt/format.h>

namespace kiln::base {

void fail_check(std::string_view what, std::source_location where) {
  throw BugError(
      fmt::format("internal error: {} ({}:{}, {})", what, where.file_name(), where.line(), where.function_name()));
}

}  // namespace kiln::base
