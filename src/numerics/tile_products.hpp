// How a tile forms P, the sum of codebook[code] * a over inputs [first, last) of one group, in three ways that give the
// same integer. Scalar specifications, one for each microarchitecture (docs/numerics.md, "A tile's products"):
//   ProductSelect  2^bits products of each input formed once for all rows; a row's code selects one of them
//   BitSerial      bit planes, least significant first; per value of the codebook a weighted population count;
//                  constant multipliers
//   RomMac         a row's code is read and looked up, multiplied and accumulated
// Each is made for one segment of a vector and then asked row by row; matrix and vector must outlive it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "numerics/matrix.hpp"

namespace kiln::numerics {

class ProductSelect {
 public:
  ProductSelect(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x);
  [[nodiscard]] std::int32_t row(std::uint32_t row) const;

 private:
  const MatrixView& matrix_;
  std::size_t first_, last_;
  std::vector<std::int16_t> products_;  ///< [input][value of the codebook]
};

class BitSerial {
 public:
  static constexpr int kPlanes = 8;  ///< bits of an activation
  BitSerial(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x);
  [[nodiscard]] std::int32_t row(std::uint32_t row) const;

 private:
  const MatrixView& matrix_;
  std::size_t first_, last_;
  std::array<std::uint64_t, kPlanes> planes_{};  ///< bit i of plane k is bit k of input first + i
};

class RomMac {
 public:
  RomMac(const MatrixView& matrix, std::size_t first, std::size_t last, const QuantisedVector& x)
      : matrix_(matrix), first_(first), last_(last), x_(x) {}
  [[nodiscard]] std::int32_t row(std::uint32_t row) const { return partial_product(matrix_, row, first_, last_, x_); }

 private:
  const MatrixView& matrix_;
  std::size_t first_, last_;
  const QuantisedVector& x_;
};

}  // namespace kiln::numerics
