// Which Kiln this is.
#pragma once

#include <string>

namespace kiln::report {

/// "kiln 0.1.0 (revision 1a2b3c4)"
std::string version_line();

}  // namespace kiln::report
