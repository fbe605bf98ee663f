// Guillotine cuts: a rectangle is cut into columns or rows, these again, until each block has its own cell, at
// least as large as the block. What a region has beyond its blocks' areas goes first to cells that would be too thin
// for their blocks, then to all by area.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "kiln/floorplan/floorplan.hpp"

namespace kiln::floorplan {

/// No block is longer than this many times its width, where white space allows.
inline constexpr double kMaxAspect = 4;

struct Point {
  double x_mm = 0, y_mm = 0;
};
inline Point centre(const Rectangle& r) { return {r.x_mm + r.width_mm / 2, r.y_mm + r.height_mm / 2}; }

/// The area that a part of a cut must get, and how thin it may become.
struct Share {
  double area = 0;
  double thickness = 0;
};
/// The thickness of each part of a region `length` long and `across` wide, into `thickness`; they add up to `length`.
void divide(std::span<const Share> shares, double length, double across, std::span<double> thickness);

inline constexpr std::size_t kMostParts = 16;  ///< of a cut

/// A tree of cuts. Nodes point to others that outlive them: a search makes its clusters' once and thousands of trees of
/// them.
struct Slice {
  enum class Cut {
    Leaf,
    Columns,  ///< parts from left to right
    Rows,     ///< parts from top to bottom
    Longer    ///< parts along the longer side
  };
  Cut cut = Cut::Rows;
  std::size_t block = 0;  ///< of a leaf
  Share share = {};
  std::array<const Slice*, kMostParts> parts = {};
  std::size_t count = 0;  ///< of parts

  [[nodiscard]] bool empty() const { return cut != Cut::Leaf && count == 0; }
  /// A part at the end; one without any leaf is left out.
  void add(const Slice& part);
};
/// What is cut: of a single part that part itself.
inline const Slice& only(const Slice& slice) { return slice.count == 1 ? *slice.parts[0] : slice; }

/// Nodes that stay where they are.
using Slices = std::deque<Slice>;
/// Blocks of one kind together: halved by area again and again.
const Slice& packed(std::vector<std::size_t> blocks, std::span<const double> areas, Slices& nodes);

/// Writes each leaf's cell.
void cut_region(const Slice& slice, const Rectangle& region, std::vector<Rectangle>& cells);

/// The block in its cell: the cell's own shape within kMaxAspect, as near to `pull` as the cell allows.
Rectangle settle(double area, const Rectangle& cell, Point pull);

}  // namespace kiln::floorplan
