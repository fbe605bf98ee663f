// The stated list of changes for each group of a token's time. docs/report.md has it in words.
#include <fmt/format.h>

#include <algorithm>

#include "kiln/config/latencies.hpp"
#include "study/what_if.hpp"

namespace kiln::study {
namespace {

using config::ChipConfig;

/// How far one number is raised for the next value that the closed form tells apart.
constexpr std::uint32_t kMostSteps = 32;

NumberKey number(const char* name, std::uint32_t& (*value)(ChipConfig&)) { return {name, value}; }

/// A key of the tiles of array `array`, or, with none, of /tile.
NumberKey of_tile(const char* key, std::uint32_t config::TileConfig::*member, std::optional<std::size_t> array) {
  if (!array)
    return {fmt::format("tile.{}", key), [member](ChipConfig& chip) -> std::uint32_t& { return chip.tile.*member; }};
  return {fmt::format("tiles.{}.{}", config::kTileArrayNames[*array], key),
          [member, array](ChipConfig& chip) -> std::uint32_t& {
            auto& own = chip.tiles[*array];
            if (!own) own = chip.tile;
            return (*own).*member;
          }};
}

class List {
 public:
  List(TimeGroup group, const Probe& probe) : group_(group), probe_(probe) {}

  /// The next larger value with which a token takes less, where one is near.
  void next(const NumberKey& key) {
    const std::uint32_t now = value(key);
    for (std::uint32_t to = now + 1; to <= now + kMostSteps && to < 2 * now; ++to)
      if (faster(key, to)) return add(key, to);
  }
  void twice(const NumberKey& key) {
    if (faster(key, 2 * value(key))) add(key, 2 * value(key));
  }
  void half(const NumberKey& key) {
    if (value(key) > 1 && faster(key, value(key) / 2)) add(key, value(key) / 2);
  }
  /// Of keys that act on what the closed form's token has from elsewhere: the beat of links that are `auto`, the clock.
  void always(const NumberKey& key, std::uint32_t percent) { add(key, value(key) * percent / 100); }
  /// Where all keys below a pointer, or a latency, are numbers.
  void automatic(const std::string& key, const std::string& pointer) {
    const auto& already = probe_.chip().automatic;
    if (std::ranges::any_of(already, [&](const auto& p) { return p.starts_with(pointer); })) return;
    candidates_.push_back({group_, {{key, "numbers", "auto"}}, key + " -> auto"});
  }
  void together(const std::vector<NumberKey>& keys, const std::string& what) {
    Candidate candidate{group_, {}, what};
    for (const auto& key : keys) candidate.changes.push_back(change_of(key, probe_.chip(), 2 * value(key)));
    candidates_.push_back(std::move(candidate));
  }
  [[nodiscard]] std::vector<Candidate> take() { return std::move(candidates_); }

 private:
  [[nodiscard]] std::uint32_t value(const NumberKey& key) const {
    ChipConfig chip = probe_.chip();
    return key.value(chip);
  }
  /// A token takes less, latencies and links as they are: a point costs milliseconds, this hardly anything.
  [[nodiscard]] bool faster(const NumberKey& key, std::uint32_t to) const {
    const auto token = probe_.at(key, to);
    return token && token->cycles < probe_.now().cycles;
  }
  void add(const NumberKey& key, std::uint32_t to) {
    const auto change = change_of(key, probe_.chip(), to);
    for (const auto& had : candidates_)
      if (had.changes == std::vector{change}) return;
    candidates_.push_back({group_, {change}, words_of(change)});
  }
  TimeGroup group_;
  const Probe& probe_;
  std::vector<Candidate> candidates_;
};

void tiles(List& list, std::optional<std::size_t> array) {
  const auto inputs = of_tile("inputs_per_cycle", &config::TileConfig::inputs_per_cycle, array);
  list.next(inputs);
  list.twice(inputs);
  list.half(of_tile("rows", &config::TileConfig::rows, array));
}

constexpr std::size_t kHead = static_cast<std::size_t>(program::ArrayKind::LmHead);

void weights(List& list, const ChipConfig& chip) {
  const auto own = [&](std::size_t array) { return chip.tiles[array].has_value(); };
  bool shared = false;
  for (std::size_t array = 0; array < kHead; ++array) shared = shared || !own(array);
  if (shared) tiles(list, std::nullopt);
  for (std::size_t array = 0; array < kHead; ++array)
    if (own(array)) tiles(list, array);
}

void attention(List& list) {
  const auto tokens = number(
      "attention.tokens_parallel", [](ChipConfig & c) -> auto& { return c.attention.tokens_parallel; });
  const auto heads = number(
      "attention.heads_parallel", [](ChipConfig & c) -> auto& { return c.attention.heads_parallel; });
  list.next(tokens);
  list.twice(tokens);
  list.next(heads);
  list.twice(heads);
  list.twice(number(
      "attention.softmax_lanes", [](ChipConfig & c) -> auto& { return c.attention.softmax_lanes; }));
}

const NumberKey kVectorLanes = {"vector.lanes", [](ChipConfig& c) -> std::uint32_t& { return c.vector.lanes; }};
const NumberKey kTreeOutputs = {"reduction.outputs_per_cycle",
                                [](ChipConfig& c) -> std::uint32_t& { return c.reduction.outputs_per_cycle; }};

/// All that handles a beat, at once: one of them alone waits for the others.
void whole_beat(List& list, const ChipConfig& chip) {
  std::vector<NumberKey> keys = {
      kVectorLanes,
      kTreeOutputs,
      number(
          "attention.input_lanes", [](ChipConfig & c) -> auto& { return c.attention.input_lanes; }),
      number(
          "attention.output_lanes", [](ChipConfig & c) -> auto& { return c.attention.output_lanes; }),
      number(
          "embedding.elements_per_cycle", [](ChipConfig & c) -> auto& { return c.embedding.elements_per_cycle; }),
      number(
          "sampler.lanes", [](ChipConfig & c) -> auto& { return c.sampler.lanes; })};
  const bool links = std::ranges::any_of(chip.automatic, [](const auto& p) { return p.starts_with("/link/"); });
  // Where all links are "auto" the beat follows from the vector unit's lanes.
  if (!links)
    keys.push_back(number(
        "link.beat_groups", [](ChipConfig & c) -> auto& { return c.link.beat_groups; }));
  list.together(
      keys, fmt::format("beats of {} -> {}, all lanes x 2", chip.link.beat_elements(), 2 * chip.link.beat_elements()));
}

}  // namespace

std::vector<Candidate> candidates(TimeGroup group, const Probe& probe) {
  List list(group, probe);
  const ChipConfig& chip = probe.chip();
  switch (group) {
    case TimeGroup::Weights:
      weights(list, chip);
      break;
    case TimeGroup::Attention:
      attention(list);
      break;
    case TimeGroup::Elementwise:
      list.always(kVectorLanes, 200);
      whole_beat(list, chip);
      break;
    case TimeGroup::Sums:
      list.twice(kTreeOutputs);
      list.twice(number(
          "reduction.fan_in", [](ChipConfig & c) -> auto& { return c.reduction.fan_in; }));
      whole_beat(list, chip);
      break;
    case TimeGroup::Wires: {
      const auto clock = number(
          "clock_mhz", [](ChipConfig & c) -> auto& { return c.clock_mhz; });
      list.automatic("link", "/link/");
      list.always(clock, 105);
      break;
    }
    case TimeGroup::Head:
      tiles(list, kHead);
      list.twice(number(
          "sampler.lanes", [](ChipConfig & c) -> auto& { return c.sampler.lanes; }));
      break;
    case TimeGroup::Host:
      list.automatic("host.latency_cycles", "/host/latency_cycles");
      break;
  }
  return list.take();
}

}  // namespace kiln::study
