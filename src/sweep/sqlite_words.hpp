// Why a call of SQLite failed, in words that a user can act upon. Private to the sweep module.
#pragma once

#include <string>

struct sqlite3;

namespace kiln::sweep {

/// Of the last call with this handle; null where there was no memory for one. SQLite has one sentence for whatever the
/// system refuses, "disk I/O error": the system's own is taken instead.
std::string sqlite_words(sqlite3* handle);

}  // namespace kiln::sweep
