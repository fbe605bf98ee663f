// The transforms against the matrix written out, and the identity they rely on: the product with the transformed input
// is the same.
#include <cmath>
#include <cstdlib>

#include "bake/hadamard.hpp"
#include "bake/rope.hpp"
#include "bake/row_source.hpp"
#include "bake_testing.hpp"
#include "base/random.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::bake::test {
namespace {

using config::TensorClass;
using numerics::Simd;

double sign(std::size_t i, std::size_t j) { return __builtin_popcountll(i & j) % 2 != 0 ? -1.0 : 1.0; }

TEST(Transform, Inputs_AreTimesHOverN_OnEveryPath) {
  base::Random random(seed());
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed()));
  for (const std::size_t block : {1, 2, 4, 8, 16, 32, 64}) {
    const auto before = random_floats(192, random);
    std::vector<float> first;
    for (const Simd simd : paths()) {
      auto after = before;
      transform_inputs(after, block, simd);
      if (first.empty()) first = after;
      EXPECT_EQ(after, first);
      for (std::size_t i = 0; i < after.size(); ++i) {
        double expected = 0;
        for (std::size_t j = 0; j < block; ++j) expected += before[i / block * block + j] * sign(i % block, j);
        EXPECT_NEAR(after[i], expected / static_cast<double>(block), 1e-6);
      }
    }
  }
}

TEST(Transform, Outputs_AreHTimesRows) {
  base::Random random(seed());
  for (const std::size_t block : {1, 2, 8, 64}) {
    const auto before = random_floats(2 * block * 5, random);
    auto after = before;
    transform_outputs(after, 5, block);
    for (std::size_t row = 0; row < 2 * block; ++row)
      for (std::size_t column = 0; column < 5; ++column) {
        double expected = 0;
        for (std::size_t j = 0; j < block; ++j)
          expected += before[(row / block * block + j) * 5 + column] * sign(row % block, j);
        EXPECT_NEAR(after[row * 5 + column], expected, 1e-5);
      }
  }
}

/// What the chip presents to a matrix instead of x: H x in blocks.
std::vector<double> presented(const std::vector<float>& x, std::size_t block) {
  std::vector<double> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < block; ++j) out[i] += x[i / block * block + j] * sign(i % block, j);
  return out;
}

TEST(RowSource, Product_IsUnchangedByTheBasis) {
  base::Random random(seed());
  for (const auto& model : {odd_model(), round_model()}) {
    const auto checkpoint = checkpoint::synthetic(model, 2);
    const std::size_t head_block = numerics::hadamard_block(model.head_dim);
    for (const auto c : {TensorClass::Q, TensorClass::V, TensorClass::O, TensorClass::Down, TensorClass::LmHead}) {
      const RowSource source(*checkpoint, c, {}, numerics::best_simd());
      std::vector<float> rows;
      ASSERT_TRUE(source.read(0, source.rows(), rows).ok());
      const auto x = random_floats(source.columns(), random);
      // The attention's result is already in the values' basis; all else is transformed when it is quantised.
      const std::size_t width = c == TensorClass::O ? model.head_dim : source.columns();
      const auto hx = presented(x, numerics::hadamard_block(width));
      const auto* info = checkpoint->find(static_cast<checkpoint::Role>(c));
      if (info == nullptr) info = checkpoint->find(checkpoint::Role::Embedding);
      std::vector<float> plain(info->rows * info->columns);
      ASSERT_TRUE(checkpoint->read_rows(*info, 0, info->rows, plain).ok());
      std::vector<double> expected(source.rows());
      for (std::size_t row = 0; row < source.rows(); ++row)
        for (std::size_t i = 0; i < x.size(); ++i) expected[row] += double{plain[row * x.size() + i]} * x[i];
      for (std::size_t row = 0; row < source.rows(); ++row) {
        double product = 0;
        for (std::size_t i = 0; i < x.size(); ++i) product += rows[row * source.stride() + i] * hx[i];
        double want = expected[row];
        if (c == TensorClass::V) {
          want = 0;
          for (std::size_t j = 0; j < head_block; ++j)
            want += expected[row / head_block * head_block + j] * sign(row % head_block, j);
        }
        EXPECT_NEAR(product, want, 1e-4) << config::kTensorClassNames[c] << row;
        for (std::size_t i = x.size(); i < source.stride(); ++i) EXPECT_EQ(rows[row * source.stride() + i], 0.0F);
      }
    }
  }
}

TEST(RowSource, Parts_AreTheRowsOfTheWhole) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 2);
  for (const auto c : {TensorClass::V, TensorClass::Down}) {
    const RowSource source(*checkpoint, c, {1}, numerics::best_simd());
    std::vector<float> whole;
    std::vector<float> part;
    ASSERT_TRUE(source.read(0, source.rows(), whole).ok());
    ASSERT_TRUE(source.read(16, 8, part).ok());
    EXPECT_TRUE(std::ranges::equal(part, std::span(whole).subspan(16 * source.stride(), 8 * source.stride())));
  }
}

/// Frequencies as Llama 3.1's reference code scales them, in double and with libm.
double llama3_frequency(const config::ModelConfig& model, std::size_t pair) {
  const double frequency = std::pow(model.rope_theta, -2.0 * static_cast<double>(pair) / model.head_dim);
  const auto& s = model.rope_scaling;
  const double wavelength = 2 * M_PI / frequency;
  if (wavelength < s.original_max_position_embeddings / s.high_freq_factor) return frequency;
  if (wavelength > s.original_max_position_embeddings / s.low_freq_factor) return frequency / s.factor;
  const double smooth =
      (s.original_max_position_embeddings / wavelength - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - smooth) * frequency / s.factor + smooth * frequency;
}

TEST(Rope, Llama3Scaling_IsThatOfTheReferenceFormula) {
  auto model = round_model();
  model.rope_theta = 500000;
  model.rope_scaling = {config::RopeScalingKind::Llama3, 8.0, 1.0, 4.0, 8192};
  const auto increments = scaled_rope_increments(*checkpoint::synthetic(model, 1));
  ASSERT_EQ(increments.size(), 64U);
  for (std::size_t i = 0; i < increments.size(); ++i) {
    const double turns = llama3_frequency(model, i) / (2 * M_PI);
    EXPECT_NEAR(static_cast<double>(increments[i]) * 0x1p-64 / turns, 1.0, 1e-9) << i;
  }
}

TEST(Rope, WhatTheCheckOfAModelLetsPass_HasIncrements) {
  for (const double theta : {1.0, 1e12})
    for (const double factor : {0.001, 65536.0})
      for (const std::uint32_t width : {2U, 65536U}) {
        config::ModelConfig model = odd_model();
        model.heads = model.kv_heads = 1;
        model.head_dim = width;
        model.rope_theta = theta;
        model.rms_norm_eps = 1e-30;
        for (const auto kind : {config::RopeScalingKind::Linear, config::RopeScalingKind::Llama3}) {
          model.rope_scaling = {kind, factor, 0.001, 65536, 1U << 24};
          ASSERT_TRUE(model.validate().ok()) << model.validate().error().message;
          Altered checkpoint(checkpoint::synthetic(model, 1));
          checkpoint.rope_factors_.assign(width / 2, static_cast<float>(factor));
          EXPECT_EQ(scaled_rope_increments(checkpoint).size(), width / 2);
        }
      }
}

TEST(Rope, LinearScalingAndOwnFactors_DivideTheFrequencies) {
  auto model = odd_model();
  const auto plain = scaled_rope_increments(*checkpoint::synthetic(model, 1));
  EXPECT_EQ(plain, numerics::rope_increments(8, 10000.0, {}));
  model.rope_scaling = {config::RopeScalingKind::Linear, 4.0, 1.0, 4.0, 8192};
  Altered checkpoint(checkpoint::synthetic(model, 1));
  const auto linear = scaled_rope_increments(checkpoint);
  checkpoint.rope_factors_ = {1.0F, 2.0F, 4.0F, 8.0F};
  const auto both = scaled_rope_increments(checkpoint);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(plain[i]) / static_cast<double>(linear[i]), 4.0, 1e-9);
    EXPECT_NEAR(static_cast<double>(linear[i]) / static_cast<double>(both[i]), checkpoint.rope_factors_[i], 1e-9);
  }
}

}  // namespace
}  // namespace kiln::bake::test
