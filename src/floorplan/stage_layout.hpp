// One stage in its region: a column in the middle with the vector unit at its centre, memory above and below, arrays to
// both sides (or the same turned by 90 degrees). Clusters are moved, from several starting points, as long as the
// links get shorter.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "floorplan/ways.hpp"

namespace kiln::floorplan {

/// Blocks that stay together, around the vector unit's.
enum class Cluster { Qkv, O, GateUp, Down, LmHead, Memory, Embedding, Lora, Io, Heart };
inline constexpr std::size_t kClusters = 9;  ///< those that are placed around the centre

Cluster cluster_of(program::Unit unit, BlockKind kind);

/// A side of the middle column, or its parts above and below the centre.
enum class Slot : std::uint8_t { Left, Right, Above, Below };
inline constexpr std::array<Slot, 4> kSlots = {Slot::Left, Slot::Right, Slot::Above, Slot::Below};

struct Arrangement {
  std::array<Slot, kClusters> slots{};
  std::array<std::uint8_t, kClusters> order{0, 1, 2, 3, 4, 5, 6, 7, 8};  ///< top to bottom, or from the centre outwards
  bool lying = false;                                                    ///< rows and columns exchanged
  bool small_in_heart = false;  ///< trees, sampler and attention unit beside the vector unit, not beside their arrays
};

struct StageBlock {
  Site site;  ///< its place is the result
  BlockKind kind = BlockKind::Logic;
  double area_mm2 = 0;
};

/// Arrangements of the same blocks, whose clusters are cut once.
class Layout {
 public:
  explicit Layout(std::span<const StageBlock> blocks);
  /// Places the blocks, those of the constructor, as the arrangement says.
  void arrange(const Arrangement& arrangement, const Rectangle& region, std::span<StageBlock> blocks);

 private:
  /// The small blocks on the side of the centre.
  [[nodiscard]] const Slice& cluster(const Arrangement& arrangement, std::size_t cluster, Slot slot) const;
  void stack(const Arrangement& arrangement, Slot slot, bool backwards, Slice& into) const;

  using Variants = std::array<std::array<const Slice*, 2>, 2>;  ///< small blocks first; in rows
  Slices nodes_;
  std::array<std::array<Variants, kClusters>, 2> clusters_{};  ///< small blocks in the heart
  std::array<const Slice*, 2> hearts_{};
  std::vector<Rectangle> cells_;
};

/// Places the blocks as the arrangement says.
void arrange(const Arrangement& arrangement, const Rectangle& region, std::span<StageBlock> blocks);
/// The arrangement with the shortest links that moves and exchanges of clusters lead to.
Arrangement best_arrangement(const Rectangle& region, std::span<const StageBlock> blocks);

}  // namespace kiln::floorplan
