// Which Kiln this is.
#pragma once

#include <string>
#include <string_view>

#include "json/value.hpp"

namespace kiln::report {

/// "1a2b3c4d5e6f", "1a2b3c4d5e6f-dirty" or "unknown"
std::string revision();
/// "kiln 0.1.0 (revision 1a2b3c4)"
std::string version_line();
/// What every document begins with: schema_version, version, git_revision, command.
json::Object document_head(std::string_view command);

}  // namespace kiln::report
