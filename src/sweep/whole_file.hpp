// The small files of a sweep's folder: whole or not there, and on the disk when they are. Processes on several machines
// may come to the same file at the same time; each waits a little for the others. Private to the sweep module.
#pragma once

#include <string>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::sweep {

/// In place of what is there.
base::Status write_whole(const std::string& path, std::string_view text);

/// Where there is no file yet. False where there is one, which stays.
base::Result<bool> write_first(const std::string& path, std::string_view text);

}  // namespace kiln::sweep
