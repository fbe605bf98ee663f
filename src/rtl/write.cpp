// Directories of RTL for people: `kiln rtl`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "rtl/chip_design.hpp"
#include "rtl/request.hpp"
#include "rtl/rtl.hpp"
#include "rtl/testbench.hpp"
#include "rtl/tile_kinds.hpp"
#include "rtl/verilate.hpp"

namespace kiln::rtl {
namespace {

constexpr const char* kPackages = "kiln_tables_pkg.sv kiln_pkg.sv";

std::string unit_readme(const std::string& unit, const std::string& top) {
  return fmt::format(
      "# {0}\n\nSystemVerilog of one unit with the weights of a ROM image in it, written by `kiln rtl`. `{1}.sv` gives "
      "the unit "
      "its parameters;\nthe `.hex` files are its ROM contents ($readmemh, found in the working directory).\n\n"
      "    verilator --lint-only -Wall -y . {2} {1}.sv\n"
      "    verilator --cc -O3 --build -y . --top-module {1} {2} {1}.sv      # a C++ class in obj_dir\n",
      unit, top, kPackages);
}

std::string chip_readme() {
  return fmt::format(
      "# A whole chip in RTL\n\nSystemVerilog of a chip with the weights of a ROM image in it, written by `kiln rtl`. "
      "`kiln_chip.sv` "
      "joins the units by links; the `.hex`\nfiles are ROM contents ($readmemh, found in the working directory). "
      "`kiln_chip_tb.cpp` is the host: it sends a prompt, prints every answer token's id\nand cycle, and compares both "
      "with what the SystemC chip did. Verilator 5 and a C++ compiler are all that is needed:\n\n"
      "    verilator --cc --exe --build -O3 --x-assign 0 --x-initial 0 --unroll-count 4 -CFLAGS -O2 -y . --top-module "
      "kiln_chip {} kiln_chip.sv "
      "kiln_chip_tb.cpp && ./obj_dir/Vkiln_chip\n\n"
      "It ends with status 0 if all is as expected. `./obj_dir/Vkiln_chip -n 8 1 403 407` sends a prompt of its own "
      "ids and "
      "prints 8 answer tokens,\nwithout anything to compare them with.\n\n"
      "    verilator --lint-only -Wall -y . {} kiln_chip.sv\n",
      kPackages, kPackages);
}

/// Verilator 5.006 makes no more copies of a generate loop's body with the options that keep the C++ small.
constexpr std::uint64_t kMostCopies = 190;
/// Addresses in the RTL are integers of 32 bits.
constexpr std::uint64_t kMostAddresses = std::uint64_t{1} << 31;

base::Status check_tiles(const program::Placement& placement) {
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<program::ArrayKind>(i);
    const std::string& tile = placement.tile(kind).microarchitecture;
    if (find_tile_kind(tile) != nullptr) continue;
    return base::Error{
        fmt::format("chip {}: the tiles of array {} are `{}`, a kind that there is no RTL for; there is for {}",
                    placement.chip().name, program::name(kind), tile, fmt::join(tile_kinds().names(), ", "))};
  }
  return {};
}

base::Status check_sizes(const program::Placement& placement) {
  const config::ChipConfig& chip = placement.chip();
  const auto within = [&](std::string_view what, std::uint64_t found, std::uint64_t most) -> base::Status {
    if (found <= most) return {};
    return base::Error{fmt::format("chip {}: the RTL takes {} {} at most, found {}", chip.name, most, what, found)};
  };
  std::uint64_t tiles = 0, latency = 0;
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<program::ArrayKind>(i);
    const auto& plan = placement.array(kind);
    const config::TileConfig& tile = placement.tile(kind);
    tiles = std::max<std::uint64_t>({tiles, plan.tiles_over_inputs, plan.tiles_over_outputs});
    const std::uint64_t in_tile = find_tile_kind(tile.microarchitecture)->longest_delay(tile);
    latency = std::max<std::uint64_t>({latency, in_tile, tile.accumulate_cycles});
  }
  const auto& v = chip.vector;
  const auto& a = chip.attention;
  const auto& l = chip.link;
  latency = std::max<std::uint64_t>({latency,
                                     v.add_cycles,
                                     v.sum_cycles,
                                     v.rsqrt_cycles,
                                     v.scale_cycles,
                                     v.rope_cycles,
                                     v.silu_cycles,
                                     v.hadamard_cycles,
                                     v.quantise_cycles,
                                     a.score_cycles,
                                     a.softmax_cycles,
                                     a.value_cycles,
                                     a.reciprocal_cycles,
                                     chip.kv.read_cycles,
                                     chip.kv.write_cycles,
                                     chip.reduction.level_cycles,
                                     chip.reduction.scale_cycles,
                                     chip.embedding.read_cycles,
                                     std::uint64_t{chip.sampler.compare_cycles} + chip.sampler.draw_cycles,
                                     chip.sequencer.issue_cycles,
                                     chip.sequencer.commit_cycles});
  std::uint64_t registers = 0;
  for (const auto& [link, name] : config::kNamedLinks)  // RTL has one stage
    if (link != config::Link::VectorToVector) registers = std::max<std::uint64_t>(registers, l[link]);
  const std::uint64_t embedding =
      placement.model().vocab_size * base::ceil_div(placement.model().hidden_size, l.beat_elements()) *
      base::ceil_div(l.beat_elements(), std::min(chip.embedding.elements_per_cycle, l.beat_elements()));
  for (const auto& [what, found, most] :
       {std::tuple("tiles along an array's side", tiles, kMostCopies),
        std::tuple("cycles of a latency", latency, kMostCopies), std::tuple("stages of a link", registers, kMostCopies),
        std::tuple("banks of the KV SRAM", std::uint64_t{chip.kv.banks}, kMostCopies),
        std::tuple("groups of 64 in a beat", std::uint64_t{chip.link.beat_groups}, std::uint64_t{15}),
        std::tuple("lane groups in the embedding ROM", embedding, kMostAddresses),
        std::tuple("words in the KV SRAM of a layer", std::uint64_t{chip.kv.banks} * chip.kv.depth_words,
                   kMostAddresses),
        std::tuple("rows in a bank of the KV SRAM, of all layers",
                   std::uint64_t{placement.model().layers} * chip.kv.depth_words, kMostAddresses),
        std::tuple("scores of a layer", placement.model().heads * placement.kv().capacity_tokens, kMostAddresses)}) {
    if (auto fits = within(what, found, most); !fits) return fits;
  }
  return {};
}

struct Files {
  UnitDesign design;
  std::vector<std::pair<std::string, std::string>> extra;  ///< name and text, besides the modules and ROM contents
};

/// The testbench's text only where it is known what it expects.
Files files_of(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
               const std::optional<Expected>& expected) {
  if (unit == "chip") {
    ChipDesign chip = chip_design(image, placement);
    const auto bench = expected ? testbench(*expected, placement, chip.design.roms) : "";
    return {std::move(chip.design),
            {{"kiln_chip.sv", std::move(chip.text)}, {"kiln_chip_tb.cpp", bench}, {"README.md", chip_readme()}}};
  }
  auto all = instances(image, placement);
  const auto found = std::ranges::find(all, unit, &Instance::name);
  base::check(found != all.end(), "rtl: a unit that there is not: " + unit);
  const std::string top = "kiln_" + unit + "_top";
  return {found->design, {{top + ".sv", side_by_side(top, {found->design})}, {"README.md", unit_readme(unit, top)}}};
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
    return base::Error{
        fmt::format("chip {}: the RTL wants whole heads in a beat, and a beat of {} elements (64 x "
                    "/link/beat_groups) is no multiple of the heads' {} of {}",
                    chip.name, beat, head_dim, placement.model().name)};
  }
  if (auto known = check_tiles(placement); !known) return known;
  if (auto fits = check_sizes(placement); !fits) return fits;
  if (placement.dataflow().has(program::Unit::Lora))
    return base::Error{"the RTL has no LoRA unit: no adapter is expected"};
  return {};
}

base::Status can_write(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
                       const std::string& directory) {
  const auto files = files_of(image, placement, unit, {});
  return can_write_files(directory, {files.design}, files.extra);
}

base::Status write(const rom::RomImage& image, const program::Placement& placement, const std::string& unit,
                   const std::string& directory, const std::optional<Expected>& expected) {
  if (auto can = check(placement); !can) return can;
  base::check(unit != "chip" || expected.has_value(), "rtl: a whole chip is written with what its testbench expects");
  if (expected)
    if (auto can = check_request(expected->user); !can) return can;
  const auto files = files_of(image, placement, unit, expected);
  return write_files(directory, {files.design}, files.extra);
}

}  // namespace kiln::rtl
