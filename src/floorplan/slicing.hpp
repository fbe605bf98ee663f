// Guillotine cuts: a rectangle is cut into columns or rows, these again, until each block has its own cell, at
// least as large as the block. What a region has beyond its blocks' areas goes first to cells that would be too thin
// for their blocks, then to all by area.
#pragma once

#include <cstddef>
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
/// Thickness of each part of a region `length` long and `across` wide; they add up to `length`.
std::vector<double> divide(std::span<const Share> shares, double length, double across);

/// A tree of cuts.
struct Slice {
  enum class Cut {
    Leaf,
    Columns,  ///< parts from left to right
    Rows,     ///< parts from top to bottom
    Longer    ///< parts along the longer side
  };
  Cut cut = Cut::Leaf;
  std::size_t block = 0;  ///< of a leaf
  Share share;
  std::vector<Slice> parts;
};
Slice leaf(std::size_t block, double area);
/// Parts without any leaf are left out; a single part is returned itself.
Slice slices(Slice::Cut cut, std::vector<Slice> parts);
/// Blocks of one kind together: halved by area again and again.
Slice packed(std::vector<std::size_t> blocks, std::span<const double> areas);
inline bool empty(const Slice& slice) { return slice.cut != Slice::Cut::Leaf && slice.parts.empty(); }

/// Writes each leaf's cell.
void cut_region(const Slice& slice, const Rectangle& region, std::vector<Rectangle>& cells);

/// The block in its cell: the cell's own shape within kMaxAspect, as near to `pull` as the cell allows.
Rectangle settle(double area, const Rectangle& cell, Point pull);

}  // namespace kiln::floorplan
