// The link from a chip to the next in a row. docs/units/chip_link.md
#pragma once

#include <cstdint>

#include "kiln/config/chip_config.hpp"

namespace kiln::chip {

class ChipLink {
 public:
  explicit ChipLink(const config::ChipConfig& chip);
  /// Cycles from a chip to the next: registers of the link between their vector units.
  [[nodiscard]] std::uint32_t registers() const { return registers_; }
  /// Cycles that a beat of a residual, binary32 elements, takes on the wire.
  [[nodiscard]] std::uint64_t beat_cycles() const { return beat_cycles_; }
  /// What a result takes from the last chip to the first, beside its link to the sequencer.
  [[nodiscard]] std::uint32_t way_back() const { return way_back_; }

 private:
  std::uint32_t registers_, way_back_;
  std::uint64_t beat_cycles_;
};

}  // namespace kiln::chip
