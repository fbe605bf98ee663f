// A tile array as RTL: each tile's cells, its group scales and the codebooks. docs/units/tile_array.md
#include <fmt/format.h>

#include <algorithm>

#include "rtl/rom_words.hpp"
#include "rtl/tile_kinds.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {
namespace {

using numerics::kGroup;
using program::ArrayKind;

/// Inputs [first, last) and outputs [left, right) of a tile.
struct TileShape {
  std::uint64_t first, last, left, right;
  [[nodiscard]] std::uint64_t segments() const { return (last - 1) / kGroup - first / kGroup + 1; }
};

/// Calls f(field, matrix, row of the matrix) for each column of a tile.
template <class F>
void for_columns(const std::vector<const numerics::MatrixView*>& side_by_side, const TileShape& tile, F f) {
  std::uint64_t begin = 0;
  for (const numerics::MatrixView* matrix : side_by_side) {
    const std::uint64_t end = begin + matrix->rows;
    for (std::uint64_t c = std::max(begin, tile.left); c < std::min(end, tile.right); ++c)
      f(c - tile.left, *matrix, static_cast<std::uint32_t>(c - begin));
    begin = end;
  }
}

unsigned code_bits(const rom::RomImage& image, const program::Placement& placement, ArrayKind kind) {
  int bits = 0;
  for (const auto* matrix : matrices(image, placement, kind, 0)) bits = std::max(bits, matrix->bits);
  return static_cast<unsigned>(bits);
}

void add_parameters(UnitDesign& d, const program::Placement& placement, ArrayKind kind, unsigned bits,
                    const std::vector<std::uint32_t>& book_ends, const std::string& prefix) {
  const auto& chip = placement.chip();
  const config::TileConfig& tile = placement.tile(kind);
  const program::ArrayPlan& plan = placement.array(kind);
  const TileKind* tile_kind = find_tile_kind(tile.microarchitecture);
  base::check(tile_kind != nullptr, "rtl: tiles of a kind without RTL");
  d.parameter("Inputs", plan.inputs);
  d.parameter("Outputs", plan.outputs);
  d.parameter("Layers", layers_of(placement, kind));
  d.parameter("BeatElements", chip.link.beat_elements());
  d.parameter("Microarchitecture", tile_kind->number);
  d.parameter("Rows", tile.rows);
  d.parameter("Columns", tile.columns);
  d.parameter("InputsPerCycle", tile.inputs_per_cycle);
  d.parameter("ScaleLanes", tile.scale_lanes);
  d.parameter("AccumulateCycles", tile.accumulate_cycles);
  for (const auto& [name, key] : tile_kind->parameters) d.parameter(name, tile.parameter(key));
  d.parameter("CodeBits", bits);
  d.parameter("Books", book_ends.size());
  d.parameters.emplace_back("BookEnds", packed_literal(book_ends));
  d.parameters.emplace_back("FilePrefix", '"' + prefix + '"');
}

}  // namespace

UnitDesign tile_array(const rom::RomImage& image, const program::Placement& placement, ArrayKind kind,
                      const std::string& prefix) {
  const config::TileConfig& tile = placement.tile(kind);
  const program::ArrayPlan& plan = placement.array(kind);
  const std::uint32_t layers = layers_of(placement, kind);
  const unsigned bits = code_bits(image, placement, kind);
  std::vector<std::uint32_t> ends;
  for (const auto& section : placement.dataflow().sections(kind))
    ends.push_back((ends.empty() ? 0 : ends.back()) + section.rows);
  UnitDesign d;
  d.module = "kiln_tile_array";
  add_parameters(d, placement, kind, bits, ends, prefix);

  const auto layer_of = [&image, &placement, kind](std::uint64_t layer) {
    return matrices(image, placement, kind, layer);
  };
  for (std::uint32_t i = 0; i < plan.tiles_over_inputs; ++i) {
    for (std::uint32_t j = 0; j < plan.tiles_over_outputs; ++j) {
      const TileShape shape = {
          std::uint64_t{i} * tile.rows, std::min<std::uint64_t>(plan.inputs, (i + 1ULL) * tile.rows),
          std::uint64_t{j} * tile.columns, std::min<std::uint64_t>(plan.outputs, (j + 1ULL) * tile.columns)};
      const std::uint64_t rows = shape.last - shape.first, columns = shape.right - shape.left;
      d.roms.push_back({fmt::format("{}_codes_{:03}_{:03}.hex", prefix, i, j), layers * rows, columns * bits,
                        [=](std::uint64_t word, Bits& cells) {
                          for_columns(layer_of(word / rows), shape, [&](std::uint64_t c, const auto& matrix, auto row) {
                            const auto input = static_cast<std::uint32_t>(shape.first + word % rows);
                            cells.set(c * bits, bits, numerics::code_at(matrix, row, input));
                          });
                        }});
      d.roms.push_back({fmt::format("{}_scales_{:03}_{:03}.hex", prefix, i, j), layers * shape.segments(), columns * 8,
                        [=](std::uint64_t word, Bits& cells) {
                          const std::uint64_t group = shape.first / kGroup + word % shape.segments();
                          for_columns(layer_of(word / shape.segments()), shape,
                                      [&](std::uint64_t c, const auto& matrix, auto row) {
                                        cells.set(c * 8, 8, group_scale(matrix, row, group));
                                      });
                        }});
    }
  }
  const std::uint64_t values = std::uint64_t{1} << bits;
  d.roms.push_back({prefix + "_codebooks.hex", layers * ends.size() * values, 8,
                    [=, books = ends.size()](std::uint64_t word, Bits& value) {
                      const auto* matrix = layer_of(word / values / books)[word / values % books];
                      if (word % values < matrix->codebook.size())
                        value.set(0, 8, bits_of(matrix->codebook[word % values]));
                    }});
  d.input("layer_i", 16);
  d.stream_in("x", quantised_bits(placement.chip().link));
  d.stream_out("sums", sums_bits(plan));
  return d;
}

}  // namespace kiln::rtl
