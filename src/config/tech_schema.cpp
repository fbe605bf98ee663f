// The constants of a technology: key, unit, range and meaning, once for reading, documentation and reports.
#include <fmt/format.h>

#include "config/fields.hpp"

namespace kiln::config {
namespace {

// What is divided by, or makes a block's area, is above 0.
constexpr double kLeastUm2 = 1e-6;
constexpr double kMostUm2 = 1000;

struct TechEntry {
  std::string_view key;
  TechConstant TechConfig::*constant;
  std::string_view unit;
  double minimum, maximum;
  std::string_view meaning;
};

constexpr TechEntry kLogic[] = {
    {"logic_um2_per_transistor", &TechConfig::logic_um2_per_transistor, "um2", kLeastUm2, kMostUm2,
     "placed and routed logic"},
    {"logic_overhead", &TechConfig::logic_overhead, "", 0.1, 100,
     "transistors there are for each that a formula counts: buffers, control, test"},
};
constexpr TechEntry kRest[] = {
    {"rom_transistors_per_bit", &TechConfig::rom_transistors_per_bit, "transistors", 0, 1000,
     "a bit of mask ROM, with its periphery"},
    {"sram_transistors_per_bit", &TechConfig::sram_transistors_per_bit, "transistors", 0, 1000,
     "a bit of SRAM, with its periphery"},
    {"sram_port_height", &TechConfig::sram_port_height, "", 0, 100,
     "height that each port beyond the first adds to an SRAM cell, as a share"},
    {"sram_port_width", &TechConfig::sram_port_width, "", 0, 100, "the same of its width"},
    {"weight_cell_rom_bits", &TechConfig::weight_cell_rom_bits, "ROM bits", 0, 1000,
     "area of a cell that holds a weight in one transistor"},
    {"metal_um2_per_weight", &TechConfig::metal_um2_per_weight, "um2", 0, 1000,
     "of a weight in wires, beyond the counter it leads to"},
    {"repeater_um2_per_bit_mm", &TechConfig::repeater_um2_per_bit_mm, "um2", 0, 10000,
     "repeaters of a millimetre of wire"},
    {"wire_track_um", &TechConfig::wire_track_um, "um", 0, 1000,
     "width of the die that a wire over distances uses up, of all layers together"},
    {"placement_overhead", &TechConfig::placement_overhead, "", 1, 100, "area of the die for each of its parts' area"},
    {"host_io_mm2", &TechConfig::host_io_mm2, "mm2", 0, 10000, "of the interface to the host"},
    {"chip_link_io_mm2", &TechConfig::chip_link_io_mm2, "mm2", 0, 10000,
     "of the links to other chips, for 128 GB/s a direction"},
    {"fo4_ps", &TechConfig::fo4_ps, "ps", 0, 100000, "delay of an inverter that drives four"},
    {"flip_flop_ps", &TechConfig::flip_flop_ps, "ps", 0, 1e6, "setup, and clock to output"},
    {"clock_margin", &TechConfig::clock_margin, "", 0, 0.9,
     "share of the clock's period that no path has: skew, jitter, variation"},
    {"rom_read_ps", &TechConfig::rom_read_ps, "ps", 0, 1e6, "access time of a ROM macro"},
    {"sram_read_ps", &TechConfig::sram_read_ps, "ps", 0, 1e6, "access time of an SRAM macro"},
    {"wire_ps_per_mm", &TechConfig::wire_ps_per_mm, "ps/mm", 0.01, 1e6, "delay of a repeated wire"},
    {"column_load_um", &TechConfig::column_load_um, "um", 0, 10000,
     "wire with the capacitance of a column's gate on a product line"},
    {"logic_fj_per_transistor", &TechConfig::logic_fj_per_transistor, "fJ", 0, 1000,
     "of an operation, for each transistor of its circuit"},
    {"toggle_rate", &TechConfig::toggle_rate, "", 0, 1,
     "of a data bit from one beat to the next, where no run says it"},
    {"rom_pj_per_byte", &TechConfig::rom_pj_per_byte, "pJ/B", 0, 1e6, "of a read"},
    {"sram_pj_per_byte", &TechConfig::sram_pj_per_byte, "pJ/B", 0, 1e6, "of a read or a write"},
    {"wire_pj_per_bit_mm", &TechConfig::wire_pj_per_bit_mm, "pJ", 0, 1e6, "of a bit that toggles, over a millimetre"},
    {"chip_link_pj_per_bit", &TechConfig::chip_link_pj_per_bit, "pJ", 0, 1e6, "between chips"},
    {"logic_leakage_w_per_mm2", &TechConfig::logic_leakage_w_per_mm2, "W/mm2", 0, 1000,
     "of logic and interfaces, at the temperature of work"},
    {"rom_leakage_w_per_mm2", &TechConfig::rom_leakage_w_per_mm2, "W/mm2", 0, 1000, "of ROM"},
    {"sram_leakage_w_per_mm2", &TechConfig::sram_leakage_w_per_mm2, "W/mm2", 0, 1000, "of SRAM"},
    {"clock_pj_per_mm2_cycle", &TechConfig::clock_pj_per_mm2_cycle, "pJ", 0, 1e6,
     "clock tree of a square millimetre of logic"},
    {"clock_array_factor", &TechConfig::clock_array_factor, "", 0, 100, "the same of a memory array, against logic"},
    {"flip_flop_clock_fj", &TechConfig::flip_flop_clock_fj, "fJ", 0, 1e6,
     "a flip-flop and its local clock in a cycle in which it is clocked"},
    {"clock_enabled_share", &TechConfig::clock_enabled_share, "", 0, 1,
     "of the cycles in which a flip-flop is clocked"},
    {"supply_exponent", &TechConfig::supply_exponent, "", 0, 3,
     "the supply rises with the speed that a path lacks to this power"},
    {"host_io_w", &TechConfig::host_io_w, "W", 0, 100000, "of the interface to the host"},
    {"wafer_usd", &TechConfig::wafer_usd, "USD", 0, 1e6, "of a processed wafer"},
    {"wafer_mm", &TechConfig::wafer_mm, "mm", 0, 1000, "diameter"},
    {"edge_exclusion_mm", &TechConfig::edge_exclusion_mm, "mm", 0, 1000, "of the wafer"},
    {"scribe_mm", &TechConfig::scribe_mm, "mm", 0, 1000, "between two dies"},
    {"defects_per_cm2", &TechConfig::defects_per_cm2, "1/cm2", 0, 10000, "that kill a die"},
    {"mask_set_usd", &TechConfig::mask_set_usd, "USD", 0, 1e+10, "all masks of a design"},
    {"mask_usd", &TechConfig::mask_usd, "USD", 0, 1e9, "one mask of a re-spin"},
};

}  // namespace

std::vector<TechField> fields(TechConfig& tech) {
  std::vector<TechField> all;
  const auto add = [&](const TechEntry& e) {
    all.push_back(
        {std::string(e.key), std::string(e.unit), std::string(e.meaning), e.minimum, e.maximum, &(tech.*e.constant)});
  };
  const auto macro = [&](std::string_view kind, auto& densities) {
    for (std::size_t i = 0; i < kMacroWords.size(); ++i)
      all.push_back({fmt::format("{}_um2_per_bit_{}", kind, kMacroWords[i]), "um2",
                     fmt::format("a bit in a macro of {} words", kMacroWords[i]), kLeastUm2, kMostUm2, &densities[i]});
  };
  for (const auto& entry : kLogic) add(entry);
  macro("rom", tech.rom_um2_per_bit);
  macro("sram", tech.sram_um2_per_bit);
  for (const auto& entry : kRest) add(entry);
  return all;
}

void describe(FieldVisitor& v, TechConfig& tech) {
  v.text("name", tech.name, Text::Name);
  v.text("description", tech.description, Text::Note);
  for (const auto& field : fields(tech))
    describe_constant(v, field.key, *field.constant, field.unit, {field.minimum, field.maximum});
}

}  // namespace kiln::config
