// An array's reduction tree as RTL: docs/units/reduction_tree.md
#include <bit>

#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign reduction_tree(const rom::RomImage& image, const program::Placement& placement, program::ArrayKind kind,
                          const std::string& prefix) {
  const config::ChipConfig& chip = placement.chip();
  const program::ArrayPlan& plan = placement.array(kind);
  std::vector<std::uint32_t> firsts, rows;
  std::vector<std::span<const float>> scales;  // layer by layer, in the order of the array's columns
  std::uint32_t first = 0;
  for (const auto& section : placement.dataflow().sections(kind)) {
    firsts.push_back(first);
    rows.push_back(section.rows);
    first += section.rows;
  }
  for (std::uint32_t layer = 0; layer < plan.instances; ++layer)
    for (const auto& section : placement.dataflow().sections(kind))
      scales.push_back(image.tensor(section.tensor_class, base::LayerId{layer}).matrix.row_scales);
  UnitDesign design;
  design.module = "kiln_reduction_tree";
  design.parameter("Tiles", plan.tiles_over_inputs);
  design.parameter("Outputs", plan.outputs);
  design.parameter("Layers", plan.instances);
  design.parameter("BeatElements", chip.link.beat_elements());
  design.parameter("FanIn", chip.reduction.fan_in);
  design.parameter("LevelCycles", chip.reduction.level_cycles);
  design.parameter("OutputsPerCycle", chip.reduction.outputs_per_cycle);
  design.parameter("ScaleCycles", chip.reduction.scale_cycles);
  design.parameter("Sections", firsts.size());
  design.parameters.emplace_back("SectionFirsts", packed_literal(firsts));
  design.parameters.emplace_back("SectionRows", packed_literal(rows));
  design.parameter("Interleave", kind == program::ArrayKind::GateUp ? 1 : 0);
  design.rom("RowScalesFile", {prefix + "_row_scales.hex", std::uint64_t{plan.instances} * plan.outputs, 32,
                               [scales, firsts, outputs = plan.outputs](std::uint64_t word, Bits& bits) {
                                 const std::uint64_t column = word % outputs;
                                 std::size_t section = firsts.size() - 1;
                                 while (firsts[section] > column) --section;
                                 const auto& of = scales[word / outputs * firsts.size() + section];
                                 bits.set(0, 32, std::bit_cast<std::uint32_t>(of[column - firsts[section]]));
                               }});
  design.input("layer_i", 16);
  design.stream_in("sums", sums_bits(plan));
  design.stream_out("y", elements_bits(chip.link));
  return design;
}

}  // namespace kiln::rtl
