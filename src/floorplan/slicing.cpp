#include "floorplan/slicing.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::floorplan {
namespace {

/// Of the remaining room, this much at most makes thin parts thicker.
constexpr double kRoomForThin = 0.8;

Slice halves(std::span<const std::size_t> sorted, std::span<const double> areas) {
  if (sorted.size() == 1) return leaf(sorted[0], areas[sorted[0]]);
  double total = 0;
  for (const std::size_t block : sorted) total += areas[block];
  // The largest come first: cut where the first part has half of it, or just above.
  std::size_t first = 1;
  double sum = areas[sorted[0]];
  while (first + 1 < sorted.size() && (total > 0 ? sum < total / 2 : first < sorted.size() / 2)) {
    sum += areas[sorted[first++]];
  }
  std::vector<Slice> parts;
  parts.push_back(halves(sorted.subspan(0, first), areas));
  parts.push_back(halves(sorted.subspan(first), areas));
  return slices(Slice::Cut::Longer, std::move(parts));
}

}  // namespace

std::vector<double> divide(std::span<const Share> shares, double length, double across) {
  std::vector<double> result(shares.size());
  double area = 0;
  for (const Share& share : shares) area += share.area;
  if (!(area > 0) || !(across > 0)) {
    for (double& thickness : result) thickness = length / static_cast<double>(shares.size());
    return result;
  }
  const double room = std::max(0.0, length - area / across);
  double wanted = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    result[i] = shares[i].area / across;
    wanted += std::max(0.0, shares[i].thickness - result[i]);
  }
  const double given = wanted > 0 ? std::min(1.0, kRoomForThin * room / wanted) : 0;
  std::vector<double> least = result;
  for (std::size_t i = 0; i < shares.size(); ++i) least[i] += given * std::max(0.0, shares[i].thickness - result[i]);
  // All grow by one factor, except those that are still thinner than their least; growing less can only add to these.
  std::vector<bool> thin(shares.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    double rest = length, grown = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (thin[i]) {
        rest -= least[i];
      } else {
        grown += shares[i].area;
      }
    }
    for (std::size_t i = 0; i < shares.size(); ++i) {
      result[i] =
          thin[i] || !(grown > 0) ? least[i] : std::max(shares[i].area / across, rest * (shares[i].area / grown));
      if (thin[i] || result[i] >= least[i]) continue;
      thin[i] = true;
      changed = true;
    }
  }
  return result;
}

Slice leaf(std::size_t block, double area) {
  Slice slice;
  slice.block = block;
  slice.share = {area, std::sqrt(area / kMaxAspect)};
  return slice;
}

Slice slices(Slice::Cut cut, std::vector<Slice> parts) {
  std::erase_if(parts, [](const Slice& part) { return empty(part); });
  if (parts.size() == 1) return std::move(parts.front());
  Slice slice;
  slice.cut = cut;
  for (const Slice& part : parts) {
    slice.share.area += part.share.area;
    slice.share.thickness = std::max(slice.share.thickness, part.share.thickness);
  }
  slice.parts = std::move(parts);
  return slice;
}

Slice packed(std::vector<std::size_t> blocks, std::span<const double> areas) {
  if (blocks.empty()) return slices(Slice::Cut::Rows, {});
  std::stable_sort(blocks.begin(), blocks.end(), [&](std::size_t a, std::size_t b) { return areas[a] > areas[b]; });
  return halves(blocks, areas);
}

void cut_region(const Slice& slice, const Rectangle& region, std::vector<Rectangle>& cells) {
  if (slice.cut == Slice::Cut::Leaf) {
    cells[slice.block] = region;
    return;
  }
  if (slice.parts.empty()) return;
  const bool columns =
      slice.cut == Slice::Cut::Columns || (slice.cut == Slice::Cut::Longer && region.width_mm >= region.height_mm);
  std::vector<Share> shares;
  shares.reserve(slice.parts.size());
  for (const Slice& part : slice.parts) shares.push_back(part.share);
  const auto thickness =
      columns ? divide(shares, region.width_mm, region.height_mm) : divide(shares, region.height_mm, region.width_mm);
  Rectangle cell = region;
  for (std::size_t i = 0; i < slice.parts.size(); ++i) {
    (columns ? cell.width_mm : cell.height_mm) = thickness[i];
    cut_region(slice.parts[i], cell, cells);
    (columns ? cell.x_mm : cell.y_mm) += thickness[i];
  }
}

Rectangle settle(double area, const Rectangle& cell, Point pull) {
  Rectangle r;
  if (area > 0 && cell.width_mm > 0 && cell.height_mm > 0) {
    const double aspect = std::clamp(cell.width_mm / cell.height_mm, 1 / kMaxAspect, kMaxAspect);
    r.width_mm = std::min(std::sqrt(area * aspect), cell.width_mm);
    r.height_mm = area / r.width_mm;
    if (r.height_mm > cell.height_mm) {
      r.height_mm = cell.height_mm;
      r.width_mm = area / r.height_mm;
    }
  }
  // A cell that rounding left a hair smaller than its block leaves no choice.
  const auto position = [](double wanted, double low, double size, double own) {
    return std::clamp(wanted - own / 2, low, std::max(low, low + size - own));
  };
  r.x_mm = position(pull.x_mm, cell.x_mm, cell.width_mm, r.width_mm);
  r.y_mm = position(pull.y_mm, cell.y_mm, cell.height_mm, r.height_mm);
  return r;
}

}  // namespace kiln::floorplan
