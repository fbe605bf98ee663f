// A weight matrix as the ROM holds it, and the exact product of its rows with a quantised vector.
//
// Codes index an INT8 codebook; 64 inputs of a row share an unsigned 8-bit scale; a row has one float scale.
//   P[o,g] = sum over the group of codebook[code] * a            INT32, exact
//   S[o]   = sum over g of shift(scale[o,g] * step[g] * P[o,g], E - e[g])  INT64, each term rounded separately, any
//   order y[o]   = round_to_float(row_scale[o] * S[o] * 2^E)
// Storage is in panels of 16 rows (docs/numerics.md, "Packing"): rows are padded to 16, inputs to 64 with code 0, which
// meets activation 0. Every width, bound and rounding is derived in docs/numerics.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kiln::numerics {

inline constexpr std::size_t kGroup = 64;      ///< inputs that share a scale and an activation exponent
inline constexpr std::size_t kPanelRows = 16;  ///< rows that are stored side by side
inline constexpr std::uint64_t kMaxColumns = std::uint64_t{1}
                                             << 20;  ///< inputs of a row: the bound of S and of the row's product
inline constexpr std::int16_t kZeroExponent = -256;  ///< exponent of a group of zeros: below every other (-135...128)

/// Bytes of all codes of a matrix: panels * groups * 16 * 64 * bits / 8.
std::uint64_t packed_code_bytes(std::uint64_t rows, std::uint64_t columns, int bits);
/// Number of 8-bit scales: panels * groups * 16, as [panel][group][row of panel].
std::uint64_t scale_count(std::uint64_t rows, std::uint64_t columns);

struct MatrixView {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  int bits = 8;                           ///< 2, 3, 4, 6 or 8
  std::span<const std::int8_t> codebook;  ///< 2^bits values, -127...127
  std::span<const std::byte> codes;       ///< packed_code_bytes()
  std::span<const std::uint8_t> scales;   ///< scale_count()
  std::span<const float> row_scales;      ///< rows, finite, not negative, no subnormals

  [[nodiscard]] std::size_t groups() const { return (columns + kGroup - 1) / kGroup; }
  [[nodiscard]] std::size_t panels() const { return (rows + kPanelRows - 1) / kPanelRows; }
};

/// A vector as it enters a ROM matrix: INT8 codes, one exponent and one step per group of 64; value = code * step *
/// 2^exponent.
struct QuantisedVector {
  std::size_t size = 0;
  std::vector<std::int8_t> codes;       ///< padded with zeros to whole groups
  std::vector<std::int16_t> exponents;  ///< per group; kZeroExponent for a group of zeros
  std::vector<std::uint8_t> steps;      ///< per group: 4...7, or 1 where only powers of two are wanted (q, k, v)
  std::int16_t max_exponent = 0;        ///< E: the largest of them
};

/// Packs one panel: 16 rows, all columns, codes below 2^bits, those of padding 0; used by the baker, panel by panel.
void pack_panel(int bits, std::uint64_t columns,
                std::span<const std::uint8_t> codes /* 16 x padded columns, row-major */, std::span<std::byte> out);
/// The code of one element (slow; for proofs and tests).
std::uint8_t code_at(const MatrixView& matrix, std::uint32_t row, std::uint32_t column);

/// The codes of 64 inputs of a row, those of padding too.
void codes_of_group(const MatrixView& matrix, std::uint32_t row, std::size_t group,
                    std::span<std::uint8_t, kGroup> out);
/// The 16 x 64 codebook values of one group of a panel: out[(input / 4 * 16 + row) * 4 + input % 4].
void decode_group(int bits, const std::int8_t* codebook, const std::byte* codes, std::int8_t* out);

enum class Simd { Scalar, Avx2, Avx512 };
/// The widest path that this host has, or Scalar if the environment variable KILN_SIMD is "scalar" ("avx2" likewise).
Simd best_simd();

/// Vectors of one width with what every row needs of them per group, in the form that a path reads: made once, used for
/// every matrix and by every thread that multiplies them.
class PreparedBatch {
 public:
  PreparedBatch() = default;
  PreparedBatch(std::span<const QuantisedVector> x, Simd simd) { assign(x, simd); }
  /// The same in memory that is there already.
  void assign(std::span<const QuantisedVector> x, Simd simd);

  /// One rounding shift of a 32-bit term without a carry out of its 32 bits: ((t >> before) + half) >> after. From a
  /// shift of 32 on the result is 0.
  struct Term {
    std::int32_t bias;    ///< -128 * sum of the group's codes: takes back the + 128 of an unsigned codebook
    std::int32_t step;    ///< 1, 4...7
    std::int32_t before;  ///< 0...4
    std::int32_t half;
    std::int32_t after;  ///< 0...28
  };
  [[nodiscard]] std::size_t size() const { return exponents_.size(); }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  /// Whether a term has a `before`. Hardly any batch does: its group is 2^28 times smaller than the vector's largest.
  [[nodiscard]] bool deep() const { return deep_; }
  [[nodiscard]] Simd simd() const { return simd_; }
  /// The 64 codes of a group; those of the next vectors after them.
  [[nodiscard]] const std::int8_t* codes(std::size_t group, std::size_t vector) const {
    return codes_.data() + (group * size() + vector) * kGroup;
  }
  /// Likewise |code|, of one vector alone with AVX2.
  [[nodiscard]] const std::int8_t* magnitudes(std::size_t group) const { return magnitudes_.data() + group * kGroup; }
  /// Likewise codes of 16 bits, of several vectors with AVX2.
  [[nodiscard]] const std::int16_t* words(std::size_t group, std::size_t vector) const {
    return words_.data() + (group * size() + vector) * kGroup;
  }
  [[nodiscard]] const Term* terms(std::size_t group, std::size_t vector) const {
    return terms_.data() + group * size() + vector;
  }
  [[nodiscard]] std::int16_t max_exponent(std::size_t vector) const { return exponents_[vector]; }

 private:
  std::size_t columns_ = 0;
  bool deep_ = false;
  Simd simd_ = Simd::Scalar;
  std::vector<std::int8_t> codes_;  ///< [group][vector][64]
  std::vector<std::int8_t> magnitudes_;
  std::vector<std::int16_t> words_;
  std::vector<Term> terms_;              ///< [group][vector]
  std::vector<std::int16_t> exponents_;  ///< of each vector
};

/// y[t][row] of vector t for rows [16 * first_panel, min(rows, 16 * last_panel)); a y[t] has `rows` elements. Weights are
/// read once for every 64 vectors. All paths give the same bits.
void multiply(const MatrixView& matrix, const PreparedBatch& x, std::size_t first_panel, std::size_t last_panel,
              std::span<const std::span<float>> y);

/// The same for vectors that are not prepared, and for one.
void multiply_batch(const MatrixView& matrix, std::span<const QuantisedVector> x, std::size_t first_panel,
                    std::size_t last_panel, std::span<const std::span<float>> y, Simd simd);
void multiply(const MatrixView& matrix, const QuantisedVector& x, std::size_t first_panel, std::size_t last_panel,
              std::span<float> y, Simd simd);

/// What a tile of any shape contributes: P over inputs [first, last) within one group, for one row. Parts of a group
/// add up exactly.
std::int32_t partial_product(const MatrixView& matrix, std::uint32_t row, std::size_t first, std::size_t last,
                             const QuantisedVector& x);
/// scale and shift of a whole group's P, and the last step: shared by the tile-by-tile path and the tests.
std::int64_t scaled_term(std::int32_t p, std::uint8_t scale, std::uint8_t step, int shift);
float row_result(float row_scale, std::int64_t sum, int max_exponent);

}  // namespace kiln::numerics
