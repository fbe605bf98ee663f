#include "rtl/rom_words.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

UnitDesign embedding_rom(const rom::RomImage& image, const program::Placement& placement, const std::string& prefix) {
  const auto& chip = placement.chip();
  const numerics::MatrixView& table = image.tensor(config::TensorClass::Embedding).matrix;
  const auto bits = static_cast<unsigned>(table.bits);
  UnitDesign d;
  d.module = "kiln_embedding_rom";
  d.parameter("VocabSize", table.rows);
  d.parameter("HiddenSize", table.columns);
  d.parameter("BeatElements", chip.link.beat_elements());
  d.parameter("ElementsPerCycle", chip.embedding.elements_per_cycle);
  d.parameter("ReadCycles", chip.embedding.read_cycles);
  d.parameter("CodeBits", bits);
  d.rom("CodesFile", {prefix + "_codes.hex", table.rows, std::uint64_t{table.columns} * bits,
                      [&table, bits](std::uint64_t row, Bits& word) {
                        for (std::uint32_t i = 0; i < table.columns; ++i)
                          word.set(std::uint64_t{i} * bits, bits, numerics::code_at(table, static_cast<std::uint32_t>(row), i));
                      }});
  d.rom("ScalesFile", {prefix + "_scales.hex", table.rows, 8 * table.groups(), [&table](std::uint64_t row, Bits& word) {
                         for (std::uint64_t g = 0; g < table.groups(); ++g)
                           word.set(8 * g, 8, group_scale(table, static_cast<std::uint32_t>(row), g));
                       }});
  d.rom("RowScalesFile", {prefix + "_row_scales.hex", table.rows, 32, [&table](std::uint64_t row, Bits& word) {
                            word.set(0, 32, bits_of(table.row_scales[row]));
                          }});
  d.rom("CodebookFile", {prefix + "_codebook.hex", std::uint64_t{1} << bits, 8, [&table](std::uint64_t code, Bits& word) {
                           word.set(0, 8, bits_of(table.codebook[code]));
                         }});
  d.stream_in("id", 32);
  d.stream_out("row", elements_bits(chip.link));
  return d;
}

}  // namespace kiln::rtl
