#include "functional/switching.hpp"

#include <bit>

namespace kiln::functional {

program::Switching activation_switching(const numerics::QuantisedVector& x) {
  program::Switching counted;
  for (std::size_t i = 1; i < x.size; ++i)
    counted.activation_toggles +=
        static_cast<unsigned>(std::popcount(static_cast<std::uint8_t>(x.codes[i] ^ x.codes[i - 1])));
  counted.activation_bits = x.size > 0 ? 8 * (x.size - 1) : 0;
  return counted;
}

program::Switching product_switching(const numerics::MatrixView& matrix, const numerics::QuantisedVector& x,
                                     std::uint32_t row) {
  program::Switching counted;
  const auto product = [&](std::uint32_t i) {
    return static_cast<std::uint16_t>(matrix.codebook[numerics::code_at(matrix, row, i)] * x.codes[i]);
  };
  std::uint16_t before = product(0);
  for (std::uint32_t i = 1; i < matrix.columns; ++i) {
    const std::uint16_t now = product(i);
    counted.product_toggles += static_cast<unsigned>(std::popcount(static_cast<std::uint16_t>(now ^ before)));
    before = now;
  }
  counted.product_bits = 16 * (std::uint64_t{matrix.columns} - 1);
  return counted;
}

}  // namespace kiln::functional
