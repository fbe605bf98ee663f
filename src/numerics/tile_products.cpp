#include "numerics/tile_products.hpp"

#include <bit>

#include "kiln/base/result.hpp"

namespace kiln::numerics {
namespace {

void check_segment(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x) {
  base::check(first < last && last <= matrix.columns && first / kGroup == (last - 1) / kGroup,
              "tile products: inputs must lie within one group");
  base::check(x.size == matrix.columns && matrix.codebook.size() == std::size_t{1} << matrix.bits,
              "tile products: the vector's width or the codebook's size is not the matrix's");
}

}  // namespace

ProductSelect::ProductSelect(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x)
    : matrix_(matrix), first_(first), last_(last) {
  check_segment(matrix, first, last, x);
  products_.reserve((last - first) * matrix.codebook.size());
  for (std::size_t i = first; i < last; ++i)
    for (const std::int8_t value : matrix.codebook) products_.push_back(static_cast<std::int16_t>(value * x.codes[i]));
}

std::int32_t ProductSelect::row(std::uint32_t row) const {
  std::int32_t sum = 0;
  for (std::size_t i = first_; i < last_; ++i) {
    const std::uint8_t code = code_at(matrix_, row, static_cast<std::uint32_t>(i));
    sum += products_[(i - first_) * matrix_.codebook.size() + code];
  }
  return sum;
}

BitSerial::BitSerial(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x)
    : matrix_(matrix), first_(first), last_(last) {
  check_segment(matrix, first, last, x);
  for (std::size_t i = first; i < last; ++i)
    for (int k = 0; k < kPlanes; ++k)
      planes_[static_cast<std::size_t>(k)] |= std::uint64_t{(static_cast<std::uint8_t>(x.codes[i]) >> k) & 1U}
                                              << (i - first);
}

std::int32_t BitSerial::row(std::uint32_t row) const {
  // The row's regions: which inputs have this code. In a tile they are wires.
  std::array<std::uint64_t, 256> region{};
  for (std::size_t i = first_; i < last_; ++i)
    region[code_at(matrix_, row, static_cast<std::uint32_t>(i))] |= std::uint64_t{1} << (i - first_);
  std::int32_t sum = 0;
  for (std::size_t v = 0; v < matrix_.codebook.size(); ++v) {
    if (region[v] == 0) continue;  // counts nothing
    std::int32_t count = 0;        // the sum of the activations under this value
    for (int k = 0; k < kPlanes; ++k) {
      const std::int32_t weighted = std::popcount(planes_[static_cast<std::size_t>(k)] & region[v]) << k;
      count += k + 1 == kPlanes ? -weighted : weighted;  // two's complement: the last plane is the sign's
    }
    sum += matrix_.codebook[v] * count;
  }
  return sum;
}

}  // namespace kiln::numerics
