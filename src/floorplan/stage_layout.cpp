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

struct Members {
  std::vector<std::size_t> large, small;
};

class Tree {
 public:
  Tree(const Arrangement& arrangement, std::span<const StageBlock> blocks) : arrangement_(arrangement) {
    for (const StageBlock& block : blocks) areas_.push_back(block.area_mm2);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Unit unit = blocks[i].site.unit;
      auto cluster = cluster_of(unit, blocks[i].kind);
      if (cluster != Cluster::Io && small(unit) && arrangement.small_in_heart) cluster = Cluster::Heart;
      Members& members = members_[static_cast<std::size_t>(cluster)];
      (cluster != Cluster::Io && small(unit) ? members.small : members.large).push_back(i);
    }
  }
  [[nodiscard]] Slice slice() const {
    const Members& heart = members_[static_cast<std::size_t>(Cluster::Heart)];
    std::vector<std::size_t> inner = heart.large;
    inner.insert(inner.end(), heart.small.begin(), heart.small.end());
    std::vector<Slice> left = stack(Slot::Left), right = stack(Slot::Right), middle = stack(Slot::Above);
    std::reverse(middle.begin(), middle.end());
    middle.push_back(packed(inner, areas_));
    for (Slice& part : stack(Slot::Below)) middle.push_back(std::move(part));
    std::vector<Slice> columns;
    columns.push_back(slices(rows(), std::move(left)));
    columns.push_back(slices(rows(), std::move(middle)));
    columns.push_back(slices(rows(), std::move(right)));
    return slices(this->columns(), std::move(columns));
  }

 private:
  [[nodiscard]] Slice::Cut rows() const { return arrangement_.lying ? Slice::Cut::Columns : Slice::Cut::Rows; }
  [[nodiscard]] Slice::Cut columns() const { return arrangement_.lying ? Slice::Cut::Rows : Slice::Cut::Columns; }
  [[nodiscard]] std::vector<Slice> stack(Slot slot) const {
    std::vector<Slice> result;
    for (const std::uint8_t cluster : arrangement_.order) {
      if (arrangement_.slots[cluster] == slot) result.push_back(cluster_slice(members_[cluster], slot));
    }
    return result;
  }
  /// The small blocks on the side of the centre.
  [[nodiscard]] Slice cluster_slice(const Members& members, Slot slot) const {
    std::vector<Slice> parts;
    parts.push_back(packed(members.large, areas_));
    parts.push_back(packed(members.small, areas_));
    if (slot == Slot::Right || slot == Slot::Below) std::swap(parts[0], parts[1]);
    return slices(slot == Slot::Left || slot == Slot::Right ? columns() : rows(), std::move(parts));
  }
  const Arrangement& arrangement_;
  std::vector<double> areas_;
  std::array<Members, kClusters + 1> members_;
};

Point heart_of(std::span<const StageBlock> blocks, const std::vector<Rectangle>& cells, const Rectangle& region) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].site.unit == Unit::VectorUnit) return centre(cells[i]);
  }
  return centre(region);
}

}  // namespace

void arrange(const Arrangement& arrangement, const Rectangle& region, std::span<StageBlock> blocks) {
  std::vector<Rectangle> cells(blocks.size());
  cut_region(Tree(arrangement, blocks).slice(), region, cells);
  const Point heart = heart_of(blocks, cells, region);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    StageBlock& block = blocks[i];
    const bool at_edge = cluster_of(block.site.unit, block.kind) == Cluster::Io;
    block.site.place = settle(block.area_mm2, cells[i], at_edge ? Point{region.x_mm, region.y_mm} : heart);
  }
}

}  // namespace kiln::floorplan
