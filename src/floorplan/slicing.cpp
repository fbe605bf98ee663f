#include "floorplan/slicing.hpp"

#include <algorithm>
#include <cmath>

#include "kiln/base/result.hpp"

namespace kiln::floorplan {
namespace {

/// Of the remaining room, this much at most makes thin parts thicker.
constexpr double kRoomForThin = 0.8;

const Slice& halves(std::span<const std::size_t> sorted, std::span<const double> areas, Slices& nodes) {
  if (sorted.size() == 1) {
    const double area = areas[sorted[0]];
    return nodes.emplace_back(Slice{Slice::Cut::Leaf, sorted[0], {area, std::sqrt(area / kMaxAspect)}});
  }
  double total = 0;
  for (const std::size_t block : sorted) total += areas[block];
  // The largest come first: cut where the first part has half of it, or just above.
  std::size_t first = 1;
  double sum = areas[sorted[0]];
  while (first + 1 < sorted.size() && (total > 0 ? sum < total / 2 : first < sorted.size() / 2)) {
    sum += areas[sorted[first++]];
  }
  Slice both{Slice::Cut::Longer};
  both.add(halves(sorted.subspan(0, first), areas, nodes));
  both.add(halves(sorted.subspan(first), areas, nodes));
  return nodes.emplace_back(both);
}

/// Room for one number a part, without memory of its own for as many as a cut has.
template <class Number>
class Scratch {
 public:
  explicit Scratch(std::size_t count) {
    if (count > few_.size()) many_.resize(count);
    all_ = count > few_.size() ? std::span<Number>(many_) : std::span<Number>(few_).first(count);
  }
  Number& operator[](std::size_t i) { return all_[i]; }

 private:
  std::array<Number, kMostParts> few_{};
  std::vector<Number> many_;
  std::span<Number> all_;
};

}  // namespace

void divide(std::span<const Share> shares, double length, double across, std::span<double> result) {
  double area = 0;
  for (const Share& share : shares) area += share.area;
  if (!(area > 0) || !(across > 0)) {
    for (double& thickness : result) thickness = length / static_cast<double>(shares.size());
    return;
  }
  const double room = std::max(0.0, length - area / across);
  double wanted = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    result[i] = shares[i].area / across;
    wanted += std::max(0.0, shares[i].thickness - result[i]);
  }
  const double given = wanted > 0 ? std::min(1.0, kRoomForThin * room / wanted) : 0;
  Scratch<double> least(shares.size());
  for (std::size_t i = 0; i < shares.size(); ++i)
    least[i] = result[i] + given * std::max(0.0, shares[i].thickness - result[i]);
  // All grow by one factor, except those that are still thinner than their least; growing less can only add to these.
  Scratch<char> thin(shares.size());
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
      thin[i] = 1;
      changed = true;
    }
  }
}

void Slice::add(const Slice& part) {
  if (part.empty()) return;
  base::check(count < kMostParts, "floorplan: a cut of too many parts");
  parts[count++] = &part;
  share.area += part.share.area;
  share.thickness = std::max(share.thickness, part.share.thickness);
}

const Slice& packed(std::vector<std::size_t> blocks, std::span<const double> areas, Slices& nodes) {
  if (blocks.empty()) return nodes.emplace_back();
  std::stable_sort(blocks.begin(), blocks.end(), [&](std::size_t a, std::size_t b) { return areas[a] > areas[b]; });
  return halves(blocks, areas, nodes);
}

void cut_region(const Slice& slice, const Rectangle& region, std::vector<Rectangle>& cells) {
  if (slice.cut == Slice::Cut::Leaf) {
    cells[slice.block] = region;
    return;
  }
  if (slice.count == 0) return;
  const bool columns =
      slice.cut == Slice::Cut::Columns || (slice.cut == Slice::Cut::Longer && region.width_mm >= region.height_mm);
  std::array<Share, kMostParts> shares;
  std::array<double, kMostParts> thickness;
  for (std::size_t i = 0; i < slice.count; ++i) shares[i] = slice.parts[i]->share;
  divide(std::span(shares).first(slice.count), columns ? region.width_mm : region.height_mm,
         columns ? region.height_mm : region.width_mm, std::span(thickness).first(slice.count));
  Rectangle cell = region;
  for (std::size_t i = 0; i < slice.count; ++i) {
    (columns ? cell.width_mm : cell.height_mm) = thickness[i];
    cut_region(*slice.parts[i], cell, cells);
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
