// --require buildable: what cannot be built is answered all the same, and ends with status 1 and the reasons.
#pragma once

#include <string>

#include "cli/commands.hpp"
#include "kiln/study/verdict.hpp"

namespace kiln::cli {

void add_require(CLI::App& command, std::string& require,
                 const char* help = "End with status 1 and the reasons if the chip cannot be built");
/// The exit status; the reasons go to standard error, a line each.
int required(const std::string& require, const study::Verdict& verdict);

}  // namespace kiln::cli
