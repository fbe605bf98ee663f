#include "floorplan/ways.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "program/link_ends.hpp"

namespace kiln::floorplan {
namespace {

using config::Link;
using program::ArrayKind;
using program::Unit;
using Blocks = std::vector<std::size_t>;

constexpr std::array<ArrayKind, program::kArrays> kKinds = {ArrayKind::Qkv, ArrayKind::O, ArrayKind::GateUp,
                                                            ArrayKind::Down, ArrayKind::LmHead};

bool reached_at_every_tile(Unit unit) {
  return unit == Unit::EmbeddingRom ||
         std::any_of(kKinds.begin(), kKinds.end(), [&](ArrayKind kind) { return unit == program::array_unit(kind); });
}

/// Half the distance between the centres of the outermost cells.
Point reach(const Site& site) {
  if (site.tiles <= 1 || !reached_at_every_tile(site.unit)) return {};
  const TileGrid grid = tile_grid(site.tiles, site.place);
  const auto half = [](double size, std::uint64_t cells) { return size / 2 * (1 - 1 / static_cast<double>(cells)); };
  return {half(site.place.width_mm, grid.columns), half(site.place.height_mm, grid.rows)};
}

double way(const Site& a, const Site& b) {
  const Point from = centre(a.place), to = centre(b.place), ra = reach(a), rb = reach(b);
  return std::abs(from.x_mm - to.x_mm) + ra.x_mm + rb.x_mm + std::abs(from.y_mm - to.y_mm) + ra.y_mm + rb.y_mm;
}

const Blocks& of(const Units& units, Unit unit) { return units[static_cast<std::size_t>(unit)]; }

class Longest {
 public:
  explicit Longest(std::span<const Site> sites) : sites_(sites) {}
  void connect(Link link, const Blocks& from, const Blocks& to) {
    Way& longest = ways_[static_cast<std::size_t>(link)];
    for (const std::size_t a : from) {
      for (const std::size_t b : to) {
        const double length = way(sites_[a], sites_[b]);
        if (longest.exists && length <= longest.length_mm) continue;
        longest = {length, true, a, b};
      }
    }
  }
  /// The links whose ends are both among these units, except those between stages and with the sequencer.
  void connect_inside(const Units& stage) {
    for (const auto& [link, from, to] : program::link_ends())
      if (from != to && from != Unit::Sequencer && to != Unit::Sequencer) connect(link, of(stage, from), of(stage, to));
  }
  [[nodiscard]] const Ways& ways() const { return ways_; }

 private:
  std::span<const Site> sites_;
  Ways ways_{};
};

bool has_layers(const Units& stage) {
  return std::any_of(kKinds.begin(), kKinds.end(), [&](ArrayKind kind) {
    return kind != ArrayKind::LmHead && !of(stage, program::array_unit(kind)).empty();
  });
}

}  // namespace

TileGrid tile_grid(std::uint64_t tiles, const Rectangle& place) {
  if (tiles <= 1 || !(place.width_mm > 0) || !(place.height_mm > 0)) return {std::max<std::uint64_t>(tiles, 1), 1};
  const double columns = std::sqrt(static_cast<double>(tiles) * (place.width_mm / place.height_mm));
  TileGrid grid;
  // A fraction of a column too few would make a row too many.
  grid.columns = std::clamp<std::uint64_t>(
      columns < static_cast<double>(tiles) ? static_cast<std::uint64_t>(std::llround(columns)) : tiles, 1, tiles);
  grid.rows = tiles / grid.columns + (tiles % grid.columns != 0 ? 1 : 0);
  return grid;
}

SiteIndex::SiteIndex(std::span<const Site> sites) {
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const auto unit = static_cast<std::size_t>(sites[i].unit);
    all[unit].push_back(i);
    if (!program::stageless(sites[i].unit)) stages[sites[i].stage][unit].push_back(i);
  }
}

Ways longest_ways(const SiteIndex& index, std::span<const Site> sites) {
  Longest longest(sites);
  const Blocks& sequencer = of(index.all, Unit::Sequencer);
  longest.connect(Link::SequencerToEmbedding, sequencer, of(index.all, Unit::EmbeddingRom));
  longest.connect(Link::SamplerToSequencer, of(index.all, Unit::Sampler), sequencer);
  // To the sequencer go the ends of tokens without logits, and the news that the first stage is free.
  const Blocks* first = nullptr;
  const Blocks* before = nullptr;
  const Blocks* last = nullptr;
  for (const auto& [number, stage] : index.stages) {
    longest.connect_inside(stage);
    const Blocks& vector = of(stage, Unit::VectorUnit);
    if (vector.empty()) continue;
    if (before != nullptr) longest.connect(Link::VectorToVector, *before, vector);
    if (first == nullptr) first = &vector;
    if (last == nullptr || has_layers(stage)) last = &vector;
    before = &vector;
  }
  if (first != nullptr) {
    longest.connect(Link::VectorToSequencer, *first, sequencer);
    longest.connect(Link::VectorToSequencer, *last, sequencer);
  }
  return longest.ways();
}

}  // namespace kiln::floorplan
