#include <algorithm>

#include "kiln/base/units.hpp"
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
  // A word of codes for each lane group of a beat, one of scales for each beat.
  const std::uint64_t width = chip.link.beat_elements();
  const std::uint64_t lanes = std::min<std::uint64_t>(chip.embedding.elements_per_cycle, width);
  const std::uint64_t beats = base::ceil_div(table.columns, width);
  const std::uint64_t groups = base::ceil_div(width, lanes);
  d.rom("CodesFile",
        {prefix + "_codes.hex", table.rows * beats * groups, lanes * bits,
         [&table, bits, width, lanes, beats, groups](std::uint64_t at, Bits& word) {
           const std::uint64_t in_beat = at % groups * lanes, first = at / groups % beats * width + in_beat;
           const auto row = static_cast<std::uint32_t>(at / groups / beats);
           for (std::uint64_t i = 0; i < lanes && in_beat + i < width && first + i < table.columns; ++i)
             word.set(i * bits, bits, numerics::code_at(table, row, static_cast<std::uint32_t>(first + i)));
         }});
  d.rom("ScalesFile", {prefix + "_scales.hex", table.rows * beats, width / numerics::kGroup * 8,
                       [&table, width, beats](std::uint64_t at, Bits& word) {
                         const std::uint64_t in_beat = width / numerics::kGroup, first = at % beats * in_beat;
                         for (std::uint64_t g = first; g < std::min<std::uint64_t>(first + in_beat, table.groups());
                              ++g)
                           word.set(8 * (g - first), 8, group_scale(table, static_cast<std::uint32_t>(at / beats), g));
                       }});
  d.rom("RowScalesFile", {prefix + "_row_scales.hex", table.rows, 32, [&table](std::uint64_t row, Bits& word) {
                            word.set(0, 32, bits_of(table.row_scales[row]));
                          }});
  d.rom("CodebookFile", {prefix + "_codebook.hex", std::uint64_t{1} << bits, 8,
                         [&table](std::uint64_t code, Bits& word) { word.set(0, 8, bits_of(table.codebook[code])); }});
  d.stream_in("id", 32);
  d.stream_out("row", elements_bits(chip.link));
  return d;
}

}  // namespace kiln::rtl
