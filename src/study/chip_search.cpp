#include "study/chip_search.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kiln/base/units.hpp"

namespace kiln::study {
namespace {

constexpr std::uint32_t kClockStep = 10;  // MHz: a clock is a round number
constexpr int kClockRounds = 4;           // until a clock is one that its loops allow
constexpr double kWorthATile = 1.01;      // a tile of its own must gain this much: it makes the file longer
constexpr int kPrices = 6;                // of area, at which the search climbs
constexpr std::size_t kPairs = 8;         // of moves, tried at a time
constexpr std::uint64_t kExpected = 400;  // points, for the progress line

/// One size: its list, in order, and where it is in a sketch.
struct Knob {
  std::vector<std::uint32_t> list;
  std::function<std::uint32_t(const ChipSketch&)> get;
  std::function<void(ChipSketch&, std::uint32_t)> set;
  double worth = 1;  ///< factor by which a move away from the beginning must raise the rate
};

using Value = std::uint32_t;

/// Whole vectors cut into 1 to `parts` equal tiles, up to what a tile may have.
std::vector<Value> parts_of(const std::vector<std::uint32_t>& widths, std::uint32_t parts) {
  std::vector<Value> list;
  for (const std::uint32_t width : widths)
    for (std::uint32_t n = 1; n <= parts; ++n) {
      const auto part = base::ceil_div(base::ceil_div(width, n), 64) * 64;
      if (part >= 64 && part <= 32768) list.push_back(static_cast<Value>(part));
    }
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

class Search {
 public:
  Search(const SearchQuestion& question, const base::Progress& progress) : question_(question), progress_(progress) {
    const auto& m = question.model;
    const std::vector<Value> inputs = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64};
    const auto rows = parts_of({m.hidden_size, m.intermediate_size}, 8);
    const std::vector<Value> columns = {256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384};
    add(
        inputs, [](auto& s) -> auto& { return s.tile.inputs_per_cycle; });
    add(
        rows, [](auto& s) -> auto& { return s.tile.rows; });
    add(
        inputs, [](auto& s) -> auto& { return s.head.inputs_per_cycle; });
    add(
        {1, 2, 3, 4, 5, 6, 8, 10, 12, 16}, [](auto& s) -> auto& { return s.beat_groups; });
    add(
        {1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 112, 128, 160, 192, 256},
        [](auto& s) -> auto& { return s.tokens_parallel; });
    add(
        columns, [](auto& s) -> auto& { return s.tile.columns; });
    add(
        columns, [](auto& s) -> auto& { return s.head.columns; });
    add(
        parts_of({m.hidden_size}, 8), [](auto& s) -> auto& { return s.head.rows; });
    add(
        {1, 2, 3, 4, 6, 8}, [](auto& s) -> auto& { return s.softmax_beats; });
    add(
        {8, 16, 32, 64}, [](auto& s) -> auto& { return s.kv_width_bytes; });
    add(
        {60, 70, 75, 80, 85, 90, 95, 100}, [](auto& s) -> auto& { return s.clock_percent; });
    for (std::size_t a = 0; a < ChipSketch{}.inputs_per_cycle.size(); ++a)
      knobs_.push_back({inputs,
                        [a](const ChipSketch& s) { return s.inputs_per_cycle[a].value_or(s.tile.inputs_per_cycle); },
                        [a](ChipSketch& s, Value value) { s.inputs_per_cycle[a] = value; }, kWorthATile});
  }

  base::Result<SearchAnswer> run() {
    for (const Value inputs : {4U, 1U}) {
      auto found = look(beginning(inputs));
      if (found) approach(*std::move(found));
      if (progress_.stopped()) return base::Error{"interrupted"};
    }
    while (answer_.best && exchange())
      if (progress_.stopped()) return base::Error{"interrupted"};
    progress_("searching", kExpected, kExpected);
    if (!answer_.best && answer_.smallest_mm2 == 0 && failure_) return *failure_;
    return answer_;
  }

 private:
  template <class Member>
  void add(std::vector<Value> list, Member member) {
    knobs_.push_back({std::move(list), [member](const ChipSketch& s) { return member(s); },
                      [member](ChipSketch& s, Value value) { member(s) = value; }});
  }

  /// As hc1: about as many cycles for each array as four inputs of 1,024 rows take.
  [[nodiscard]] ChipSketch beginning(Value inputs) const {
    ChipSketch sketch;
    const auto rows = parts_of({question_.model.hidden_size}, 4);
    sketch.tile = {rows.front(), 4096, inputs};
    sketch.head = {rows.back(), 4096, std::max(1U, inputs / 2)};
    sketch.tokens_parallel = inputs == 1 ? 16 : 64;
    return sketch;
  }

  bool feasible(const FoundChip& found) const {
    return found.facts.buildable && found.facts.area_mm2 <= question_.area_mm2;
  }

  /// What a chip is worth where area has a price: the rate over a power of the area.
  static double worth(const FoundChip& found, double price) {
    return std::log(found.facts.tokens_per_s_user) - price * std::log(found.facts.area_mm2);
  }

  static std::string key_of(const ChipSketch& s) {
    std::string key;
    const auto put = [&](std::uint64_t value) { key += std::to_string(value) + ","; };
    for (const auto* tile : {&s.tile, &s.head}) put(tile->rows), put(tile->columns), put(tile->inputs_per_cycle);
    for (const auto& own : s.inputs_per_cycle) put(own.value_or(s.tile.inputs_per_cycle));
    put(s.beat_groups), put(s.tokens_parallel), put(s.softmax_beats), put(s.kv_width_bytes), put(s.clock_percent);
    return key;
  }

  /// A round one, below what the loops and the power allow.
  [[nodiscard]] Value clock_of(const ChipSketch& sketch, double cooled_mhz) const {
    const double limit = std::min({loops_mhz_ * sketch.clock_percent / 100, cooled_mhz, 10000.0});
    return std::max(kClockStep, static_cast<Value>(limit / kClockStep) * kClockStep);
  }

  /// At the highest round clock.
  std::optional<FoundChip> look(ChipSketch sketch) {
    const auto [at, first] = seen_.try_emplace(key_of(sketch));
    if (!first) return at->second;
    std::optional<FoundChip> found;
    double cooled_mhz = 1e9;
    for (int round = 0; round < kClockRounds; ++round) {
      sketch.clock_mhz = clock_of(sketch, cooled_mhz);
      found = once(sketch);
      if (!found) break;
      loops_mhz_ = found->facts.loops_mhz;
      if (found->facts.cooled_mhz < sketch.clock_mhz) cooled_mhz = found->facts.cooled_mhz;
      if (clock_of(sketch, cooled_mhz) == sketch.clock_mhz) break;
    }
    if (found && found->facts.sound && (answer_.smallest_mm2 == 0 || found->facts.area_mm2 < answer_.smallest_mm2))
      answer_.smallest_mm2 = found->facts.area_mm2;
    seen_[key_of(sketch)] = found;
    if (found && feasible(*found) &&
        (!answer_.best || found->facts.tokens_per_s_user > answer_.best->facts.tokens_per_s_user))
      answer_.best = found;
    return found;
  }

  std::optional<FoundChip> once(const ChipSketch& sketch) {
    progress_("searching", std::min(answer_.points, kExpected - 1), kExpected);
    ++answer_.points;
    auto made = facts_of(question_, sketch);
    if (made) return FoundChip{sketch, *std::move(made)};
    if (!failure_) failure_ = made.error();
    return std::nullopt;
  }

  /// Climbs at several prices of area, until the summits are about as large as the die may be.
  void approach(FoundChip found) {
    double low = 0, high = 0, price = 2;
    for (int round = 0; round < kPrices && !progress_.stopped(); ++round) {
      climb(found, price);
      if (found.facts.area_mm2 <= question_.area_mm2) {
        high = price;
        price = (low + high) / 2;
      } else {
        low = price;
        price = high == 0 ? price * 4 : (low + high) / 2;
      }
    }
  }

  void climb(FoundChip& best, double price) {
    for (bool moved = true; moved && !progress_.stopped();) {
      moved = false;
      for (const Knob& knob : knobs_)
        for (const int direction : {1, -1})
          while (step(knob, direction, price, best)) moved = true;
    }
  }

  /// The sketch with the knob at the next value of its list, if there is one.
  static std::optional<ChipSketch> moved(const ChipSketch& sketch, const Knob& knob, int direction) {
    const Value value = knob.get(sketch);
    auto at = std::ranges::lower_bound(knob.list, value);
    if (direction < 0 ? at == knob.list.begin() : at == knob.list.end()) return std::nullopt;
    if (direction > 0 && *at == value) ++at;
    if (direction > 0 && at == knob.list.end()) return std::nullopt;
    if (direction < 0) --at;
    ChipSketch next = sketch;
    knob.set(next, *at);
    return next;
  }

  bool step(const Knob& knob, int direction, double price, FoundChip& best) {
    if (progress_.stopped()) return false;
    const auto next = moved(best.sketch, knob, direction);
    if (!next) return false;
    auto found = look(*next);
    if (!found || !found->facts.sound || worth(*found, price) <= worth(best, price) + std::log(knob.worth) + 1e-9)
      return false;
    best = *std::move(found);
    return true;
  }

  /// Of the best chip within the area one size up and another down, where the two moves alone promise something; and
  /// single ones.
  bool exchange() {
    struct Move {
      const Knob* knob;
      int direction;
      double rate, area;  // changes
    };
    const FoundChip from = *answer_.best;
    std::vector<Move> moves;
    for (const Knob& knob : knobs_)
      for (const int direction : {1, -1}) {
        const auto next = moved(from.sketch, knob, direction);
        const auto found = next && !progress_.stopped() ? look(*next) : std::nullopt;
        if (found && found->facts.sound)
          moves.push_back({&knob, direction, found->facts.tokens_per_s_user - from.facts.tokens_per_s_user,
                           found->facts.area_mm2 - from.facts.area_mm2});
      }
    struct Pair {
      const Move *up, *down;
      double rate;
    };
    std::vector<Pair> pairs;
    for (const Move& up : moves)
      for (const Move& down : moves)
        if (up.knob != down.knob && up.rate > down.rate && up.rate + down.rate > 0 &&
            from.facts.area_mm2 + up.area + down.area <= question_.area_mm2)
          pairs.push_back({&up, &down, up.rate + down.rate});
    std::ranges::stable_sort(pairs, std::greater<>(), &Pair::rate);
    for (std::size_t i = 0; i < std::min<std::size_t>(pairs.size(), kPairs) && !progress_.stopped(); ++i) {
      const auto up = moved(from.sketch, *pairs[i].up->knob, pairs[i].up->direction);
      if (const auto both = moved(*up, *pairs[i].down->knob, pairs[i].down->direction)) look(*both);
    }
    return answer_.best->facts.tokens_per_s_user > from.facts.tokens_per_s_user * (1 + 1e-9);
  }

  const SearchQuestion& question_;
  const base::Progress& progress_;
  std::vector<Knob> knobs_;
  std::map<std::string, std::optional<FoundChip>> seen_;
  SearchAnswer answer_;
  std::optional<base::Error> failure_;
  double loops_mhz_ = 1000;
};

}  // namespace

base::Result<SearchAnswer> search_chip(const SearchQuestion& question, const base::Progress& progress) {
  return Search(question, progress).run();
}

}  // namespace kiln::study
