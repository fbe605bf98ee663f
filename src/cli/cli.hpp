// The `kiln` program: parses arguments, calls the library, prints. Exit status 0 on success, 1 when a check fails, 2 on
// bad usage or bad input, 130 when interrupted. Results go to standard output, everything else to standard error.
#pragma once

namespace kiln::cli {

int run(int argc, const char* const* argv);

}  // namespace kiln::cli
