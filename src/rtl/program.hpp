// Runs another program of the machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::rtl {

/// Runs arguments[0], looked up in PATH, with what it says going to `log`. Fails where it is not on the machine
/// (`needed_for` says why it is wanted), or ends with another status than 0: with the first lines of the log.
base::Status run_program(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                         const std::string& needed_for);
/// Whether PATH has such a program.
bool on_path(const std::string& program);

}  // namespace kiln::rtl
