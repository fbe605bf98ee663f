// The dispatched matrix kernel against a plain loop, for odd shapes and misaligned data.
#include "reference/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.hpp"

namespace kiln::reference {
namespace {

TEST(MatrixKernel, AgreesWithAPlainLoopForOddShapes) {
  base::Random random(1);
  const MatrixKernel kernel = pick_matrix_kernel();
  for (const std::size_t rows : {1U, 2U, 5U}) {
    for (const std::size_t columns : {1U, 7U, 8U, 9U, 31U, 64U, 65U}) {
      for (const std::size_t tokens : {1U, 3U, 4U, 9U}) {
        std::vector<float> w(rows * columns + 1);  // + 1: the data starts off any vector's boundary
        std::vector<float> x(tokens * columns + 1);
        for (float& v : w) v = static_cast<float>(random.unit() - 0.5);
        for (float& v : x) v = static_cast<float>(random.unit() - 0.5);
        std::vector<float> y(tokens * (rows + 2), -1.0F);
        kernel(w.data() + 1, rows, columns, x.data() + 1, tokens, y.data(), rows + 2);
        for (std::size_t t = 0; t < tokens; ++t) {
          for (std::size_t r = 0; r < rows; ++r) {
            double sum = 0;
            for (std::size_t i = 0; i < columns; ++i)
              sum += static_cast<double>(w[1 + r * columns + i]) * static_cast<double>(x[1 + t * columns + i]);
            EXPECT_NEAR(y[t * (rows + 2) + r], sum, 1e-5) << rows << " x " << columns << ", " << tokens;
          }
          EXPECT_EQ(y[t * (rows + 2) + rows], -1.0F);
        }
      }
    }
  }
}

}  // namespace
}  // namespace kiln::reference
