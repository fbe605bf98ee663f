#include "study/chip_sketch.hpp"

#include <algorithm>

#include "kiln/base/units.hpp"
#include "kiln/config/scale_lanes.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::study {
namespace {

using base::ceil_div;

void take(const TileSketch& sketch, config::TileConfig& tile) {
  tile.rows = sketch.rows;
  tile.columns = sketch.columns;
  tile.inputs_per_cycle = sketch.inputs_per_cycle;
  tile.scale_lanes = config::scale_lanes_in_time(sketch.columns, sketch.inputs_per_cycle);
}

}  // namespace

KvSize kv_size(const ChipSketch& sketch, const config::ModelConfig& model, std::uint64_t context) {
  const std::uint64_t row_words = ceil_div(model.head_dim, sketch.kv_width_bytes);
  const std::uint64_t together = std::uint64_t{sketch.tokens_parallel} * std::min(model.kv_heads, 8U);
  KvSize size;
  size.banks = static_cast<std::uint32_t>(std::min<std::uint64_t>(together | 1, 65535));
  size.banks += together % 2 == 0 ? 0 : 2;
  const std::uint64_t words = 2 * context * model.kv_heads * row_words;
  size.depth_words = static_cast<std::uint32_t>(ceil_div(words, std::uint64_t{size.banks}));
  return size;
}

config::ChipConfig chip_of(const ChipSketch& sketch, const config::ChipConfig& base, const config::ModelConfig& model,
                           std::uint64_t context) {
  config::ChipConfig chip = base;
  chip.clock_mhz = sketch.clock_mhz;
  take(sketch.tile, chip.tile);
  for (std::size_t a = 0; a < sketch.inputs_per_cycle.size(); ++a) {
    chip.tiles[a].reset();
    if (!sketch.inputs_per_cycle[a] || *sketch.inputs_per_cycle[a] == sketch.tile.inputs_per_cycle) continue;
    TileSketch own = sketch.tile;
    own.inputs_per_cycle = *sketch.inputs_per_cycle[a];
    chip.tiles[a] = chip.tile;
    take(own, *chip.tiles[a]);
  }
  auto& head = chip.tiles[static_cast<std::size_t>(program::ArrayKind::LmHead)];
  head.reset();
  if (sketch.head != sketch.tile) {
    head = chip.tile;
    take(sketch.head, *head);
  }
  const std::uint32_t lanes = 64 * sketch.beat_groups;
  chip.reduction.outputs_per_cycle = chip.vector.lanes = chip.embedding.elements_per_cycle = chip.sampler.lanes = lanes;
  chip.attention.input_lanes = chip.attention.output_lanes = lanes;
  chip.link.beat_groups = sketch.beat_groups;
  chip.attention.tokens_parallel = sketch.tokens_parallel;
  chip.attention.softmax_lanes = lanes * sketch.softmax_beats;
  const KvSize size = kv_size(sketch, model, context);
  chip.kv.width_bytes = sketch.kv_width_bytes;
  chip.kv.banks = size.banks;
  chip.kv.depth_words = size.depth_words;
  return chip;
}

}  // namespace kiln::study
