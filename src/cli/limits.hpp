// What the system does to a program that meets one of its limits, or a damaged file, becomes a sentence and a status.
// Private to the cli module.
#pragma once

#include "kiln/base/result.hpp"

namespace kiln::cli {

/// Before all threads and files. Fails where the stack is too small for any command.
base::Status prepare_for_limits();

}  // namespace kiln::cli
