// A unit of the chip as RTL: which module, with which parameters, ports and ROM contents. Made from a ROM image and a
// placement; everything that is written or verilated is made of these. The modules themselves are in src/rtl/sv.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kiln/program/placement.hpp"
#include "rom/rom_image.hpp"
#include "rtl/bits.hpp"

namespace kiln::rtl {

/// A port besides clk_i and rst_ni.
struct Port {
  std::string name;
  std::uint64_t bits = 1;
  bool input = true;
};

/// One $readmemh file: `words` words of `width` bits, each made when it is written.
struct RomContent {
  std::string file;
  std::uint64_t words = 0;
  std::uint64_t width = 0;
  std::function<void(std::uint64_t word, Bits& bits)> fill;  ///< of a word of zeros
};

struct UnitDesign {
  std::string module;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< name, value as SystemVerilog text
  std::vector<Port> ports;
  std::vector<RomContent> roms;

  void parameter(const std::string& name, std::uint64_t value) { parameters.emplace_back(name, std::to_string(value)); }
  /// A file's name as a parameter; its content is made with it.
  void rom(const std::string& parameter, RomContent content);
  /// valid, ready and data of a stream into or out of the unit.
  void stream_in(const std::string& name, std::uint64_t bits);
  void stream_out(const std::string& name, std::uint64_t bits);
  void input(const std::string& name, std::uint64_t bits) { ports.push_back({name, bits, true}); }
  void output(const std::string& name, std::uint64_t bits) { ports.push_back({name, bits, false}); }
};

/// "32'h0000beef"; and fields side by side, the first in the lowest bits.
std::string literal(std::uint64_t bits, std::uint64_t value);
std::string packed_literal(const std::vector<std::uint32_t>& fields);

// Formats of a beat of W elements (docs/rtl.md, "Streams").
std::uint64_t elements_bits(const config::LinkConfig& link);
std::uint64_t quantised_bits(const config::LinkConfig& link);
std::uint64_t attention_bits(const config::LinkConfig& link, std::uint32_t head_dim);
inline constexpr std::uint64_t kSumBits = 46;      ///< of a partial sum S
inline constexpr std::uint64_t kExponentBits = 9;  ///< of a group's exponent
std::uint64_t sums_bits(const program::ArrayPlan& plan);

/// File names begin with `prefix`, so that several designs may be side by side.
UnitDesign embedding_rom(const rom::RomImage& image, const program::Placement& placement, const std::string& prefix);
UnitDesign tile_array(const rom::RomImage& image, const program::Placement& placement, program::ArrayKind kind,
                      const std::string& prefix);
UnitDesign reduction_tree(const rom::RomImage& image, const program::Placement& placement, program::ArrayKind kind,
                          const std::string& prefix);
UnitDesign vector_unit(const rom::RomImage& image, const program::Placement& placement, const std::string& prefix);
UnitDesign attention_unit(const program::Placement& placement);
UnitDesign sampler(const program::Placement& placement);
UnitDesign sequencer(const program::Placement& placement, std::uint32_t users, std::uint32_t most_prompt);
UnitDesign link(std::uint32_t registers, std::uint64_t bits);

}  // namespace kiln::rtl
