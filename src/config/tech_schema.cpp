// The constants of a technology: key, unit, range and meaning, once for reading, documentation and reports.
#include <fmt/format.h>

#include "config/fields.hpp"

namespace kiln::config {
namespace {

struct Entry {
  std::string_view key;
  TechConstant TechConfig::*constant;
  std::string_view unit;
  std::string_view meaning;
};

constexpr Entry kLogic[] = {
    {"logic_um2_per_transistor", &TechConfig::logic_um2_per_transistor, "um2", "placed and routed logic"},
    {"logic_overhead", &TechConfig::logic_overhead, "",
     "transistors there are for each that a formula counts: buffers, control, test"},
};
constexpr Entry kRest[] = {
    {"rom_transistors_per_bit", &TechConfig::rom_transistors_per_bit, "transistors", "of mask ROM, with its periphery"},
    {"sram_transistors_per_bit", &TechConfig::sram_transistors_per_bit, "transistors", "with periphery"},
    {"weight_cell_rom_bits", &TechConfig::weight_cell_rom_bits, "ROM bits",
     "area of a cell that holds a weight in one transistor"},
    {"metal_um2_per_weight", &TechConfig::metal_um2_per_weight, "um2",
     "of a weight in wires, beyond the counter it leads to"},
    {"placement_overhead", &TechConfig::placement_overhead, "", "area of the die for each of its parts' area"},
    {"host_io_mm2", &TechConfig::host_io_mm2, "mm2", "of the interface to the host"},
    {"chip_link_io_mm2", &TechConfig::chip_link_io_mm2, "mm2", "of the links to other chips"},
    {"fo4_ps", &TechConfig::fo4_ps, "ps", "delay of an inverter that drives four"},
    {"flip_flop_ps", &TechConfig::flip_flop_ps, "ps", "setup, and clock to output"},
    {"rom_read_ps", &TechConfig::rom_read_ps, "ps", "access time of a ROM macro"},
    {"sram_read_ps", &TechConfig::sram_read_ps, "ps", "access time of an SRAM macro"},
    {"wire_ps_per_mm", &TechConfig::wire_ps_per_mm, "ps/mm", "delay of a repeated wire"},
    {"logic_fj_per_transistor", &TechConfig::logic_fj_per_transistor, "fJ",
     "of an operation, for each transistor of its circuit"},
    {"toggle_rate", &TechConfig::toggle_rate, "", "of a data bit from one beat to the next, where no run says it"},
    {"rom_pj_per_byte", &TechConfig::rom_pj_per_byte, "pJ/B", "of a read"},
    {"sram_pj_per_byte", &TechConfig::sram_pj_per_byte, "pJ/B", "of a read or a write"},
    {"wire_pj_per_bit_mm", &TechConfig::wire_pj_per_bit_mm, "pJ", "of a bit that toggles, over a millimetre"},
    {"chip_link_pj_per_bit", &TechConfig::chip_link_pj_per_bit, "pJ", "between chips"},
    {"logic_leakage_w_per_mm2", &TechConfig::logic_leakage_w_per_mm2, "W/mm2", ""},
    {"rom_leakage_w_per_mm2", &TechConfig::rom_leakage_w_per_mm2, "W/mm2", ""},
    {"sram_leakage_w_per_mm2", &TechConfig::sram_leakage_w_per_mm2, "W/mm2", ""},
    {"clock_pj_per_mm2_cycle", &TechConfig::clock_pj_per_mm2_cycle, "pJ", "clock tree of a square millimetre of logic"},
    {"clock_array_factor", &TechConfig::clock_array_factor, "", "the same of a memory array, against logic"},
    {"host_io_w", &TechConfig::host_io_w, "W", "of the interface to the host"},
    {"wafer_usd", &TechConfig::wafer_usd, "USD", "of a processed wafer"},
    {"wafer_mm", &TechConfig::wafer_mm, "mm", "diameter"},
    {"edge_exclusion_mm", &TechConfig::edge_exclusion_mm, "mm", "of the wafer"},
    {"scribe_mm", &TechConfig::scribe_mm, "mm", "between two dies"},
    {"defects_per_cm2", &TechConfig::defects_per_cm2, "1/cm2", ""},
    {"mask_set_usd", &TechConfig::mask_set_usd, "USD", "all masks of a design"},
    {"mask_usd", &TechConfig::mask_usd, "USD", "one mask of a re-spin"},
};

}  // namespace

std::vector<TechField> fields(TechConfig& tech) {
  std::vector<TechField> all;
  const auto add = [&](const Entry& e) {
    all.push_back({std::string(e.key), std::string(e.unit), std::string(e.meaning), &(tech.*e.constant)});
  };
  const auto macro = [&](std::string_view kind, auto& densities) {
    for (std::size_t i = 0; i < kMacroWords.size(); ++i)
      all.push_back({fmt::format("{}_um2_per_bit_{}", kind, kMacroWords[i]), "um2",
                     fmt::format("a macro of {} words", kMacroWords[i]), &densities[i]});
  };
  for (const auto& entry : kLogic) add(entry);
  macro("rom", tech.rom_um2_per_bit);
  macro("sram", tech.sram_um2_per_bit);
  for (const auto& entry : kRest) add(entry);
  return all;
}

void describe(FieldVisitor& v, std::string_view key, TechConstant& constant, std::string_view unit) {
  v.object(key, [&] {
    v.real("low", constant.low, unit, {0, 1e12});
    v.real("typical", constant.typical, unit, {0, 1e12});
    v.real("high", constant.high, unit, {0, 1e12});
    std::size_t tag = 0;
    for (std::size_t i = 0; i < kSourceTags.size(); ++i)
      if (kSourceTags[i] == constant.tag) tag = i;
    v.word("tag", tag, kSourceTags);
    constant.tag = kSourceTags[tag];
    v.text("source", constant.source, Text::Note);
  });
}

void describe(FieldVisitor& v, TechConfig& tech) {
  v.text("name", tech.name, Text::Name);
  v.text("description", tech.description, Text::Note);
  for (const auto& field : fields(tech)) describe(v, field.key, *field.constant, field.unit);
}

}  // namespace kiln::config
