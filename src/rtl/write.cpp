// Directories of RTL for people: `kiln rtl`.
#include <fmt/format.h>

#include <algorithm>

#include "kiln/rtl/rtl.hpp"
#include "rtl/chip_design.hpp"
#include "rtl/request.hpp"
#include "rtl/testbench.hpp"
#include "rtl/verilate.hpp"

namespace kiln::rtl {
namespace {

constexpr const char* kPackages = "kiln_tables_pkg.sv kiln_pkg.sv";

std::string unit_readme(const std::string& unit, const std::string& top) {
  return fmt::format(
      "# {0}\n\nSystemVerilog of one unit with the weights of a ROM image in it, written by `kiln rtl`. `{1}.sv` gives the unit "
      "its parameters;\nthe `.hex` files are its ROM contents ($readmemh, found in the working directory).\n\n"
      "    verilator --lint-only -Wall -y . {2} {1}.sv\n"
      "    verilator --cc -O3 --build -y . --top-module {1} {2} {1}.sv      # a C++ class in obj_dir\n",
      unit, top, kPackages);
}

std::string chip_readme() {
  return fmt::format(
      "# A whole chip in RTL\n\nSystemVerilog of a chip with the weights of a ROM image in it, written by `kiln rtl`. `kiln_chip.sv` "
      "joins the units by links; the `.hex`\nfiles are ROM contents ($readmemh, found in the working directory). "
      "`kiln_chip_tb.cpp` is the host: it sends a prompt, prints every answer token's id\nand cycle, and compares both "
      "with what the SystemC chip did. Verilator 5 and a C++ compiler are all that is needed:\n\n"
      "    verilator --cc --exe --build -O3 --x-assign 0 --x-initial 0 --unroll-count 4 -CFLAGS -O2 -y . --top-module kiln_chip {} kiln_chip.sv "
      "kiln_chip_tb.cpp && ./obj_dir/Vkiln_chip\n\n"
      "It ends with status 0 if all is as expected. `./obj_dir/Vkiln_chip -n 8 1 403 407` sends a prompt of its own ids and "
      "prints 8 answer tokens,\nwithout anything to compare them with.\n\n"
      "    verilator --lint-only -Wall -y . {} kiln_chip.sv\n",
      kPackages, kPackages);
}

}  // namespace

std::vector<std::string> unit_names() {
  std::vector<std::string> names = {"chip", "sequencer", "embedding_rom", "vector_unit", "attention_unit"};
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const std::string kind(program::name(static_cast<program::ArrayKind>(i)));
    names.push_back(kind + "_array");
    names.push_back(kind + "_tree");
  }
  names.emplace_back("sampler");
  return names;
}

base::Status check(const program::Placement& placement) {
  const config::ChipConfig& chip = placement.chip();
  if (chip.schedule != config::Schedule::LayerSerial || chip.chips.count > 1)
    return base::Error{fmt::format("chip {}: RTL is there for one chip with /schedule layer_serial", chip.name)};
  const std::uint32_t head_dim = placement.model().head_dim, beat = chip.link.beat_elements();
  if (beat % head_dim != 0) {
    return base::Error{fmt::format("chip {}: the RTL wants whole heads in a beat, and a beat of {} elements (64 x "
                                   "/link/beat_groups) is no multiple of the heads' {} of {}",
                                   chip.name, beat, head_dim, placement.model().name)};
  }
  if (placement.dataflow().has(program::Unit::Lora)) return base::Error{"the RTL has no LoRA unit: no adapter is expected"};
  return {};
}

base::Status write(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
                   const std::string& directory, const std::optional<Expected>& expected) {
  if (auto can = check(placement); !can) return can;
  if (unit == "chip") {
    base::check(expected.has_value(), "rtl: a whole chip is written with what its testbench expects");
    if (auto can = check_request(expected->user); !can) return can;
    const ChipDesign chip = chip_design(image, placement);
    return write_files(directory, {chip.design},
                       {{"kiln_chip.sv", chip.text},
                        {"kiln_chip_tb.cpp", testbench(*expected, placement.chip().host)},
                        {"README.md", chip_readme()}});
  }
  auto all = instances(image, placement);
  const auto found = std::ranges::find(all, unit, &Instance::name);
  base::check(found != all.end(), "rtl: a unit that there is not: " + unit);
  const std::string top = "kiln_" + unit + "_top";
  return write_files(directory, {found->design},
                     {{top + ".sv", side_by_side(top, {found->design})}, {"README.md", unit_readme(unit, top)}});
}

}  // namespace kiln::rtl
