#include "rtl/rom_words.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign reduction_tree(const rom::RomImage& image, const program::Placement& placement, program::ArrayKind kind,
                          const std::string& prefix) {
  const auto& chip = placement.chip();
  const program::ArrayPlan& plan = placement.array(kind);
  const std::uint32_t layers = layers_of(placement, kind);
  std::vector<std::uint32_t> firsts, rows;
  std::uint32_t first = 0;
  for (const auto& section : placement.dataflow().sections(kind)) {
    firsts.push_back(first);
    rows.push_back(section.rows);
    first += section.rows;
  }
  UnitDesign d;
  d.module = "kiln_reduction_tree";
  d.parameter("Tiles", plan.tiles_over_inputs);
  d.parameter("Outputs", plan.outputs);
  d.parameter("Layers", layers);
  d.parameter("BeatElements", chip.link.beat_elements());
  d.parameter("FanIn", chip.reduction.fan_in);
  d.parameter("LevelCycles", chip.reduction.level_cycles);
  d.parameter("OutputsPerCycle", chip.reduction.outputs_per_cycle);
  d.parameter("ScaleCycles", chip.reduction.scale_cycles);
  d.parameter("Sections", rows.size());
  d.parameters.emplace_back("SectionFirsts", packed_literal(firsts));
  d.parameters.emplace_back("SectionRows", packed_literal(rows));
  d.parameter("Interleave", kind == program::ArrayKind::GateUp ? 1 : 0);
  d.rom("RowScalesFile", {prefix + "_row_scales.hex", std::uint64_t{layers} * plan.outputs, 32,
                          [&image, &placement, kind, outputs = plan.outputs](std::uint64_t word, Bits& bits) {
                            std::uint64_t row = word % outputs;
                            for (const auto* matrix : matrices(image, placement, kind, word / outputs)) {
                              if (row < matrix->rows) return bits.set(0, 32, bits_of(matrix->row_scales[row]));
                              row -= matrix->rows;
                            }
                          }});
  d.input("layer_i", 16);
  d.stream_in("sums", sums_bits(plan));
  d.stream_out("y", elements_bits(chip.link));
  return d;
}

}  // namespace kiln::rtl
