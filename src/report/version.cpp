#include "report/version.hpp"

#include "kiln_revision.hpp"
#include "report/document.hpp"

namespace kiln::report {

std::string revision() { return KILN_GIT_REVISION; }

std::string version_line() { return "kiln " KILN_VERSION " (revision " KILN_GIT_REVISION ")"; }

json::Object document_head(std::string_view command) {
  return {{"schema_version", kSchemaVersion},
          {"version", KILN_VERSION},
          {"git_revision", KILN_GIT_REVISION},
          {"command", command}};
}

}  // namespace kiln::report
