// The search for the arrangement of a stage: single moves and exchanges of clusters as long as its cost falls, from
// several beginnings.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "floorplan/stage_layout.hpp"

namespace kiln::floorplan {
namespace {

using program::Unit;

/// How much a millimetre of a link weighs: about how often a token of a layer uses it.
constexpr double weight_of(config::Link link) {
  using config::Link;
  switch (link) {
    case Link::VectorToArray:
    case Link::ArrayToTree:
    case Link::TreeToVector:
      return 4;
    case Link::VectorToAttention:
    case Link::AttentionToVector:
      return 1;
    case Link::SequencerToEmbedding:
    case Link::EmbeddingToVector:
    case Link::TreeToSampler:
    case Link::SamplerToSequencer:
    case Link::VectorToSequencer:
      return 0.05;
    case Link::VectorToVector:
      break;  // between stages
  }
  return 0;
}

constexpr double kScatterWeight = 0.02;  ///< of every block's distance from the centre: settles what no link decides
constexpr double kAspectWeight = 0.2;    ///< of a fourfold of kMaxAspect, in edges of the region
constexpr double kGain = 1e-9;           ///< a move must gain more than rounding makes
constexpr int kRounds = 8;
constexpr std::uint64_t kStarts = 12;  ///< searches, of which the best counts

double cost(const SiteIndex& index, std::span<const Site> sites, const Rectangle& region) {
  const Ways ways = longest_ways(index, sites);
  double sum = 0;
  for (std::size_t i = 0; i < ways.size(); ++i) sum += weight_of(config::kNamedLinks[i].link) * ways[i].length_mm;
  Point heart = centre(region);
  for (const Site& site : sites) {
    if (site.unit == Unit::VectorUnit) heart = centre(site.place);
  }
  const double edge = std::sqrt(region.width_mm * region.height_mm);
  for (const Site& site : sites) {
    const Point at = centre(site.place);
    sum += kScatterWeight * (std::abs(at.x_mm - heart.x_mm) + std::abs(at.y_mm - heart.y_mm));
    const double width = site.place.width_mm, height = site.place.height_mm;
    if (!(width > 0) || !(height > 0)) continue;
    const double aspect = std::max(width / height, height / width) / kMaxAspect;
    if (aspect > 1) sum += kAspectWeight * edge * (std::sqrt(aspect) - 1);
  }
  return sum;
}

std::vector<Site> sites_of(std::span<const StageBlock> blocks) {
  std::vector<Site> sites;
  for (const StageBlock& block : blocks) sites.push_back(block.site);
  return sites;
}

/// By hand: large arrays on both sides, memory above, blocks outside the layers below.
Arrangement by_hand() {
  Arrangement a;
  a.slots = {Slot::Left,  Slot::Left,  Slot::Right, Slot::Left, Slot::Below,
             Slot::Above, Slot::Below, Slot::Above, Slot::Left};
  return a;
}

/// Anyhow, but always the same.
Arrangement shuffled(std::uint64_t number) {
  base::Random random(number);
  Arrangement a;
  for (Slot& slot : a.slots) slot = kSlots[random.below(kSlots.size())];
  a.slots[static_cast<std::size_t>(Cluster::Io)] = Slot::Left;
  for (std::size_t i = kClusters - 1; i > 0; --i) std::swap(a.order[i], a.order[random.below(i + 1)]);
  return a;
}

class Search {
 public:
  Search(const Rectangle& region, std::span<const StageBlock> blocks)
      : region_(region),
        blocks_(blocks.begin(), blocks.end()),
        layout_(blocks),
        sites_(sites_of(blocks)),
        index_(sites_) {
    for (const StageBlock& block : blocks) {
      const auto cluster = static_cast<std::size_t>(cluster_of(block.site.unit, block.kind));
      if (cluster < kClusters) present_[cluster] = true;
    }
  }
  /// The arrangement that no single move makes better, and its cost.
  std::pair<double, Arrangement> descend(Arrangement best) {
    double lowest = cost_of(best);
    bool better = true;
    for (int round = 0; round < kRounds && better; ++round) {
      better = false;
      const auto attempt = [&](const Arrangement& next) {
        const double c = cost_of(next);
        if (c >= lowest * (1 - kGain)) return;
        lowest = c;
        best = next;
        better = true;
      };
      for (std::size_t cluster = 0; cluster < kClusters; ++cluster) {
        if (!present_[cluster]) continue;
        for (const Slot slot : kSlots) {
          // What leads off the chip stays at the region's edge.
          if (slot == best.slots[cluster] || cluster == static_cast<std::size_t>(Cluster::Io)) continue;
          Arrangement next = best;
          next.slots[cluster] = slot;
          attempt(next);
        }
      }
      for (std::size_t a = 0; a < kClusters; ++a) {
        for (std::size_t b = a + 1; b < kClusters; ++b) {
          Arrangement next = best;
          if (exchange(next, a, b)) attempt(next);
        }
      }
    }
    return {lowest, best};
  }

 private:
  /// Two clusters change places; false if that changes nothing or takes the chip's edge from what needs it.
  [[nodiscard]] bool exchange(Arrangement& arrangement, std::size_t a, std::size_t b) const {
    const std::uint8_t one = arrangement.order[a], other = arrangement.order[b];
    if (!present_[one] || !present_[other]) return false;
    Slot& from = arrangement.slots[one];
    Slot& to = arrangement.slots[other];
    const auto io = static_cast<std::size_t>(Cluster::Io);
    if (from != to && (one == io || other == io)) return false;
    std::swap(from, to);
    std::swap(arrangement.order[a], arrangement.order[b]);
    return true;
  }
  double cost_of(const Arrangement& arrangement) {
    layout_.arrange(arrangement, region_, blocks_);
    for (std::size_t i = 0; i < blocks_.size(); ++i) sites_[i].place = blocks_[i].site.place;
    return cost(index_, sites_, region_);
  }
  Rectangle region_;
  std::vector<StageBlock> blocks_;
  Layout layout_;
  std::vector<Site> sites_;
  SiteIndex index_;
  std::array<bool, kClusters> present_{};
};

}  // namespace

Arrangement best_arrangement(const Rectangle& region, std::span<const StageBlock> blocks) {
  Search search(region, blocks);
  std::pair<double, Arrangement> best;
  for (std::uint64_t number = 0; number < kStarts; ++number) {
    Arrangement first = number < 4 ? by_hand() : shuffled(number);
    first.lying = (number & 1) != 0;
    first.small_in_heart = (number & 2) != 0;
    auto found = search.descend(first);
    if (number == 0 || found.first < best.first * (1 - kGain)) best = found;
  }
  return best.second;
}

}  // namespace kiln::floorplan
