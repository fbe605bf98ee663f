// The keys of a chip. Upper bounds keep every product that a unit forms of them below 2^63.
#include <algorithm>
#include <array>
#include <optional>

#include "config/fields.hpp"
#include "config/tile_schema.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::config {
namespace {

constexpr auto kSchedules = base::enum_names<Schedule>(
    {{Schedule::LayerSerial, "layer_serial"}, {Schedule::LayerPipelined, "layer_pipelined"}});
constexpr auto kArbitrations = base::enum_names<Arbitration>({{Arbitration::RoundRobin, "round_robin"},
                                                              {Arbitration::DecodeFirst, "decode_first"},
                                                              {Arbitration::PrefillFirst, "prefill_first"}});
constexpr auto kWhenFull = base::enum_names<WhenFull>({{WhenFull::Queue, "queue"}, {WhenFull::Refuse, "refuse"}});
constexpr Integers kWide = {1, 65536};  // lanes, rows, banks: things side by side
constexpr Integers kLatency = {1, 4096};
constexpr Integers kStages = {1, kMostLinkRegisters};
constexpr Integers kBeatGroups = {1, 64};

bool has_tiles_of_its_own(const ChipConfig& chip, std::size_t array) {
  return chip.tiles[array].has_value() && *chip.tiles[array] != chip.tile;
}

/// Each array's tile begins as a copy of `/tile`; one that changes nothing is none.
void describe_tiles(FieldVisitor& v, ChipConfig& chip) {
  for (std::size_t i = 0; i < kTileArrayNames.size(); ++i) {
    TileConfig tile = chip.tiles[i].value_or(chip.tile);
    bool given = has_tiles_of_its_own(chip, i);
    v.variant(kTileArrayNames[i], given, "/tile", [&] { describe(v, tile, Need::Optional); });
    chip.tiles[i].reset();
    if (given) chip.tiles[i] = tile;
    if (!has_tiles_of_its_own(chip, i)) chip.tiles[i].reset();
  }
}

void describe(FieldVisitor& v, ReductionConfig& reduction) {
  v.integer("fan_in", reduction.fan_in, "inputs", {2, 1024});
  v.latency("level_cycles", reduction.level_cycles, kLatency);
  v.integer("outputs_per_cycle", reduction.outputs_per_cycle, "outputs", kWide);
  v.latency("scale_cycles", reduction.scale_cycles, kLatency);
}

void describe(FieldVisitor& v, VectorConfig& vector) {
  v.integer("lanes", vector.lanes, "elements", kWide);
  v.latency("add_cycles", vector.add_cycles, kLatency);
  v.latency("sum_cycles", vector.sum_cycles, kLatency);
  v.latency("rsqrt_cycles", vector.rsqrt_cycles, kLatency);
  v.latency("scale_cycles", vector.scale_cycles, kLatency);
  v.latency("rope_cycles", vector.rope_cycles, kLatency);
  v.latency("silu_cycles", vector.silu_cycles, kLatency);
  v.latency("hadamard_cycles", vector.hadamard_cycles, kLatency);
  v.latency("quantise_cycles", vector.quantise_cycles, kLatency);
}

void describe(FieldVisitor& v, AttentionConfig& attention) {
  v.integer("input_lanes", attention.input_lanes, "elements", kWide);
  v.integer("heads_parallel", attention.heads_parallel, "KV heads", {1, 1024});
  v.integer("tokens_parallel", attention.tokens_parallel, "tokens", kWide);
  v.integer("softmax_lanes", attention.softmax_lanes, "elements", kWide);
  v.integer("output_lanes", attention.output_lanes, "elements", kWide);
  v.latency("score_cycles", attention.score_cycles, kLatency);
  v.latency("softmax_cycles", attention.softmax_cycles, kLatency);
  v.latency("value_cycles", attention.value_cycles, kLatency);
  v.latency("reciprocal_cycles", attention.reciprocal_cycles, kLatency);
}

void describe(FieldVisitor& v, KvConfig& kv) {
  v.integer("banks", kv.banks, "banks", kWide);
  v.integer("ports", kv.ports, "ports", {1, 8});
  v.integer("width_bytes", kv.width_bytes, "bytes", {1, 256});
  v.integer("depth_words", kv.depth_words, "words", {1, 1U << 24});
  v.latency("read_cycles", kv.read_cycles, kLatency);
  v.latency("write_cycles", kv.write_cycles, kLatency);
  v.integer("row_pad_words", kv.row_pad_words, "words", {0, 65536});
  v.choice("when_full", kv.when_full, kWhenFull, Need::Optional);
}

/// What the config leaves out is auto: registers as the floorplan asks for, beats as wide as the vector unit, so that it
/// takes one a cycle.
void describe_links(FieldVisitor& v, const VectorConfig& vector, LinkConfig& link) {
  const bool reads = v.takes_shorthand();
  if (reads) {
    link.beat_groups = std::clamp((vector.lanes + 63) / 64, kBeatGroups.minimum, kBeatGroups.maximum);
    for (const auto& [which, key] : kNamedLinks) link[which] = kAutomatic;
  }
  v.object_or_auto("link", [&] {
    v.integer("beat_groups", link.beat_groups, "groups", kBeatGroups, Need::Optional);
    for (const auto& [which, key] : kNamedLinks) v.latency(key, link[which], kStages, Need::Optional);
  });
}

void describe(FieldVisitor& v, LoraConfig& lora) {
  v.integer("sram_kib", lora.sram_kib, "KiB", {1, 1U << 24});
  v.integer("macs", lora.macs, "weights", {1, 1U << 24});
  v.latency("read_cycles", lora.read_cycles, kLatency);
  v.latency("multiply_cycles", lora.multiply_cycles, kLatency);
  v.latency("accumulate_cycles", lora.accumulate_cycles, kLatency);
  v.latency("quantise_cycles", lora.quantise_cycles, kLatency);
  v.latency("add_cycles", lora.add_cycles, kLatency);
}

}  // namespace

void describe(FieldVisitor& v, ChipConfig& chip) {
  v.text("name", chip.name, Text::Name);
  v.text("description", chip.description, Text::Note, Need::Optional);
  v.integer("clock_mhz", chip.clock_mhz, "MHz", {1, 10000});
  v.choice("schedule", chip.schedule, kSchedules);
  v.object("tile", [&] { describe(v, chip.tile, Need::Required); });
  bool own_tiles = false;
  for (std::size_t i = 0; i < kTileArrayNames.size(); ++i) own_tiles = own_tiles || has_tiles_of_its_own(chip, i);
  v.alternative("tiles", own_tiles, false, [&] { describe_tiles(v, chip); });
  v.object("reduction", [&] { describe(v, chip.reduction); });
  v.object("vector", [&] { describe(v, chip.vector); });
  v.object("attention", [&] { describe(v, chip.attention); });
  v.object("kv", [&] { describe(v, chip.kv); });
  v.object("embedding", [&] {
    v.latency("read_cycles", chip.embedding.read_cycles, kLatency);
    v.integer("elements_per_cycle", chip.embedding.elements_per_cycle, "elements", kWide);
  });
  v.object("sampler", [&] {
    v.integer("lanes", chip.sampler.lanes, "logits", kWide);
    v.latency("compare_cycles", chip.sampler.compare_cycles, kLatency);
    v.latency("draw_cycles", chip.sampler.draw_cycles, kLatency, Need::Optional);
    v.integer("max_top_k", chip.sampler.max_top_k, "logits", {1, 8}, Need::Optional);
    v.real("max_temperature", chip.sampler.max_temperature, "", {0, 100}, Need::Optional);
  });
  v.object("sequencer", [&] {
    v.latency("issue_cycles", chip.sequencer.issue_cycles, kLatency);
    v.latency("commit_cycles", chip.sequencer.commit_cycles, kLatency);
    v.integer("slots", chip.sequencer.slots, "users", {1, 65536}, Need::Optional);
    v.choice("turn", chip.sequencer.arbitration, kArbitrations, Need::Optional);
  });
  describe_links(v, chip.vector, chip.link);
  v.object("host", [&] {
    v.latency("latency_cycles", chip.host.latency_cycles, {1, 1U << 20});
    v.integer("cycles_per_token", chip.host.cycles_per_token, "cycles", {1, 65536});
  });
  v.object(
      "chips",
      [&] {
        v.integer("count", chip.chips.count, "chips", {1, 1024});
        v.latency("latency_cycles", chip.chips.latency_cycles, {1, 1024});
        v.integer("bytes_per_cycle", chip.chips.bytes_per_cycle, "bytes", {1, 65536});
      },
      Need::Optional);
  bool has_lora = chip.lora.has_value();
  LoraConfig lora = chip.lora.value_or(LoraConfig{});
  v.alternative("lora", has_lora, false, [&] { describe(v, lora); });
  chip.lora.reset();
  if (has_lora) chip.lora = lora;
  bool has_silicon = chip.silicon.has_value();
  SiliconConfig silicon = chip.silicon.value_or(SiliconConfig{});
  v.alternative("silicon", has_silicon, false, [&] {
    v.text("technology", silicon.technology, Text::Name);
    v.choice("rom_cell", silicon.rom_cell, kRomCellNames);
  });
  chip.silicon.reset();
  if (has_silicon) chip.silicon = silicon;
  v.notes("reasons", chip.reasons);
}

}  // namespace kiln::config
