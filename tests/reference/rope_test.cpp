// Frequencies of rotary embedding against values computed by hand from the published formulas.
#include "reference/rope.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace kiln::reference {
namespace {

config::ModelConfig llama31() {
  config::ModelConfig c;
  c.head_dim = 128;
  c.rope_theta = 500000;
  c.rope_scaling = {config::RopeScalingKind::Llama3, 8, 1, 4, 8192};
  return c;
}

TEST(Rope, Llama31KeepsShortWavesAndSlowsLongOnes) {
  const auto f = rope_frequencies(llama31(), {});
  ASSERT_EQ(f.size(), 64U);
  EXPECT_DOUBLE_EQ(f[0], 1.0);
  // Pair 28: wavelength 2 pi * 500000^(28/64) = 1955 < 8192 / 4: kept. Pair 36: 10,086 > 8192: divided by 8.
  EXPECT_NEAR(f[28], std::pow(500000.0, -28.0 / 64), 1e-15);
  EXPECT_NEAR(f[36], std::pow(500000.0, -36.0 / 64) / 8, 1e-15);
  // Pair 32: wavelength 4442.9, so 1.84382 of 1...4 waves: 0.281273 kept.
  const double plain = std::pow(500000.0, -0.5);
  EXPECT_NEAR(f[32] / plain, 0.281273 + (1 - 0.281273) / 8, 1e-5);
}

TEST(Rope, FactorsDivide) {
  config::ModelConfig c;
  c.head_dim = 4;
  c.rope_theta = 10000;
  const std::vector<float> factors = {1.0F, 8.0F};
  EXPECT_THAT(rope_frequencies(c, factors), testing::ElementsAre(1.0, testing::DoubleNear(0.01 / 8, 1e-15)));
}

TEST(Rope, TurnsTheHalvesOfAHead) {
  std::vector<float> head = {1, 2, 3, 4};
  const std::vector<float> cosines = {0, 1};
  const std::vector<float> sines = {1, 0};
  kiln::reference::rotate(head, cosines, sines);
  EXPECT_THAT(head, testing::ElementsAre(-3, 2, 1, 4));
}

}  // namespace
}  // namespace kiln::reference
