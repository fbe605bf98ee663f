// The seed of a random test: the test's own, or KILN_SEED in the environment; printed and recorded, so that a failure
// can be repeated. No test reads the variable itself.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace kiln::support {

/// KILN_SEED, or else `otherwise`.
inline std::uint64_t test_seed(std::uint64_t otherwise) {
  const char* given = std::getenv("KILN_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : otherwise;
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  std::cout << "KILN_SEED=" << seed << "\n";
  return seed;
}

}  // namespace kiln::support
