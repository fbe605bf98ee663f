#include "floorplan/stage_layout.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace kiln::floorplan {

using program::Unit;

Cluster cluster_of(Unit unit, BlockKind kind) {
  if (kind == BlockKind::Io) return Cluster::Io;
  switch (unit) {
    case Unit::QkvArray:
    case Unit::QkvTree:
      return Cluster::Qkv;
    case Unit::OArray:
    case Unit::OTree:
      return Cluster::O;
    case Unit::GateUpArray:
    case Unit::GateUpTree:
      return Cluster::GateUp;
    case Unit::DownArray:
    case Unit::DownTree:
      return Cluster::Down;
    case Unit::LmHeadArray:
    case Unit::LmHeadTree:
    case Unit::Sampler:
      return Cluster::LmHead;
    case Unit::KvSram:
    case Unit::Attention:
      return Cluster::Memory;
    case Unit::EmbeddingRom:
      return Cluster::Embedding;
    case Unit::Lora:
      return Cluster::Lora;
    case Unit::HostLink:
      return Cluster::Io;
    default:
      return Cluster::Heart;
  }
}

namespace {

/// What is between its cluster's large blocks and the centre.
bool small(Unit unit) {
  switch (unit) {
    case Unit::QkvTree:
    case Unit::OTree:
    case Unit::GateUpTree:
    case Unit::DownTree:
    case Unit::LmHeadTree:
    case Unit::Sampler:
    case Unit::Attention:
      return true;
    default:
      return false;
  }
}

Point heart_of(std::span<const StageBlock> blocks, const std::vector<Rectangle>& cells, const Rectangle& region) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].site.unit == Unit::VectorUnit) return centre(cells[i]);
  }
  return centre(region);
}

}  // namespace

Layout::Layout(std::span<const StageBlock> blocks) : cells_(blocks.size()) {
  std::vector<double> areas;
  for (const StageBlock& block : blocks) areas.push_back(block.area_mm2);
  for (const bool in_heart : {false, true}) {
    struct Members {
      std::vector<std::size_t> large, small;
    };
    std::array<Members, kClusters + 1> members;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Unit unit = blocks[i].site.unit;
      auto cluster = cluster_of(unit, blocks[i].kind);
      if (cluster != Cluster::Io && small(unit) && in_heart) cluster = Cluster::Heart;
      Members& of = members[static_cast<std::size_t>(cluster)];
      (cluster != Cluster::Io && small(unit) ? of.small : of.large).push_back(i);
    }
    Members& heart = members[static_cast<std::size_t>(Cluster::Heart)];
    heart.large.insert(heart.large.end(), heart.small.begin(), heart.small.end());
    hearts_[in_heart] = &packed(heart.large, areas, nodes_);
    for (std::size_t cluster = 0; cluster < kClusters; ++cluster) {
      const Slice& large = packed(members[cluster].large, areas, nodes_);
      const Slice& few = packed(members[cluster].small, areas, nodes_);
      for (const bool small_first : {false, true}) {
        for (const bool rows : {false, true}) {
          Slice& both = nodes_.emplace_back(Slice{rows ? Slice::Cut::Rows : Slice::Cut::Columns});
          both.add(small_first ? few : large);
          both.add(small_first ? large : few);
          clusters_[in_heart][cluster][small_first][rows] = &only(both);
        }
      }
    }
  }
}

const Slice& Layout::cluster(const Arrangement& arrangement, std::size_t cluster, Slot slot) const {
  const bool side = slot == Slot::Left || slot == Slot::Right;
  const bool small_first = slot == Slot::Right || slot == Slot::Below;
  return *clusters_[arrangement.small_in_heart][cluster][small_first][side == arrangement.lying];
}

void Layout::stack(const Arrangement& arrangement, Slot slot, bool backwards, Slice& into) const {
  for (std::size_t i = 0; i < kClusters; ++i) {
    const std::size_t of = arrangement.order[backwards ? kClusters - 1 - i : i];
    if (arrangement.slots[of] == slot) into.add(cluster(arrangement, of, slot));
  }
}

void Layout::arrange(const Arrangement& arrangement, const Rectangle& region, std::span<StageBlock> blocks) {
  const auto rows = arrangement.lying ? Slice::Cut::Columns : Slice::Cut::Rows;
  Slice left{rows}, middle{rows}, right{rows}, all{arrangement.lying ? Slice::Cut::Rows : Slice::Cut::Columns};
  stack(arrangement, Slot::Left, false, left);
  stack(arrangement, Slot::Above, true, middle);
  middle.add(*hearts_[arrangement.small_in_heart]);
  stack(arrangement, Slot::Below, false, middle);
  stack(arrangement, Slot::Right, false, right);
  for (const Slice* column : {&left, &middle, &right}) all.add(only(*column));
  std::fill(cells_.begin(), cells_.end(), Rectangle{});
  cut_region(only(all), region, cells_);
  const Point heart = heart_of(blocks, cells_, region);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    StageBlock& block = blocks[i];
    const bool at_edge = cluster_of(block.site.unit, block.kind) == Cluster::Io;
    block.site.place = settle(block.area_mm2, cells_[i], at_edge ? Point{region.x_mm, region.y_mm} : heart);
  }
}

void arrange(const Arrangement& arrangement, const Rectangle& region, std::span<StageBlock> blocks) {
  Layout(blocks).arrange(arrangement, region, blocks);
}

}  // namespace kiln::floorplan
