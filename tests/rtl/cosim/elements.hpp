// Random vectors of elements for the co-simulation of what is element-wise.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace kiln::rtl {

/// Elements of every size that the arithmetic has to do with: `spread` 0 as in a model, 1 all over the exponents, 2
/// with many zeros, ties and largest values.
class Elements {
 public:
  Elements(base::Random& random, std::uint32_t spread) : random_(random), spread_(spread) {}

  std::vector<float> vector(std::size_t size) {
    std::vector<float> x(size);
    const std::uint64_t kind = random_.below(8);
    for (std::size_t i = 0; i < size; ++i) {
      if (i % 16 == 0) quiet_ = spread_ == 2 && random_.below(3) == 0;
      x[i] = quiet_ || (spread_ == 2 && kind == 0) ? 0.0F : element();
    }
    return x;
  }

 private:
  float element() {
    if (spread_ == 0) return static_cast<float>((random_.unit() - 0.5) * 8);
    const auto sign = static_cast<std::uint32_t>(random_.below(2)) << 31;
    auto fraction = static_cast<std::uint32_t>(random_.below(1U << 23));
    std::uint32_t exponent = 127 - 20 + static_cast<std::uint32_t>(random_.below(40));
    if (spread_ == 2) {
      const std::uint64_t kind = random_.below(6);
      if (kind == 0) return 0.0F;
      if (kind == 1) fraction = 0;
      if (kind == 2) fraction = 0x7FFFFF;
      if (kind == 3) exponent = random_.below(2) == 0 ? 1 : 254;
    } else if (random_.below(40) == 0) {
      exponent = 1 + static_cast<std::uint32_t>(random_.below(254));
    }
    return std::bit_cast<float>(sign | exponent << 23 | fraction);
  }

  base::Random& random_;
  std::uint32_t spread_;
  bool quiet_ = false;
};

}  // namespace kiln::rtl
