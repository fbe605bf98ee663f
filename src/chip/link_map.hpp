// The links of the chip: between which units, how many stages, how fast the receiver takes beats.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kiln/program/placement.hpp"

namespace kiln::chip {

struct LinkSpec {
  program::Unit from, to;
  std::uint32_t stages = 1;
  std::uint64_t receiver_interval = 1;     ///< cycles that the receiver needs for a beat
  [[nodiscard]] std::string name() const;  ///< "tree_to_vector" and the like, with the units' names
};

class LinkMap {
 public:
  explicit LinkMap(const program::Placement& placement);
  [[nodiscard]] const std::vector<LinkSpec>& links() const { return links_; }
  /// Index of the link between two units; a bug if there is none.
  [[nodiscard]] std::size_t index(program::Unit from, program::Unit to) const;
  [[nodiscard]] const LinkSpec& between(program::Unit from, program::Unit to) const { return links_[index(from, to)]; }

 private:
  void add(program::Unit from, program::Unit to, std::uint32_t stages, std::uint64_t receiver_interval);
  std::vector<LinkSpec> links_;
  std::array<std::array<std::int8_t, program::kUnits>, program::kUnits> index_;
};

}  // namespace kiln::chip
