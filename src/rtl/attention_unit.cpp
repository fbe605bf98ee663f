// The attention unit with its KV SRAM as RTL: docs/units/attention_unit.md, docs/units/kv_sram.md
#include <bit>

#include "numerics/vector_ops.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign attention_unit(const program::Placement& placement) {
  const config::ModelConfig& model = placement.model();
  const config::ChipConfig& chip = placement.chip();
  UnitDesign design;
  design.module = "kiln_attention_unit";
  design.parameter("Heads", model.heads);
  design.parameter("KvHeads", model.kv_heads);
  design.parameter("HeadDim", model.head_dim);
  design.parameter("Layers", model.layers);
  design.parameter("BeatElements", chip.link.beat_elements());
  design.parameter("Capacity", placement.kv().capacity_tokens);
  design.parameter("InputLanes", chip.attention.input_lanes);
  design.parameter("HeadsParallel", chip.attention.heads_parallel);
  design.parameter("TokensParallel", chip.attention.tokens_parallel);
  design.parameter("SoftmaxLanes", chip.attention.softmax_lanes);
  design.parameter("OutputLanes", chip.attention.output_lanes);
  design.parameter("ScoreCycles", chip.attention.score_cycles);
  design.parameter("SoftmaxCycles", chip.attention.softmax_cycles);
  design.parameter("ValueCycles", chip.attention.value_cycles);
  design.parameter("ReciprocalCycles", chip.attention.reciprocal_cycles);
  design.parameter("Banks", chip.kv.banks);
  design.parameter("Ports", chip.kv.ports);
  design.parameter("WidthBytes", chip.kv.width_bytes);
  design.parameter("DepthWords", chip.kv.depth_words);
  design.parameter("KvReadCycles", chip.kv.read_cycles);
  design.parameter("KvWriteCycles", chip.kv.write_cycles);
  design.parameter("RowPadWords", chip.kv.row_pad_words);
  design.parameters.emplace_back("ScoreFactor",
                                 literal(32, std::bit_cast<std::uint32_t>(numerics::score_factor(model.head_dim))));
  design.input("position_i", 32);
  design.input("layer_i", 16);
  design.stream_in("qkv", attention_bits(chip.link, model.head_dim));
  design.stream_out("y", elements_bits(chip.link));
  return design;
}

}  // namespace kiln::rtl
