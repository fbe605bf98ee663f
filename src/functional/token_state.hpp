// What there is of one token between its operations. Private to the functional module.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/numerics/sample.hpp"
#include "numerics/matrix.hpp"

namespace kiln::functional {

struct TokenState {
  std::size_t slot = 0;
  base::TokenId token = 0;
  base::TokenPos position;
  numerics::Sampling sampling;
  std::vector<float> residual;
  std::vector<float> stream;  ///< what the embedding ROM, an array's tree or the stage before sends: sections one
                              ///< after the other
  std::vector<float> attended;
  numerics::QuantisedVector x;     ///< input of the next array
  std::vector<std::int64_t> sums;  ///< S of each tile over inputs, by output
  base::TokenId next = 0;          ///< what the sampler chose
};

}  // namespace kiln::functional
