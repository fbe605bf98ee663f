// Data that is not in the repository: the development data set (KILN_SHARED, else `shared` beside the checkout) and
// what the fetch scripts got (KILN_CACHE, else ~/.cache/kiln). Where the variable names a place, data missing there is
// a failure; without it the test is skipped and says so.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace kiln::test {

struct DevelopmentData {
  std::filesystem::path path;
  bool named = false;  ///< by the environment
  std::string hint;

  [[nodiscard]] bool exists() const { return std::filesystem::exists(path); }
  [[nodiscard]] std::string missing() const { return path.string() + " is missing; " + hint; }
};

inline DevelopmentData data_at(const char* variable, const std::filesystem::path& otherwise, const std::string& inside,
                               const std::string& hint) {
  const char* given = std::getenv(variable);
  const bool named = given != nullptr && *given != '\0';
  return {(named ? std::filesystem::path(given) : otherwise) / inside, named, hint};
}

/// A file or folder of the development data set.
inline DevelopmentData shared_data(const std::string& inside) {
  return data_at("KILN_SHARED", KILN_SOURCE_DIR "/../shared", inside, "KILN_SHARED names the development data set");
}

/// A file or folder that `script` fetches.
inline DevelopmentData fetched_data(const std::string& inside, const std::string& script) {
  const char* home = std::getenv("HOME");
  return data_at("KILN_CACHE", std::filesystem::path(home != nullptr ? home : ".") / ".cache/kiln", inside,
                 "scripts/" + script + " gets it");
}

}  // namespace kiln::test

/// Ends the test unless the data is present.
#define KILN_NEEDS_DATA(data)                             \
  do {                                                    \
    if (!(data).exists()) {                               \
      if ((data).named) GTEST_FAIL() << (data).missing(); \
      GTEST_SKIP() << (data).missing();                   \
    }                                                     \
  } while (false)
