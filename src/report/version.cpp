#include "report/version.hpp"

#include "kiln_revision.hpp"

namespace kiln::report {

std::string revision() { return KILN_GIT_REVISION; }

std::string version_line() { return "kiln " KILN_VERSION " (revision " KILN_GIT_REVISION ")"; }

}  // namespace kiln::report
