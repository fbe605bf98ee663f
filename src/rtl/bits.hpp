// A vector of bits as a port or a ROM word of the RTL has it: bit 0 is the least significant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"

namespace kiln::rtl {

class Bits {
 public:
  Bits() = default;
  explicit Bits(std::uint64_t size) : size_(size), words_((size + 31) / 32, 0) {}
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<std::uint32_t>& words() const { return words_; }
  [[nodiscard]] std::vector<std::uint32_t>& words() { return words_; }

  /// `width` <= 64 bits at `at`; what is beyond them in `value` is dropped (so a negative number fits unchanged).
  void set(std::uint64_t at, unsigned width, std::uint64_t value) {
    base::check(width <= 64 && at <= size_ && width <= size_ - at, "bits: a field outside the vector");
    while (width > 0) {
      const unsigned offset = at % 32;
      const unsigned part = width < 32 - offset ? width : 32 - offset;
      const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << part) - 1) << offset;
      std::uint32_t& word = words_[at / 32];
      word = (word & ~mask) | (static_cast<std::uint32_t>(value << offset) & mask);
      value >>= part;
      at += part;
      width -= part;
    }
  }
  [[nodiscard]] std::uint64_t get(std::uint64_t at, unsigned width) const {
    base::check(width <= 64 && at <= size_ && width <= size_ - at, "bits: a field outside the vector");
    std::uint64_t value = 0;
    for (unsigned done = 0; done < width;) {
      const unsigned offset = at % 32;
      const unsigned part = width - done < 32 - offset ? width - done : 32 - offset;
      const std::uint64_t mask = (std::uint64_t{1} << part) - 1;
      value |= ((words_[at / 32] >> offset) & mask) << done;
      at += part;
      done += part;
    }
    return value;
  }
  bool operator==(const Bits&) const = default;

  /// Hexadecimal, most significant digit first, ceil(size / 4) digits: a line of a $readmemh file.
  [[nodiscard]] std::string hex() const {
    constexpr char kDigits[] = "0123456789abcdef";
    const std::uint64_t digits = (size_ + 3) / 4;
    std::string text(digits, '0');
    for (std::uint64_t i = 0; i < digits; ++i) text[digits - 1 - i] = kDigits[(words_[i / 8] >> (i % 8 * 4)) & 0xF];
    return text;
  }

 private:
  std::uint64_t size_ = 0;
  std::vector<std::uint32_t> words_;
};

}  // namespace kiln::rtl
