#include "cli/requirement.hpp"

#include <fmt/format.h>

#include "cli/standard_error.hpp"

namespace kiln::cli {

void add_require(CLI::App& command, std::string& require, const char* help) {
  command.add_option("--require", require, help)
      ->check(CLI::Validator(
          [](const std::string& word) {
            return word == "buildable" ? std::string() : "found " + word + "; buildable is expected";
          },
          ""))
      ->type_name("buildable");
}

int required(const std::string& require, const study::Verdict& verdict) {
  if (require.empty() || verdict.is_buildable()) return 0;
  for (const auto& reason : verdict.reasons)
    complain(
        fmt::format("{}: {}", verdict.buildable ? "not buildable" : "not known whether buildable", reason.sentence));
  return kCheckFailed;
}

}  // namespace kiln::cli
