// Consecutive tokens of one user that pass the operations together, and what there is of them in between: many in a
// prompt, one where an answer is made. Private to the functional module.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/numerics/sample.hpp"
#include "kiln/program/activity.hpp"
#include "numerics/matrix.hpp"

namespace kiln::functional {

/// A row of floats for each token. Memory grows and is kept.
class Rows {
 public:
  /// What the rows hold is then anything.
  void reshape(std::size_t rows, std::size_t width) {
    width_ = width;
    if (values_.size() < rows * width) values_.resize(rows * width);
  }
  [[nodiscard]] std::span<float> row(std::size_t i) { return std::span(values_).subspan(i * width_, width_); }

 private:
  std::size_t width_ = 0;
  std::vector<float> values_;
};

struct BatchState {
  std::size_t slot = 0;
  base::TokenPos first;            ///< of the first token
  std::vector<base::TokenId> ids;  ///< at least one
  numerics::Sampling sampling;
  Rows residual;
  Rows stream;  ///< what the embedding ROM, an array's tree or the stage before sends: sections one after the other
  Rows attended;
  Rows turns;                                 ///< of RoPE, the same for all heads and layers
  bool has_turns = false;                     ///< once the first layer needed them
  std::vector<numerics::QuantisedVector> x;   ///< inputs of the next array; at least as many as tokens
  std::vector<std::int64_t> sums;             ///< tile by tile, one token: S of each tile over inputs, by output
  std::vector<base::TokenId> next;            ///< what the sampler chose
  std::vector<program::Switching> switching;  ///< where somebody asked for it

  [[nodiscard]] std::size_t tokens() const { return ids.size(); }
  [[nodiscard]] base::TokenPos position(std::size_t token) const {
    return base::TokenPos{first.value + static_cast<std::uint32_t>(token)};
  }
  [[nodiscard]] std::span<const numerics::QuantisedVector> inputs() const { return std::span(x).first(tokens()); }
  /// The tokens enter: nothing is known of them but what they are.
  void enter(std::size_t user_slot, base::TokenPos position, std::span<const base::TokenId> tokens) {
    slot = user_slot;
    first = position;
    ids.assign(tokens.begin(), tokens.end());
    if (x.size() < ids.size()) x.resize(ids.size());
    next.assign(ids.size(), 0);
    switching.assign(ids.size(), {});
    has_turns = false;
  }
};

}  // namespace kiln::functional
