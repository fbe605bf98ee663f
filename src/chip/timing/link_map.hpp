// The links of the chip: between which units, how many registers, how fast the receiver takes beats. All pipeline stages
// of the dataflow have the same links; the one from vector unit to vector unit leads from a stage to the next, and
// comes in two kinds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kiln/program/placement.hpp"

namespace kiln::chip {

struct LinkSpec {
  program::Unit from, to;
  std::uint32_t registers = 1;
  std::uint64_t receiver_interval = 1;     ///< cycles that the receiver needs for a beat
  bool between_chips = false;              ///< of the links from stage to stage
  [[nodiscard]] std::string name() const;  ///< "tree_to_vector" and the like, with the units' names
};

class LinkMap {
 public:
  explicit LinkMap(const program::Placement& placement);
  [[nodiscard]] const std::vector<LinkSpec>& links() const { return links_; }
  /// Index of the link between two units; a bug if there is none. From stage to stage: the one on the same chip.
  [[nodiscard]] std::size_t index(program::Unit from, program::Unit to) const;
  /// The link from this stage's vector unit to the next stage's.
  [[nodiscard]] std::size_t index_behind(std::uint32_t stage) const;
  /// The link over which `to` gets what `from`, the operation before it, sends.
  [[nodiscard]] const LinkSpec& between(const program::Op& from, const program::Op& to) const;

 private:
  void add(program::Unit from, program::Unit to, std::uint32_t registers, std::uint64_t receiver_interval);
  std::vector<program::Stage> stages_;
  std::vector<LinkSpec> links_;
  std::array<std::array<std::int8_t, program::kUnits>, program::kUnits> index_;
};

}  // namespace kiln::chip
