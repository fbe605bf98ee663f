#include <bit>

#include "rtl/unit_design.hpp"

namespace kiln::rtl {
namespace {

/// Layer 0's attention and FFN norm, layer 1's, ..., the final one: a word an element.
RomContent gammas(const rom::RomImage& image, const std::string& prefix) {
  const config::ModelConfig& model = image.model();
  const std::uint32_t width = model.hidden_size;
  const auto fill = [&image, width, layers = model.layers](std::uint64_t word, Bits& bits) {
    const auto norm = static_cast<std::uint32_t>(word / width);
    const base::LayerId layer{norm / 2};
    const auto gamma = norm == 2 * layers ? image.final_norm()
                       : norm % 2 == 0    ? image.attention_norm(layer)
                                          : image.ffn_norm(layer);
    bits.set(0, 32, std::bit_cast<std::uint32_t>(gamma[word % width]));
  };
  return {prefix + "_gamma.hex", (2 * std::uint64_t{model.layers} + 1) * width, 32, fill};
}

RomContent increments(const rom::RomImage& image, const std::string& prefix) {
  const auto fill = [&image](std::uint64_t word, Bits& bits) { bits.set(0, 64, image.rope_increments()[word]); };
  return {prefix + "_rope.hex", image.rope_increments().size(), 64, fill};
}

}  // namespace

UnitDesign vector_unit(const rom::RomImage& image, const program::Placement& placement, const std::string& prefix) {
  const config::ModelConfig& model = placement.model();
  const config::VectorConfig& vector = placement.chip().vector;
  const config::LinkConfig& link = placement.chip().link;
  UnitDesign design;
  design.module = "kiln_vector_unit";
  design.parameter("HiddenSize", model.hidden_size);
  design.parameter("FfnSize", model.intermediate_size);
  design.parameter("Heads", model.heads);
  design.parameter("KvHeads", model.kv_heads);
  design.parameter("HeadDim", model.head_dim);
  design.parameter("Layers", model.layers);
  design.parameter("BeatElements", link.beat_elements());
  design.parameter("Lanes", vector.lanes);
  design.parameter("AddCycles", vector.add_cycles);
  design.parameter("SumCycles", vector.sum_cycles);
  design.parameter("RsqrtCycles", vector.rsqrt_cycles);
  design.parameter("ScaleCycles", vector.scale_cycles);
  design.parameter("RopeCycles", vector.rope_cycles);
  design.parameter("SiluCycles", vector.silu_cycles);
  design.parameter("HadamardCycles", vector.hadamard_cycles);
  design.parameter("QuantiseCycles", vector.quantise_cycles);
  const auto eps = std::bit_cast<std::uint32_t>(static_cast<float>(model.rms_norm_eps));
  design.parameters.emplace_back("Eps", literal(32, eps));
  design.rom("GammaFile", gammas(image, prefix));
  design.rom("RopeFile", increments(image, prefix));
  for (const char* name : {"embedding", "qkv_tree", "attention", "o_tree", "gate_up_tree", "down_tree"})
    design.stream_in(name, elements_bits(link));
  for (const char* name : {"qkv_array", "o_array", "gate_up_array", "down_array", "lm_head_array"})
    design.stream_out(name, quantised_bits(link));
  design.stream_out("attention_out", attention_bits(link, model.head_dim));
  design.stream_out("done", 32);
  design.input("position_i", 32);
  design.input("with_logits_i", 1);
  design.output("layer_o", 16);
  return design;
}

}  // namespace kiln::rtl
