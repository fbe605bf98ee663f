// The die: blocks of known area placed to scale, and what their distances make of the links. Millimetres; the origin is
// the die's upper left corner, y grows downwards. Deterministic: the same blocks give the same places on any host. A
// block is a rectangle that its tiles fill row by row. What the placer does and leaves out: docs/floorplan.md
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/config/link.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::floorplan {

/// The field of a lithography scanner: no die is larger than 33 x 26 mm.
inline constexpr double kReticleWidthMm = 33;
inline constexpr double kReticleHeightMm = 26;

enum class BlockKind { Rom, Sram, Logic, Io };

struct Block {
  std::string name;  ///< "down_array", "kv_sram[3]"
  program::Unit unit = program::Unit::HostLink;
  BlockKind kind = BlockKind::Logic;
  std::uint32_t stage = 0;
  double area_mm2 = 0;
  std::uint64_t tiles = 1;  ///< equal parts, drawn as a grid
};

struct Rectangle {
  double x_mm = 0, y_mm = 0, width_mm = 0, height_mm = 0;
};

struct PlacedBlock {
  Block block;
  Rectangle place;  ///< width * height is the block's area
};

struct Floorplan {
  double width_mm = 0, height_mm = 0;
  double white_space_mm2 = 0;       ///< die less blocks; lies between and behind them
  std::vector<PlacedBlock> blocks;  ///< in the order in which they were given; they do not overlap
  [[nodiscard]] double die_mm2() const { return width_mm * height_mm; }
};

/// Places the blocks on a die of `die_mm2` (at least the sum of their areas): square, or 26 mm high where a square
/// would not fit the reticle and that does. Where units repeat in a stage they share the place of their kind.
Floorplan place(const std::vector<Block>& blocks, double die_mm2);

/// Rows and columns of near-square cells that hold a block's tiles; the last row may have empty ones.
struct TileGrid {
  std::uint64_t columns = 1, rows = 1;
};
TileGrid tile_grid(const PlacedBlock& block);

/// A link on this die. Its length is its longest Manhattan way, over all stages and arrays,
/// between the ports of two blocks. A port is the block's centre; but tile arrays and the embedding ROM are reached at
/// every tile, so there it is the centre of the farthest tile. A tree's adders are taken to be on the way from the
/// tiles to the tree's block: array_to_tree is the way from the farthest tile to that block's centre.
struct LinkWire {
  config::Link link = config::Link::VectorToVector;
  double length_mm = 0;         ///< 0 where the die has no such link
  std::uint32_t registers = 1;  ///< ceil(length * ps_per_mm / cycle), at least 1: what the chip's config should say
  std::string from, to;         ///< the blocks between which it is longest; empty where there are none
};
/// All links, in the order of config::Link.
std::vector<LinkWire> link_wires(const Floorplan& plan, double wire_ps_per_mm, std::uint32_t clock_mhz);

}  // namespace kiln::floorplan
