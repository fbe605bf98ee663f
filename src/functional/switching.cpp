#include "functional/switching.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace kiln::functional {
namespace {

using numerics::kGroup;

/// Ones in the words: in parallel within a word and over words, since a population count is a call on a processor of which
/// nothing is known.
template <class Word>
std::uint64_t ones(const std::array<Word, kGroup>& words) {
  std::array<Word, kGroup> counts;
  for (std::size_t i = 0; i < kGroup; ++i) {
    unsigned x = words[i];
    x -= x >> 1 & 0x5555U;
    x = (x & 0x3333U) + (x >> 2 & 0x3333U);
    x = (x + (x >> 4)) & 0x0F0FU;
    counts[i] = static_cast<Word>((x + (x >> 8)) & 0xFFU);
  }
  unsigned sum = 0;
  for (const Word count : counts) sum += count;
  return sum;
}

/// Ones in the differences of neighbours, in groups: `fill(group, out)` gives the values of one, the last of them padded.
template <class Word, class Fill>
std::uint64_t toggles(std::size_t size, const Fill& fill) {
  std::uint64_t counted = 0;
  std::array<Word, kGroup> values;
  std::array<Word, kGroup> changed;
  Word before = 0;
  for (std::size_t first = 0; first < size; first += kGroup) {
    fill(first / kGroup, values);
    const std::size_t count = std::min(kGroup, size - first);
    changed[0] = static_cast<Word>(first == 0 ? 0 : values[0] ^ before);
    for (std::size_t i = 1; i < kGroup; ++i) changed[i] = static_cast<Word>(values[i] ^ values[i - 1]);
    std::fill(changed.begin() + static_cast<std::ptrdiff_t>(count), changed.end(), Word{0});
    counted += ones(changed);
    before = values[kGroup - 1];
  }
  return counted;
}

}  // namespace

program::Switching activation_switching(const numerics::QuantisedVector& x) {
  program::Switching counted;
  counted.activation_toggles = toggles<std::uint8_t>(x.size, [&](std::size_t group, auto& values) {
    std::copy_n(x.codes.data() + group * kGroup, kGroup, values.begin());
  });
  counted.activation_bits = x.size > 0 ? 8 * (x.size - 1) : 0;
  return counted;
}

program::Switching product_switching(const numerics::MatrixView& matrix, const numerics::QuantisedVector& x,
                                     std::uint32_t row) {
  program::Switching counted;
  std::array<std::uint8_t, kGroup> codes;
  counted.product_toggles = toggles<std::uint16_t>(matrix.columns, [&](std::size_t group, auto& values) {
    numerics::codes_of_group(matrix, row, group, codes);
    for (std::size_t i = 0; i < kGroup; ++i)
      values[i] = static_cast<std::uint16_t>(matrix.codebook[codes[i]] * x.codes[group * kGroup + i]);
  });
  counted.product_bits = 16 * (std::uint64_t{matrix.columns} - 1);
  return counted;
}

}  // namespace kiln::functional
