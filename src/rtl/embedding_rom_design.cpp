// The embedding ROM as RTL: docs/units/embedding_rom.md
#include <bit>

#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign embedding_rom(const rom::RomImage& image, const program::Placement& placement, const std::string& prefix) {
  const numerics::MatrixView table = image.tensor(config::TensorClass::Embedding).matrix;
  const config::ChipConfig& chip = placement.chip();
  const auto bits = static_cast<unsigned>(table.bits);
  UnitDesign design;
  design.module = "kiln_embedding_rom";
  design.parameter("VocabSize", table.rows);
  design.parameter("HiddenSize", table.columns);
  design.parameter("BeatElements", chip.link.beat_elements());
  design.parameter("ElementsPerCycle", chip.embedding.elements_per_cycle);
  design.parameter("ReadCycles", chip.embedding.read_cycles);
  design.parameter("CodeBits", bits);
  design.rom("CodesFile", {prefix + "_codes.hex", table.rows, std::uint64_t{table.columns} * bits,
                           [table, bits](std::uint64_t row, Bits& word) {
                             for (std::uint32_t i = 0; i < table.columns; ++i)
                               word.set(std::uint64_t{i} * bits, bits,
                                        numerics::code_at(table, static_cast<std::uint32_t>(row), i));
                           }});
  design.rom("ScalesFile", {prefix + "_scales.hex", table.rows, table.groups() * 8,
                            [table](std::uint64_t row, Bits& word) {
                              const std::uint64_t panel = row / numerics::kPanelRows;
                              for (std::size_t g = 0; g < table.groups(); ++g)
                                word.set(g * 8, 8,
                                         table.scales[(panel * table.groups() + g) * numerics::kPanelRows +
                                                      row % numerics::kPanelRows]);
                            }});
  design.rom("RowScalesFile", {prefix + "_row_scales.hex", table.rows, 32, [table](std::uint64_t row, Bits& word) {
                                 word.set(0, 32, std::bit_cast<std::uint32_t>(table.row_scales[row]));
                               }});
  design.rom("CodebookFile", {prefix + "_codebook.hex", table.codebook.size(), 8,
                              [table](std::uint64_t code, Bits& word) {
                                word.set(0, 8, static_cast<std::uint8_t>(table.codebook[code]));
                              }});
  design.stream_in("id", 32);
  design.stream_out("row", elements_bits(chip.link));
  return design;
}

}  // namespace kiln::rtl
