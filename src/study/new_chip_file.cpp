#include "study/new_chip_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "json/value.hpp"
#include "kiln/base/units.hpp"

namespace kiln::study {
namespace {

std::string quoted(const std::string& text) { return json::write(json::Value(text)); }

std::string with_thousands(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

/// What another size would do: "+3.1 % tokens/s and +12.0 mm2".
std::string effect(const SearchQuestion& question, const FoundChip& found, const ChipSketch& other) {
  const auto made = facts_of(question, other);
  if (!made) return "not possible";
  const double rate = 100 * (made->tokens_per_s_user / found.facts.tokens_per_s_user - 1);
  return fmt::format("{:+.1f} % tokens/s, {:+.1f} mm2{}", rate, made->area_mm2 - found.facts.area_mm2,
                     made->buildable ? "" : ", not buildable");
}

std::string tile_keys(const TileSketch& tile, const TileSketch* differs_from) {
  std::vector<std::string> keys;
  const auto put = [&](const char* key, std::uint32_t value, std::uint32_t inherited) {
    if (differs_from == nullptr || value != inherited) keys.push_back(fmt::format("\"{}\": {}", key, value));
  };
  const TileSketch none;
  const TileSketch& from = differs_from == nullptr ? none : *differs_from;
  put("rows", tile.rows, from.rows);
  put("columns", tile.columns, from.columns);
  put("inputs_per_cycle", tile.inputs_per_cycle, from.inputs_per_cycle);
  return fmt::format("{{{}}}", fmt::join(keys, ", "));
}

std::string tiles_of(const ChipSketch& sketch) {
  std::vector<std::string> tiles;
  for (std::size_t a = 0; a < sketch.inputs_per_cycle.size(); ++a) {
    const std::uint32_t own = sketch.inputs_per_cycle[a].value_or(sketch.tile.inputs_per_cycle);
    if (own != sketch.tile.inputs_per_cycle)
      tiles.push_back(fmt::format("\"{}\": {{\"inputs_per_cycle\": {}}}", config::kTileArrayNames[a], own));
  }
  // All three, for a chip that it extends may have others.
  tiles.push_back(fmt::format("\"lm_head\": {}", tile_keys(sketch.head, nullptr)));
  return fmt::format("{{{}}}", fmt::join(tiles, ", "));
}

struct Reasons {
  std::string clock, tile, tiles, lanes, attention, kv;
};

Reasons reasons_of(const SearchQuestion& question, const FoundChip& found) {
  const ChipSketch& sketch = found.sketch;
  Reasons why;
  // Ten MHz are a step of the search.
  why.clock = fmt::format("{}: \"{}\" is met up to {:.0f} MHz",
                          sketch.clock_mhz + 10 > found.facts.loops_mhz
                              ? "the highest round clock that its loops allow"
                              : "below what its loops allow, for fewer cycles, less area or what can be cooled away",
                          found.facts.loop, found.facts.loops_mhz);
  ChipSketch other = sketch;
  ++other.tile.inputs_per_cycle;
  why.tile = fmt::format("the fastest that fits; inputs_per_cycle {} would be {}", other.tile.inputs_per_cycle,
                         effect(question, found, other));
  other = sketch;
  other.head = sketch.tile;
  why.tiles =
      fmt::format("the head is read once a token, not once a layer, and takes {:.0f} mm2; with /tile it would be {}",
                  found.facts.lm_head_mm2, effect(question, found, other));
  other = sketch;
  other.beat_groups *= 2;
  why.lanes = fmt::format("one beat a cycle in all units; {} would be {}", 64 * other.beat_groups,
                          effect(question, found, other));
  other = sketch;
  other.tokens_parallel *= 2;
  why.attention = fmt::format("keys and values of so many tokens a cycle; {} would be {}", other.tokens_parallel,
                              effect(question, found, other));
  const KvSize kv = kv_size(sketch, question.model, question.context);
  why.kv = fmt::format("{} tokens; {} words are read at once, and in an odd number of banks no two of them meet",
                       with_thousands(found.facts.kv_tokens), kv.banks - 1);
  return why;
}

}  // namespace

std::string chip_file(const ChipFile& about, const SearchQuestion& question, const FoundChip& found) {
  const ChipSketch& sketch = found.sketch;
  const Reasons why = reasons_of(question, found);
  const KvSize kv = kv_size(sketch, question.model, question.context);
  const std::string chips = about.dies == 1 ? "" : fmt::format("\"chips\": {{\"count\": {}}}, ", about.dies);
  const std::string of_chips = about.dies == 1 ? "" : R"("/chips/count": "as asked", )";
  std::string text = "{\n";
  text += fmt::format("  \"extends\": {}, \"name\": {},\n", quoted(about.base), quoted(about.name));
  text += fmt::format("  \"description\": {},\n", quoted(about.description));
  text += fmt::format("  \"clock_mhz\": {}, {}\"silicon\": {{\"technology\": {}}},\n", sketch.clock_mhz, chips,
                      quoted(about.technology));
  text += fmt::format("  \"tile\": {},\n  \"tiles\": {},\n", tile_keys(sketch.tile, nullptr), tiles_of(sketch));
  text += fmt::format(
      "  \"vector\": {{\"lanes\": {}}}, \"attention\": {{\"tokens_parallel\": {}, \"softmax_lanes\": {}}},\n",
      64 * sketch.beat_groups, sketch.tokens_parallel, 64 * sketch.beat_groups * sketch.softmax_beats);
  text += fmt::format("  \"kv\": {{\"banks\": {}, \"width_bytes\": {}, \"depth_words\": {}}},\n", kv.banks,
                      sketch.kv_width_bytes, kv.depth_words);
  text += fmt::format("  \"reasons\": {{\n    \"/clock_mhz\": {}, {}\"/silicon\": \"as asked\",\n", quoted(why.clock),
                      of_chips);
  text += fmt::format("    \"/tile\": {},\n    \"/tiles\": {},\n", quoted(why.tile), quoted(why.tiles));
  text +=
      fmt::format("    \"/vector/lanes\": {},\n    \"/attention\": {},\n", quoted(why.lanes), quoted(why.attention));
  text += fmt::format("    \"/kv\": {}}}}}\n", quoted(why.kv));
  return text;
}

}  // namespace kiln::study
