// Which Kiln this is.
#pragma once

#include <string>

namespace kiln::report {

/// "1a2b3c4d5e6f", "1a2b3c4d5e6f-dirty" or "unknown"
std::string revision();
/// "kiln 0.1.0 (revision 1a2b3c4)"
std::string version_line();

}  // namespace kiln::report
