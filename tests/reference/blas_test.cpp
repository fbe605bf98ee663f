// OpenBLAS's products against plain loops, for odd shapes and misaligned data; and what loading it does to the process.
#include "reference/blas.hpp"

#include <gmock/gmock.h>
#include <sched.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "base/random.hpp"
#include "kiln/base/thread_pool.hpp"
#include "support/seed.hpp"

namespace kiln::reference {
namespace {

using testing::HasSubstr;

Blas load(std::size_t callers) {
  auto blas = Blas::load(callers);
  EXPECT_TRUE(blas) << blas.error().message;
  return *blas;
}

/// A matrix somewhere in memory: off any vector's boundary, with something behind each row.
struct Storage {
  std::size_t rows, columns, stride;
  std::vector<float> values;

  Storage(std::size_t r, std::size_t c, base::Random& random)
      : rows(r), columns(c), stride(c + 3), values(r * stride + 1) {
    for (float& v : values) v = static_cast<float>(random.unit() - 0.5);
  }
  [[nodiscard]] float at(std::size_t r, std::size_t c) const { return values[1 + r * stride + c]; }
  [[nodiscard]] Rows<const float> view() const { return {values.data() + 1, stride}; }
  [[nodiscard]] Rows<float> view() { return {values.data() + 1, stride}; }
};

/// scale * sum of a's row with b's row or column, in float, term after term; and the same of magnitudes, in double.
struct PlainLoop {
  float product = 0;
  double magnitude = 0;

  PlainLoop(const Storage& a, std::size_t row, const Storage& b, std::size_t column, bool transposed, float scale) {
    for (std::size_t k = 0; k < a.columns; ++k) {
      const float term = a.at(row, k) * (transposed ? b.at(column, k) : b.at(k, column));
      product += term;
      magnitude += std::abs(static_cast<double>(term));
    }
    product *= scale;
    magnitude *= static_cast<double>(scale);
  }
};

/// Two sums of k products and a scale, each rounded k + 1 times at most in whatever order, are each off by at most
/// (k + 1) u / (1 - (k + 1) u) of the magnitudes' sum (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
double bound(std::size_t k, double magnitude) {
  const double u = static_cast<double>(k + 1) * 0x1p-24;
  return 2 * u / (1 - u) * magnitude;
}

void expect_like_naive(const Blas& blas, std::size_t m, std::size_t n, std::size_t k, bool transposed, float scale) {
  base::Random random(support::test_seed(m * 1000 + n));
  const Storage a(m, k, random);
  const Storage b = transposed ? Storage(n, k, random) : Storage(k, n, random);
  Storage out(m, n, random);
  const Storage before = out;
  if (transposed) {
    blas.times_transposed(m, n, k, scale, a.view(), b.view(), out.view());
  } else {
    blas.times(m, n, k, a.view(), b.view(), out.view());
  }
  for (std::size_t row = 0; row < m; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const PlainLoop expected(a, row, b, column, transposed, scale);
      ASSERT_NEAR(out.at(row, column), expected.product, bound(k, expected.magnitude))
          << m << " x " << n << " x " << k << (transposed ? " transposed" : "");
    }
    for (std::size_t behind = n; behind < out.stride; ++behind) ASSERT_EQ(out.at(row, behind), before.at(row, behind));
  }
}

TEST(Blas, ProductsAreThoseOfPlainLoops) {
  const Blas blas = load(1);
  for (const std::size_t m : {1U, 2U, 5U, 64U, 129U})
    for (const std::size_t n : {1U, 3U, 9U, 193U})
      for (const std::size_t k : {1U, 7U, 31U, 64U, 400U}) {
        expect_like_naive(blas, m, n, k, true, 1.0F);
        expect_like_naive(blas, m, n, k, true, 0.125F);
        expect_like_naive(blas, m, n, k, false, 1.0F);
      }
}

TEST(Blas, ProductsSideBySideAreThoseOfOneAfterTheOther) {
  constexpr std::size_t kTasks = 200, kSize = 48;
  base::ThreadPool pool(8);
  const Blas blas = load(pool.threads());
  base::Random random(support::test_seed(2));
  const Storage a(kTasks * kSize, kSize, random);
  const Storage b(kSize, kSize, random);
  Storage together(kTasks * kSize, kSize, random);
  Storage apart = together;
  const auto multiply = [&](std::size_t task, Storage& out) {
    blas.times_transposed(kSize, kSize, kSize, 1.0F, {a.view().values + task * kSize * a.stride, a.stride}, b.view(),
                          {out.view().values + task * kSize * out.stride, out.stride});
  };
  pool.parallel_for(kTasks, [&](std::size_t task) { multiply(task, together); });
  for (std::size_t task = 0; task < kTasks; ++task) multiply(task, apart);
  EXPECT_EQ(together.values, apart.values);
}

std::size_t threads_of_this_process() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

/// In a process of its own, as ctest runs it: the library is loaded once.
TEST(Blas, StartsNoThreadAndLeavesTheProcessors) {
  cpu_set_t before = {};
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  const auto threads = threads_of_this_process();
  const Blas blas = load(4);
  expect_like_naive(blas, 200, 200, 200, true, 1.0F);  // enough that the library would want threads for it
  EXPECT_EQ(threads_of_this_process(), threads);
  cpu_set_t after = {};
  ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(Blas, ThatIsMissingIsASentence) {
  const auto missing = Blas::load(1, "libno-such-blas.so.0");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message,
              testing::AllOf(HasSubstr("the fp32 reference"), HasSubstr("libno-such-blas.so.0"),
                             HasSubstr("libopenblas0-pthread")));
  const auto other = Blas::load(1, "libm.so.6");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("libm.so.6: it is another library"));
}

}  // namespace
}  // namespace kiln::reference
