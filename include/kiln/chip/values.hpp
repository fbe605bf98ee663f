// The values half of the chip: the arithmetic of every operation of the dataflow for one user, without any clock. The
// SystemC units call it when their operation ends; evaluation calls it alone. Nothing here knows tile shapes, lanes or
// banks: see check_tiles.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"
#include "kiln/numerics/matrix.hpp"
#include "kiln/program/dataflow.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/rom/rom_image.hpp"

namespace kiln::chip {

class Values {
 public:
  /// `capacity_tokens`: positions that the KV cache holds. With a placement the matrices are computed tile by tile, as
  /// that chip's arrays and trees do (slow: the specification); without one, row by row by the fast paths. Both give
  /// the same bits.
  Values(const rom::RomImage& rom, std::uint64_t capacity_tokens, base::ThreadPool& pool, numerics::Simd simd,
         const program::Placement* by_tile = nullptr);
  ~Values();
  Values(Values&&) noexcept;

  /// Forgets the KV cache.
  void reset();
  /// Sets the token that the following operations work on.
  void begin(base::TokenId token, base::TokenPos position);
  void execute(const program::Op& op);
  /// begin() and all operations of a token at the next position.
  void forward(base::TokenId token, bool with_logits);

  /// Behind the LM head's Reduce / ArgMax of the current token.
  [[nodiscard]] std::span<const float> logits() const;
  [[nodiscard]] base::TokenId argmax() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::chip
