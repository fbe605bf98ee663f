// Matrices of a ROM image, cell by cell, for the words of the RTL's ROMs.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "kiln/program/placement.hpp"
#include "numerics/matrix.hpp"
#include "rom/rom_image.hpp"
#include "rtl/bits.hpp"

namespace kiln::rtl {

inline std::uint8_t group_scale(const numerics::MatrixView& m, std::uint32_t row, std::uint64_t group) {
  return m
      .scales[(row / numerics::kPanelRows * m.groups() + group) * numerics::kPanelRows + row % numerics::kPanelRows];
}

inline std::uint64_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }
inline std::uint64_t bits_of(std::int8_t x) { return static_cast<std::uint8_t>(x); }

/// The matrices of an array in one layer, in the order of its columns.
inline std::vector<const numerics::MatrixView*> matrices(const rom::RomImage& image,
                                                         const program::Placement& placement, program::ArrayKind kind,
                                                         std::uint64_t layer) {
  std::vector<const numerics::MatrixView*> found;
  for (const auto& section : placement.dataflow().sections(kind))
    found.push_back(&image.tensor(section.tensor_class, base::LayerId{static_cast<std::uint32_t>(layer)}).matrix);
  return found;
}

/// Layers that have an array of this kind.
inline std::uint32_t layers_of(const program::Placement& placement, program::ArrayKind kind) {
  return placement.array(kind).instances;
}

}  // namespace kiln::rtl
