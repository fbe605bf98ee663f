#include "bake/rebake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "bake/head.hpp"

namespace kiln::bake {

using numerics::kGroup;
using numerics::kPanelRows;

base::Status Rebake::compare_bytes(rom::ImageHead head) {
  if (image_.provenance()) head.added.push_back(provenance_section(provenance_of(head)));
  auto sink = std::make_unique<rom::ComparingSink>(image_.bytes());
  sink_ = sink.get();
  auto writer = rom::RomWriter::create(std::move(sink), head);
  if (!writer) return writer.error();
  writer_ = std::move(*writer);
  return {};
}

base::Status Rebake::begin(const RowSource& source, const rom::TensorShape& place) {
  tensor_ = &image_.tensor(place.tensor_class, place.layer);
  name_ = rom::name_of(config::role_of(place.tensor_class), place.layer);
  difference_.clear();
  const auto& format = image_.recipe().of(place.tensor_class);
  auto fit = fit_tensor(source, format, sample_seed(place.tensor_class, place.layer), pool_, simd_);
  if (!fit) return fit.error();
  fit_ = std::move(*fit);
  levels_ = fit_->book.stored();
  const auto at = std::ranges::mismatch(levels_, tensor_->matrix.codebook);
  if (at.in1 != levels_.end())
    difference_ = fmt::format("{}: level {} of the codebook is {}, baking again gives {}", name_,
                              at.in1 - levels_.begin(), *at.in2, *at.in1);
  return writer_ ? writer_->begin_tensor(levels_) : base::Status();
}

void Rebake::begin_batch(std::uint64_t first, std::uint64_t rows) {
  first_ = first;
  batch_.resize(rows, tensor_->matrix.columns, tensor_->matrix.bits);
}

void Rebake::quantise(std::span<const float> rows, std::size_t at, std::size_t count) {
  batch_.quantise(*fit_, simd_, rows, at, count);
}

base::Status Rebake::end_batch() {
  if (difference_.empty()) difference_ = difference_in_batch();
  return writer_ ? writer_->append_panels(batch_.codes, batch_.scales, batch_.row_scales) : base::Status();
}

/// Whole panels at once; where they differ, row by row. Padding is compared, too.
std::string Rebake::difference_in_batch() const {
  const auto& image = tensor_->matrix;
  const auto equal = [](const auto& again, const auto& all, std::uint64_t offset) {
    return std::ranges::equal(std::as_bytes(std::span(again)), std::as_bytes(all.subspan(offset, again.size())));
  };
  if (equal(batch_.codes, image.codes, numerics::packed_code_bytes(first_, image.columns, image.bits)) &&
      equal(batch_.scales, image.scales, numerics::scale_count(first_, image.columns)) &&
      equal(batch_.row_scales, image.row_scales, first_))
    return "";
  const auto rows = static_cast<std::uint32_t>(batch_.row_scales.size());
  const numerics::MatrixView again{rows,         image.columns, image.bits,       levels_,
                                   batch_.codes, batch_.scales, batch_.row_scales};
  for (std::uint32_t row = 0; row < rows; ++row)
    if (auto found = difference_in_row(again, row); !found.empty()) return name_ + ": " + found;
  return fmt::format("{}: there are codes or scales where rows {} to {} have no weights", name_, first_, first_ + rows);
}

std::string Rebake::difference_in_row(const numerics::MatrixView& again, std::uint32_t row) const {
  const auto& image = tensor_->matrix;
  const auto there = static_cast<std::uint32_t>(first_) + row;
  const float scale = image.row_scales[there];
  if (std::bit_cast<std::uint32_t>(scale) != std::bit_cast<std::uint32_t>(again.row_scales[row]))
    return fmt::format("the row scale of row {} is {}, baking again gives {}", there, scale, again.row_scales[row]);
  for (std::size_t group = 0; group < image.groups(); ++group) {
    const auto place = [&](std::size_t r) {
      return (r / kPanelRows * image.groups() + group) * kPanelRows + r % kPanelRows;
    };
    if (image.scales[place(there)] != again.scales[place(row)])
      return fmt::format("the scale of row {}, group {} is {}, baking again gives {}", there, group,
                         image.scales[place(there)], again.scales[place(row)]);
    const auto end = static_cast<std::uint32_t>(std::min<std::size_t>(image.columns, (group + 1) * kGroup));
    for (auto input = static_cast<std::uint32_t>(group * kGroup); input < end; ++input) {
      const auto code = numerics::code_at(image, there, input), other = numerics::code_at(again, row, input);
      if (code != other)
        return fmt::format("the code of row {}, group {}, input {} is {}, baking again gives {}", there, group, input,
                           code, other);
    }
  }
  return "";
}

base::Result<std::optional<std::uint64_t>> Rebake::finish(const rom::Provenance& provenance) {
  base::check(writer_.has_value(), "compare_bytes() came before");
  if (image_.provenance()) writer_->replace_added(rom::kProvenance, provenance_section(provenance).bytes);
  if (const auto written = writer_->finish(); !written) return written.error();
  return sink_->difference();
}

}  // namespace kiln::bake
