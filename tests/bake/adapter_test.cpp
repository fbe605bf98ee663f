// What the chip multiplies for an adapter is the adapter to 8 bits: A x and B h in the bases of input and output.
#include <gmock/gmock.h>

#include <cmath>

#include "bake/row_source.hpp"
#include "bake_testing.hpp"
#include "base/random.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::bake::test {
namespace {

using config::TensorClass;

/// H over blocks, as attention leaves the heads of v.
std::vector<float> transformed(const std::vector<float>& x, std::size_t block) {
  std::vector<float> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < block; ++j)
      out[i] += x[i / block * block + j] * (__builtin_popcountll(i % block & j) % 2 != 0 ? -1.0F : 1.0F);
  return out;
}

std::vector<float> product(const std::vector<float>& matrix, const std::vector<float>& x, double factor) {
  std::vector<float> y(matrix.size() / x.size());
  for (std::size_t row = 0; row < y.size(); ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += double{matrix[row * x.size() + i]} * double{x[i]};
    y[row] = static_cast<float>(factor * sum);
  }
  return y;
}

std::vector<float> on_chip(const rom::StoredMatrix& stored, const std::vector<float>& x, std::size_t block) {
  numerics::QuantisedVector in;
  numerics::quantise_input(x, block, in);
  std::vector<float> y(stored.rows);
  numerics::multiply(stored.view(), in, 0, stored.view().panels(), y, numerics::Simd::Scalar);
  return y;
}

/// Root of the mean squared difference, over that of what is expected.
double distance(const std::vector<float>& a, const std::vector<float>& expected) {
  double off = 0, all = 0;
  EXPECT_EQ(a.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    off += (double{a[i]} - expected[i]) * (double{a[i]} - expected[i]);
    all += double{expected[i]} * expected[i];
  }
  return std::sqrt(off / all);
}

TEST(BakeAdapter, EachTargetMultipliesAsTheAdapterDoes) {
  base::Random random(20261122);
  for (const auto& model : {odd_model(), round_model()}) {
    checkpoint::LoraAdapter adapter{"adapter", {}};
    const std::uint32_t layer = 1, rank = 65;
    const std::pair<TensorClass, std::pair<std::uint32_t, std::uint32_t>> shapes[] = {
        {TensorClass::Q, {model.q_width(), model.hidden_size}},
        {TensorClass::V, {model.kv_width(), model.hidden_size}},
        {TensorClass::O, {model.hidden_size, model.q_width()}},
        {TensorClass::Down, {model.hidden_size, model.intermediate_size}}};
    for (const auto& [c, size] : shapes)
      adapter.targets.push_back({static_cast<checkpoint::Role>(c), base::LayerId{layer}, rank, 0.25,
                                 random_floats(std::size_t{rank} * size.second, random),
                                 random_floats(std::size_t{rank} * size.first, random)});
    const auto baked = bake_adapter(adapter, model);
    ASSERT_TRUE(baked.ok()) << baked.error().message;
    EXPECT_EQ(baked->find(TensorClass::Q, base::LayerId{0}), nullptr);
    for (const auto& target : adapter.targets) {
      const auto c = static_cast<TensorClass>(target.role);
      const auto* stored = baked->find(c, target.layer);
      ASSERT_NE(stored, nullptr);
      const std::size_t inputs = target.a.size() / rank;
      // o: attention's result is in the transformed basis already.
      const auto x = random_floats(inputs, random);
      const auto h = c == TensorClass::O ? on_chip(stored->down, transformed(x, input_block(model, c)), 1)
                                         : on_chip(stored->down, x, input_block(model, c));
      EXPECT_LT(distance(h, product(target.a, x, 1)), 0.02) << static_cast<int>(c);
      const auto z = random_floats(rank, random);
      EXPECT_LT(distance(on_chip(stored->up, z, 1), transformed(product(target.b, z, 0.25), output_block(model, c))),
                0.02)
          << static_cast<int>(c);
    }
  }
}

TEST(BakeAdapter, ValuesBeyondTheTransformAreRefused) {
  const auto model = odd_model();
  checkpoint::LoraAdapter adapter{"adapter", {}};
  adapter.targets.push_back(
      {checkpoint::Role::Q, base::LayerId{1}, 1, 1, std::vector<float>(72, 3e38F), std::vector<float>(72, 1.0F)});
  const auto baked = bake_adapter(adapter, model);
  ASSERT_FALSE(baked.ok());
  EXPECT_THAT(baked.error().message, testing::HasSubstr("q of layer 1 is too large"));
}

}  // namespace
}  // namespace kiln::bake::test
