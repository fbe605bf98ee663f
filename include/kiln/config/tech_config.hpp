// A silicon technology, from configs/tech/*.json: what the cost model and the floorplan know about it. Every constant
// has a low, a typical and a high value, a source and a tag that says what kind of source it is. All are written so
// that the low value is the one that costs least. Units are in the keys; configs/README.md says what each means.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/range.hpp"

namespace kiln::config {

/// Tags: vendor, paper, measured by outsiders, third party, derived (the source gives the formula), chosen.
inline constexpr std::array<std::string_view, 6> kSourceTags = {"V", "P", "M", "3P", "D", "G"};

struct TechConstant {
  double low = 0, typical = 0, high = 0;  ///< low <= typical <= high
  std::string tag;
  std::string source;
  [[nodiscard]] base::Range range() const { return {low, typical, high}; }
  [[nodiscard]] double at(base::Corner corner) const { return range().at(corner); }
};

/// Words of the memory macros whose area a technology gives; between them area per bit is linear in 1 / words.
inline constexpr std::array<std::uint32_t, 4> kMacroWords = {1024, 2048, 4096, 8192};

struct TechConfig {
  std::string name;  ///< the file's name, e.g. "n6"
  std::string description;

  // Area and transistors
  TechConstant logic_um2_per_transistor;
  TechConstant logic_overhead;  ///< placed transistors per transistor that a formula counts
  std::array<TechConstant, kMacroWords.size()> rom_um2_per_bit;
  std::array<TechConstant, kMacroWords.size()> sram_um2_per_bit;
  TechConstant rom_transistors_per_bit;
  TechConstant sram_transistors_per_bit;
  TechConstant sram_port_height;  ///< of a cell: what each port beyond the first adds to it, as a share
  TechConstant sram_port_width;
  TechConstant
      weight_cell_rom_bits;  ///< area of a cell that holds a weight of up to 4 bits in one transistor, in ROM bits
  TechConstant metal_um2_per_weight;  ///< wires that lead a weight's input to its counter, beyond the counter itself
  TechConstant repeater_um2_per_bit_mm;
  TechConstant wire_track_um;       ///< width of the die that a wire over distances uses up
  TechConstant placement_overhead;  ///< die area per area of its parts
  TechConstant host_io_mm2;
  TechConstant chip_link_io_mm2;

  // Time
  TechConstant fo4_ps;        ///< an inverter that drives four
  TechConstant flip_flop_ps;  ///< setup and clock to output
  TechConstant clock_margin;  ///< share of the period that no path has: skew, jitter, variation
  TechConstant rom_read_ps;
  TechConstant sram_read_ps;
  TechConstant wire_ps_per_mm;
  TechConstant column_load_um;  ///< wire with the capacitance of a column's gate on a product line

  // Energy and power
  TechConstant logic_fj_per_transistor;  ///< an operation, for each transistor of the circuit that does it
  TechConstant toggle_rate;              ///< of a wire or a data bit, where no run says it
  TechConstant rom_pj_per_byte;
  TechConstant sram_pj_per_byte;
  TechConstant wire_pj_per_bit_mm;  ///< of a bit that toggles
  TechConstant chip_link_pj_per_bit;
  TechConstant logic_leakage_w_per_mm2;
  TechConstant rom_leakage_w_per_mm2;
  TechConstant sram_leakage_w_per_mm2;
  TechConstant clock_pj_per_mm2_cycle;  ///< logic
  TechConstant clock_array_factor;      ///< of a memory array's, against logic
  TechConstant flip_flop_clock_fj;      ///< a flip-flop in a cycle in which it is clocked, data aside
  TechConstant clock_enabled_share;     ///< of the cycles in which a flip-flop is clocked
  TechConstant supply_exponent;         ///< supply ~ speed to this power, beyond the sources' supply
  TechConstant host_io_w;

  // Money
  TechConstant wafer_usd;
  TechConstant wafer_mm;  ///< diameter
  TechConstant edge_exclusion_mm;
  TechConstant scribe_mm;
  TechConstant defects_per_cm2;
  TechConstant mask_set_usd;
  TechConstant mask_usd;
};

/// One constant of a technology: for reading, checks, documentation and reports.
struct TechField {
  std::string key;   ///< "rom_um2_per_bit_8192"
  std::string unit;  ///< "um2"
  std::string meaning;
  double minimum = 0, maximum = 0;  ///< of all three values
  TechConstant* constant = nullptr;
};
/// All constants of `tech`, in the order of the file.
std::vector<TechField> fields(TechConfig& tech);

}  // namespace kiln::config
