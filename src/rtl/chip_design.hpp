// The whole chip, layer_serial: its units' designs, and one generated module that joins them by links as
// docs/units/README.md has them.
#pragma once

#include <string>
#include <vector>

#include "rtl/unit_design.hpp"

namespace kiln::rtl {

inline constexpr std::uint32_t kMostEnds = 8;  ///< end tokens of a request

struct Instance {
  std::string name;  ///< of the unit, as in reports: "vector_unit", "qkv_array"
  UnitDesign design;
};

/// All units of the chip but host link, each with its ROM contents.
std::vector<Instance> instances(const rom::RomImage& image, const program::Placement& placement);

/// The chip as one design (module kiln_chip, its ports are the sequencer's towards the host) and that module's text.
struct ChipDesign {
  UnitDesign design;
  std::string text;
};
ChipDesign chip_design(const rom::RomImage& image, const program::Placement& placement);

}  // namespace kiln::rtl
