#include "sweep/sqlite_words.hpp"

#include <sqlite3.h>

#include <cstring>

namespace kiln::sweep {

std::string sqlite_words(sqlite3* handle) {
  if (handle == nullptr) return "not enough memory";
  const int code = sqlite3_extended_errcode(handle), kind = code & 0xff;
  // No call of the system has failed in these two.
  const bool own = code == SQLITE_IOERR_NOMEM || code == SQLITE_IOERR_SHORT_READ;
  const bool by_system = (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && !own;
  int number = by_system ? sqlite3_system_errno(handle) : 0;
  // A COMMIT that fails leaves it with the file alone.
  if (by_system && number == 0) sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number != 0 ? std::strerror(number) : sqlite3_errmsg(handle);
}

}  // namespace kiln::sweep
