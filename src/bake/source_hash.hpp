// The hash of a checkpoint's tensor as its reader gives it, before anything is done to it: XXH3-128 of each row's
// numbers (binary32, little-endian), then XXH3-128 of these digests in the order of the rows. So the same weights have
// the same hash in every file format, and rows may be read in any order, from any thread, in portions of any size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/hash.hpp"

namespace kiln::bake {

class SourceHash {
 public:
  explicit SourceHash(std::uint64_t rows) : rows_(rows) {}
  /// Rows from `first` on, of `columns` numbers each. Every row once; different rows from different threads.
  void add(std::uint64_t first, std::uint64_t columns, std::span<const float> values);
  /// 32 hex digits, after the last row.
  [[nodiscard]] std::string hex() const;

 private:
  std::vector<base::Digest> rows_;
};

}  // namespace kiln::bake
