#include "functional/switching.hpp"

#include <bit>
#include <cstring>
#include <utility>

namespace kiln::functional {
namespace {

// Bits are counted 64 at a time: without an instruction for it, that is a call.
unsigned bits_of(std::uint64_t x) { return static_cast<unsigned>(std::popcount(x)); }

/// The eight codes from `first` on.
std::uint64_t eight_codes(const numerics::QuantisedVector& x, std::size_t first) {
  std::uint64_t codes = 0;
  std::memcpy(&codes, x.codes.data() + first, sizeof codes);
  return codes;
}

}  // namespace

program::Switching activation_switching(const numerics::QuantisedVector& x) {
  program::Switching counted;
  std::size_t i = 1;
  for (; i + 8 <= x.size; i += 8) counted.activation_toggles += bits_of(eight_codes(x, i) ^ eight_codes(x, i - 1));
  for (; i < x.size; ++i) counted.activation_toggles += bits_of(static_cast<std::uint8_t>(x.codes[i] ^ x.codes[i - 1]));
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
  std::uint64_t changed = 0;  // of the last four inputs
  for (std::uint32_t i = 1; i < matrix.columns; ++i) {
    const std::uint16_t now = product(i);
    changed = changed << 16 | static_cast<std::uint16_t>(now ^ before);
    before = now;
    if (i % 4 == 0) counted.product_toggles += bits_of(std::exchange(changed, 0));
  }
  counted.product_toggles += bits_of(changed);
  counted.product_bits = 16 * (std::uint64_t{matrix.columns} - 1);
  return counted;
}

}  // namespace kiln::functional
