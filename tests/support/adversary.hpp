// A search that knows what belongs together in a chip: it climbs from several beginnings at several prices of area, each
// design judged at the clock that its loops and its power allow; then exchanges sizes by twos and threes at the limit;
// then takes random steps of several keys. One seed, one answer. The strongest search of this project: what it finds free,
// others find too.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "support/design_moves.hpp"

namespace kiln::test {

class Adversary {
 public:
  /// Hunts within `search`'s limits, over all keys or `only` some.
  Adversary(DesignEvaluator& search, std::uint64_t seed, const std::set<std::string>& only = {})
      : search_(search), random_(seed), base_(search.evaluate({})), moves_(search.keys(), base_, only) {}

  Found hunt(const std::vector<Design>& beginnings, std::uint64_t evaluations) {
    end_ = search_.evaluations() + evaluations;
    best_ = base_;
    const std::uint64_t each = evaluations * 2 / 5 / beginnings.size();
    for (const Design& design : beginnings) {
      const std::uint64_t until = std::min(end_, search_.evaluations() + each);
      const Found from = look(base_, design);
      if (from.placed) approach(from, until);
    }
    while (!over()) {
      while (!over() && exchange()) {
      }
      wander(std::min(end_, search_.evaluations() + evaluations / 10));
    }
    return tidied(best_);
  }

 private:
  struct Move {
    const Knob* knob;
    double factor;
    Design design;
    double gain = 0, area = 0;  ///< of the logarithms
  };

  [[nodiscard]] bool over() const { return search_.evaluations() >= end_; }

  /// The clock that loops and power would allow, over the clock.
  [[nodiscard]] double faster(const Found& found) const {
    // By hc1: a fifth more MHz take a seventh more watts.
    const double cooled = std::pow(search_.limits().power_w / found.power_w, kWattsOfClock);
    return std::min(found.loops_mhz / found.clock_mhz, cooled);
  }

  /// What a design is worth where area has a price, at that clock.
  [[nodiscard]] double worth(const Found& found, double price) const {
    if (!found.placed) return -1e9;
    return std::log(found.rate) + kRateOfClock * std::log(faster(found)) -
           price * std::log(found.area_mm2 / search_.limits().area_mm2) - 4 * found.other -
           2e-5 * static_cast<double>(found.design.size());
  }

  Found look(const Found& similar, const Design& design) {
    const Found found = search_.screen(similar, design);
    if (found.placed) consider(found);
    return found;
  }

  /// Whether it is the best so far, at the clock that it may have and with its own floorplan.
  void consider(const Found& found) {
    const double room = search_.limits().area_mm2 - found.area_mm2;
    if (found.other > 0 || room < -0.001 * found.area_mm2) return;
    if (worth(found, 0) < std::log(best_.rate) + 1e-4) return;
    if (!found.screened && found.excess == 0 && found.rate > best_.rate) best_ = found;
    Found at = found;
    for (int round = 0; round < 4 && !over(); ++round) {
      const double factor = faster(at);
      if (std::abs(factor - 1) < 1e-3 && at.excess == 0 && !at.screened) break;
      Design design = at.design;
      design["/clock_mhz"] = static_cast<std::uint64_t>(at.clock_mhz * factor * (round == 3 ? 0.998 : 1));
      at = round == 0 ? search_.screen(at, design) : search_.evaluate(design);
      if (!at.placed || worth(at, 0) < std::log(best_.rate)) return;
      if (!at.screened && at.excess == 0 && at.rate > best_.rate) best_ = at;
    }
  }

  /// A chip at the price at which it is about as large as it may be.
  void approach(Found from, std::uint64_t until) {
    double low = 0, high = 0, price = 1;
    for (int round = 0; round < 5 && search_.evaluations() < until; ++round) {
      from = climb(from, price, round == 0 ? 1.5 : 1.2, until);
      price_ = price;
      if (from.area_mm2 <= search_.limits().area_mm2) {
        high = price;
        price = (low + high) / 2;
      } else {
        low = price;
        price = high == 0 ? price * 3 : (low + high) / 2;
      }
    }
  }

  Found climb(Found best, double price, double factor, std::uint64_t until) {
    std::vector<const Knob*> order;
    for (const Knob& knob : moves_.knobs())
      if (!knob.rare) order.push_back(&knob);
    for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random_.below(i + 1)]);
    for (bool better = true; better && search_.evaluations() < until;) {
      better = false;
      for (const Knob* knob : order)
        for (const double by : {factor, 1 / factor})
          while (search_.evaluations() < until) {
            const auto next = moves_.moved(best, best.design, *knob, by);
            if (!next) break;
            const Found found = look(best, *next);
            if (worth(found, price) <= worth(best, price) + 1e-5) break;
            best = found;
            better = true;
          }
    }
    return best;
  }

  /// Of the best, single moves; then two and three of them at once where they promise something.
  bool exchange() {
    const Found from = best_;
    std::vector<Move> moves;
    const double own = worth(from, 0);
    for (const Knob& knob : moves_.knobs()) {
      if (knob.rare && random_.below(8) != 0) continue;
      const double factor = kFactors[random_.below(kFactors.size())];
      for (const double by : {factor, 1 / factor}) {
        if (over()) return false;
        const auto design = moves_.moved(from, from.design, knob, by);
        if (!design) continue;
        const Found found = look(from, *design);
        if (!found.placed || found.other > 0) continue;
        Move move{&knob, by, *design, worth(found, 0) - own, std::log(found.area_mm2 / from.area_mm2)};
        if (std::abs(move.gain) > 1e-4 || std::abs(move.area) > 1e-5) moves.push_back(std::move(move));
      }
    }
    try_together(from, moves);
    return best_.rate > from.rate * (1 + 1e-6);
  }

  void try_together(const Found& from, const std::vector<Move>& moves) {
    const double room = std::log(search_.limits().area_mm2 / from.area_mm2);
    struct Set {
      std::vector<const Move*> moves;
      double gain = 0;
    };
    std::vector<Set> sets;
    const auto add = [&](std::vector<const Move*> some) {
      Set set{std::move(some)};
      double area = 0;
      for (const Move* move : set.moves) set.gain += move->gain, area += move->area;
      if (set.gain > 2e-4 && area <= room + 2e-4) sets.push_back(std::move(set));
    };
    for (std::size_t a = 0; a < moves.size(); ++a)
      for (std::size_t b = a + 1; b < moves.size(); ++b) {
        if (moves[a].knob == moves[b].knob) continue;
        add({&moves[a], &moves[b]});
        for (std::size_t c = b + 1; c < moves.size(); ++c)
          if (moves[c].knob != moves[a].knob && moves[c].knob != moves[b].knob) add({&moves[a], &moves[b], &moves[c]});
      }
    const std::size_t few = std::min<std::size_t>(sets.size(), 30);
    std::partial_sort(sets.begin(), sets.begin() + static_cast<std::ptrdiff_t>(few), sets.end(),
                      [](const Set& a, const Set& b) { return a.gain > b.gain; });
    for (std::size_t i = 0; i < few && !over(); ++i) {
      std::optional<Design> design = from.design;
      for (const Move* move : sets[i].moves)
        if (design) design = moves_.moved(from, *design, *move->knob, move->factor);
      if (!design) continue;
      const double before = best_.rate;
      look(from, *design);
      for (bool better = best_.rate > before; better && !over();) better = again(sets[i].moves);
    }
  }

  /// The same moves from the best.
  bool again(const std::vector<const Move*>& moves) {
    const Found from = best_;
    std::optional<Design> design = from.design;
    for (const Move* move : moves)
      if (design) design = moves_.moved(from, *design, *move->knob, move->factor);
    if (design) look(from, *design);
    return best_.rate > from.rate * (1 + 1e-5);
  }

  /// Random steps of one to four moves from the best, less and less downwards.
  void wander(std::uint64_t until) {
    Found now = best_;
    const std::uint64_t first = search_.evaluations();
    const double price = std::max(price_, 0.3);
    while (search_.evaluations() < until) {
      const double done = double(search_.evaluations() - first) / double(until - first);
      std::optional<Design> design = now.design;
      for (std::uint64_t i = 0, count = 1 + random_.below(4); i < count && design; ++i) {
        const double factor = kFactors[random_.below(kFactors.size())];
        const auto next = moves_.moved(now, *design, moves_.knobs()[random_.below(moves_.knobs().size())],
                                       random_.below(2) == 0 ? factor : 1 / factor);
        if (next) design = next;
      }
      if (!design->empty() && random_.below(4) == 0) {
        auto at = design->begin();
        std::advance(at, static_cast<std::ptrdiff_t>(random_.below(design->size())));
        design->erase(at);
      }
      const Found found = look(now, *design);
      const double gain = value(found, price) - value(now, price);
      if (gain >= 0 || random_.unit() < std::exp(gain / (0.02 * (1 - done) + 1e-6))) now = found;
    }
  }

  /// Area within the limit is worth its price, beyond it much more.
  [[nodiscard]] double value(const Found& found, double price) const {
    return worth(found, found.area_mm2 > search_.limits().area_mm2 ? 4 : price / 2);
  }

  /// Without the keys that do nothing; all of it as `kiln cost` has it.
  Found tidied(const Found& found) {
    Found best = search_.evaluate(found.design);
    for (const auto& [key, value] : found.design) {
      Design without = best.design;
      without.erase(key);
      const Found next = search_.evaluate(without);
      if (next.excess == 0 && next.rate > best.rate * (1 - 1e-5)) best = next;
    }
    return best;
  }

  static constexpr double kWattsOfClock = 1.3, kRateOfClock = 0.89;
  static constexpr std::array<double, 5> kFactors = {1.02, 1.08, 1.25, 1.5, 2};

  DesignEvaluator& search_;
  base::Random random_;
  Found base_, best_;
  DesignMoves moves_;
  std::uint64_t end_ = 0;
  double price_ = 1;
};

}  // namespace kiln::test
