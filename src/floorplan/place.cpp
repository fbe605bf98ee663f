#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "floorplan/stage_layout.hpp"
#include "kiln/base/result.hpp"

namespace kiln::floorplan {
namespace {

using program::Unit;

struct Stage {
  std::vector<std::size_t> blocks;  ///< indices into the caller's list
  Share share;
  Rectangle region;
};

/// Blocks without a stage go with the first one, where tokens come in.
bool in_first_stage(const Block& block) {
  return block.kind == BlockKind::Io || block.unit == Unit::HostLink || block.unit == Unit::Sequencer;
}

std::vector<Stage> stages_of(const std::vector<Block>& blocks) {
  std::uint32_t first = 0;
  bool known = false;
  for (const Block& block : blocks) {
    if (in_first_stage(block)) continue;
    first = known ? std::min(first, block.stage) : block.stage;
    known = true;
  }
  std::map<std::uint32_t, Stage> numbered;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Stage& stage = numbered[in_first_stage(blocks[i]) ? first : blocks[i].stage];
    stage.blocks.push_back(i);
    stage.share.area += blocks[i].area_mm2;
    stage.share.thickness = std::max(stage.share.thickness, std::sqrt(blocks[i].area_mm2 / kMaxAspect));
  }
  std::vector<Stage> stages;
  stages.reserve(numbered.size());
  for (auto& [number, stage] : numbered) stages.push_back(std::move(stage));
  return stages;
}

Rectangle die_of(double die_mm2) {
  Rectangle die;
  const bool fits = die_mm2 <= kReticleWidthMm * kReticleHeightMm;
  die.height_mm = fits ? std::min(std::sqrt(die_mm2), kReticleHeightMm) : std::sqrt(die_mm2);
  die.width_mm = die_mm2 / die.height_mm;
  return die;
}

/// Regions row by row, every other row from right to left. Gives the sum of their half perimeters.
double serpentine(std::vector<Stage>& stages, std::size_t rows, const Rectangle& die) {
  double total = 0;
  for (const Stage& stage : stages) total += stage.share.area;
  // A stage goes to the row in which its middle is when rows have equal areas.
  std::vector<std::vector<std::size_t>> members(rows);
  std::vector<Share> shares(rows);
  double before = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Share& share = stages[i].share;
    const double middle = total > 0 ? (before + share.area / 2) / total : 0;
    const std::size_t row = std::min(rows - 1, static_cast<std::size_t>(middle * static_cast<double>(rows)));
    before += share.area;
    members[row].push_back(i);
    shares[row].area += share.area;
    shares[row].thickness = std::max(shares[row].thickness, share.thickness);
  }
  std::vector<double> heights(rows);
  divide(shares, die.height_mm, die.width_mm, heights);
  double sum = 0, y = 0;
  bool backwards = false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (members[row].empty()) continue;
    if (backwards) std::reverse(members[row].begin(), members[row].end());
    std::vector<Share> parts;
    for (const std::size_t i : members[row]) parts.push_back(stages[i].share);
    std::vector<double> widths(parts.size());
    divide(parts, die.width_mm, heights[row], widths);
    double x = 0;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      stages[members[row][k]].region = {x, y, widths[k], heights[row]};
      x += widths[k];
      sum += widths[k] + heights[row];
    }
    y += heights[row];
    backwards = !backwards;
  }
  return sum;
}

void lay_out(std::vector<Stage>& stages, const Rectangle& die) {
  if (stages.empty()) return;
  std::size_t best = 1;
  double shortest = serpentine(stages, 1, die);
  // A square of equal regions has the square root of their number; with twice as many rows they are slivers.
  const auto most = std::min(stages.size(), 2 * static_cast<std::size_t>(std::sqrt(stages.size())) + 1);
  for (std::size_t rows = 2; rows <= most; ++rows) {
    const double sum = serpentine(stages, rows, die);
    if (sum < shortest * (1 - 1e-9)) {
      shortest = sum;
      best = rows;
    }
  }
  serpentine(stages, best, die);
}

/// Stages of the same blocks have the same layout, so that one search serves all.
using Likeness = std::vector<std::tuple<Unit, BlockKind, double, std::uint64_t>>;
Likeness likeness(const Stage& stage, const std::vector<Block>& blocks) {
  Likeness key;
  for (const std::size_t i : stage.blocks) {
    key.emplace_back(blocks[i].unit, blocks[i].kind, blocks[i].area_mm2, blocks[i].tiles);
  }
  return key;
}

}  // namespace

Floorplan place(const std::vector<Block>& blocks, double die_mm2) {
  double used = 0;
  for (const Block& block : blocks) {
    base::check(std::isfinite(block.area_mm2) && block.area_mm2 >= 0, "floorplan: a block's area is no area");
    used += block.area_mm2;
  }
  base::check(std::isfinite(die_mm2) && die_mm2 > 0, "floorplan: the die's area is no area");
  base::check(used <= die_mm2 * (1 + 1e-12), "floorplan: blocks larger than their die");

  const Rectangle die = die_of(die_mm2);
  Floorplan plan{die.width_mm, die.height_mm, std::max(0.0, die_mm2 - used), {}};
  for (const Block& block : blocks) plan.blocks.push_back({block, {}});
  auto stages = stages_of(blocks);
  lay_out(stages, die);
  std::map<Likeness, Arrangement> known;
  for (const Stage& stage : stages) {
    std::vector<StageBlock> members;
    members.reserve(stage.blocks.size());
    for (const std::size_t i : stage.blocks) {
      // The search looks at one stage alone, so all of its blocks have the same number.
      members.push_back({{blocks[i].unit, 0, blocks[i].tiles, {}}, blocks[i].kind, blocks[i].area_mm2});
    }
    const auto [entry, is_new] = known.try_emplace(likeness(stage, blocks));
    if (is_new) entry->second = best_arrangement(stage.region, members);
    arrange(entry->second, stage.region, members);
    for (std::size_t k = 0; k < members.size(); ++k) plan.blocks[stage.blocks[k]].place = members[k].site.place;
  }
  return plan;
}

}  // namespace kiln::floorplan
