// Every element-wise operation, norm and transform against a double-precision oracle within the bounds of
// docs/numerics.md.
#include "numerics/vector_ops.hpp"

#include <algorithm>

#include "kiln/base/result.hpp"
#include "numerics/bits.hpp"
#include "numerics/tables.hpp"
#include "numerics_testing.hpp"

namespace kiln::numerics {
namespace {

using testing::entering;
using testing::is_clean;
using testing::kAllKinds;
using testing::Kind;
using testing::random_float;
using testing::random_vector;

constexpr double kLargest = std::numeric_limits<float>::max();

double held(double x) { return std::clamp(x, -kLargest, kLargest); }

/// The transform in double, block by block.
std::vector<double> real_hadamard(std::span<const float> x, std::size_t block) {
  std::vector<double> y(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < block; ++j) {
      const double sign = std::popcount((i % block) & j) % 2 != 0 ? -1 : 1;
      y[i] += sign * entering(x[i / block * block + j]);
    }
  }
  return y;
}

TEST(Quantise, LiesWithinHalfAStepOfTheTransform) {
  base::Random random(testing::seed());
  for (const Kind kind : kAllKinds) {
    for (const std::size_t width : {1U, 4U, 8U, 60U, 64U, 72U, 172U, 576U}) {
      for (const std::size_t block : {std::size_t{1}, hadamard_block(width)}) {
        const std::vector<float> x = random_vector(random, width, kind);
        QuantisedVector q;
        quantise(x, block, q);
        const std::vector<double> expected = real_hadamard(x, block);
        ASSERT_EQ(q.size, width);
        ASSERT_EQ(q.codes.size(), (width + 63) / 64 * 64);
        EXPECT_EQ(q.max_exponent, *std::max_element(q.exponents.begin(), q.exponents.end()));
        for (std::size_t g = 0; g < q.exponents.size(); ++g) {
          int largest = 0;
          double magnitude = 0;
          for (std::size_t i = g * 64; i < (g + 1) * 64; ++i) {
            largest = std::max(largest, std::abs(int{q.codes[i]}));
            if (i >= width) {
              ASSERT_EQ(q.codes[i], 0);
              continue;
            }
            magnitude = std::max(magnitude, std::fabs(entering(x[i])));
          }
          ASSERT_LE(largest, 127);
          if (magnitude == 0) {
            ASSERT_EQ(q.exponents[g], kZeroExponent);
            ASSERT_EQ(largest, 0);
            continue;
          }
          ASSERT_GE(largest, 64) << "a smaller exponent would have done";
          ASSERT_GE(q.exponents[g], -132);
          ASSERT_LE(q.exponents[g], 128);
          const double alignment = static_cast<double>(block) * std::exp2(std::ilogb(magnitude) - 24);
          for (std::size_t i = g * 64; i < std::min(width, (g + 1) * 64); ++i) {
            ASSERT_LE(std::fabs(q.codes[i] * std::exp2(q.exponents[g]) - expected[i]),
                      std::exp2(q.exponents[g] - 1) + alignment);
          }
        }
      }
    }
  }
}

TEST(Quantise, InputsTakeTheSmallestStepThatFits) {
  base::Random random(testing::seed());
  for (const Kind kind : kAllKinds) {
    for (const std::size_t width : {1U, 8U, 60U, 64U, 172U, 576U}) {
      const std::size_t block = hadamard_block(width);
      const std::vector<float> x = random_vector(random, width, kind);
      QuantisedVector q;
      quantise_input(x, block, q);
      const std::vector<double> expected = real_hadamard(x, block);
      for (std::size_t g = 0; g < q.exponents.size(); ++g) {
        if (q.exponents[g] == kZeroExponent) continue;
        ASSERT_TRUE(q.steps[g] >= 4 && q.steps[g] <= 7);
        const double unit = q.steps[g] * std::exp2(q.exponents[g]);
        int largest = 0;
        double magnitude = 0;
        for (std::size_t i = g * 64; i < std::min(width, (g + 1) * 64); ++i) {
          largest = std::max(largest, std::abs(int{q.codes[i]}));
          magnitude = std::max(magnitude, std::fabs(entering(x[i])));
        }
        ASSERT_LE(largest, 127);
        ASSERT_GE(largest, 101) << "4/5 of 127: a smaller step would have done";
        const double alignment = static_cast<double>(block) * std::exp2(std::ilogb(magnitude) - 24);
        for (std::size_t i = g * 64; i < std::min(width, (g + 1) * 64); ++i) {
          // Half a step, and what the rounded reciprocal of the step is off by: 2^-21 of at most 127 steps, times at
          // most 7.
          ASSERT_LE(std::fabs(q.codes[i] * unit - expected[i]), unit * (0.5 + 127 * 7 * 0x1p-21) + alignment);
        }
      }
    }
  }
}

TEST(Quantise, ExactHalvesRoundUpAndNeverReach128) {
  std::vector<float> x = {127.5F, -127.5F, 127.0F, 1.0F};  // 127.5 would round to 128: the exponent grows
  QuantisedVector q;
  quantise(x, 1, q);
  EXPECT_EQ(q.exponents[0], 1);
  EXPECT_EQ(q.codes[0], 64);
  EXPECT_EQ(q.codes[1], -64);          // -63.75
  EXPECT_EQ(q.codes[2], 64);           // 63.5 rounds up
  EXPECT_EQ(q.codes[3], 1);            // 0.5 rounds up
  x = {127.0F, -127.5F, 0.5F, -0.5F};  // -127.5 rounds up to -127 and fits
  quantise(x, 1, q);
  EXPECT_EQ(q.exponents[0], 0);
  EXPECT_EQ(q.codes[1], -127);
  EXPECT_EQ(q.codes[2], 1);
  EXPECT_EQ(q.codes[3], 0);
}

TEST(Quantise, BlockIsTheLargestPowerOfTwoThatDivides) {
  EXPECT_EQ(hadamard_block(4096), 64U);
  EXPECT_EQ(hadamard_block(172), 4U);
  EXPECT_EQ(hadamard_block(8), 8U);
  EXPECT_EQ(hadamard_block(7), 1U);
  QuantisedVector q;
  EXPECT_THROW(quantise(std::vector<float>(6), 4, q), base::BugError);
}

TEST(RmsNorm, LiesWithinItsBound) {
  base::Random random(testing::seed());
  for (const Kind kind : kAllKinds) {
    for (const std::size_t width : {1U, 3U, 64U, 172U, 576U, 4096U}) {
      for (const float eps : {0.0F, 1e-5F, 1e-6F, 100.0F}) {
        const std::vector<float> x = random_vector(random, width, kind);
        const std::vector<float> gamma = random_vector(random, width, Kind::Moderate);
        std::vector<float> y(width);
        rms_norm(x, gamma, eps, y);
        long double total = 0;
        for (const float e : x) total += static_cast<long double>(entering(e)) * entering(e);
        const auto rms = static_cast<double>(std::sqrt(total / static_cast<long double>(width) + eps));
        const bool in_range = rms > 0x1p-126 && rms < 0x1p125;
        const double relative = std::sqrt(static_cast<double>(width)) * 0x1p-24 + 0x1p-22;
        for (std::size_t i = 0; i < width; ++i) {
          ASSERT_TRUE(is_clean(y[i]));
          if (!in_range) continue;
          const double expected = entering(x[i]) / rms * gamma[i];
          ASSERT_LE(std::fabs(y[i] - expected), std::fabs(expected) * relative + 0x1p-124)
              << width << ' ' << eps << ' ' << i;
        }
      }
    }
  }
}

TEST(RmsNorm, ZerosGiveZerosWithoutEps) {
  std::vector<float> y(5, 3.0F);
  rms_norm(std::vector<float>(5, 0.0F), std::vector<float>(5, 1.0F), 0.0F, y);
  for (const float e : y) EXPECT_EQ(e, 0.0F);
}

TEST(RmsNorm, OrderOfElementsDoesNotMatter) {
  base::Random random(testing::seed());
  std::vector<float> x = random_vector(random, 1000, Kind::Mixed);
  const std::vector<float> gamma(1000, 1.0F);
  std::vector<float> y(1000);
  rms_norm(x, gamma, 1e-5F, y);
  std::reverse(x.begin(), x.end());
  std::vector<float> z(1000);
  rms_norm(x, gamma, 1e-5F, z);
  std::reverse(z.begin(), z.end());
  EXPECT_EQ(y, z);
}

TEST(Add, IsTheRoundedSumHeldAtTheLargest) {
  base::Random random(testing::seed());
  for (const Kind a : kAllKinds) {
    for (const Kind b : kAllKinds) {
      std::vector<float> x = random_vector(random, 70, a);
      const std::vector<float> before = x;
      const std::vector<float> y = random_vector(random, 70, b);
      add(x, y);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_TRUE(is_clean(x[i]));
        const double expected = held(entering(before[i]) + entering(y[i]));
        ASSERT_LE(std::fabs(x[i] - expected),
                  std::fabs(expected) * 0x1p-24 + (std::fabs(expected) < 0x1p-125 ? 0x1p-126 : 0));
      }
    }
  }
}

TEST(SiluMultiply, LiesWithinItsBound) {
  base::Random random(testing::seed());
  std::vector<float> gate, up;
  for (const Kind a : kAllKinds) {
    for (const Kind b : kAllKinds) {
      for (int i = 0; i < 200; ++i) {
        gate.push_back(random_float(random, a));
        up.push_back(random_float(random, b));
      }
    }
  }
  for (double g = -200; g < 200; g += 0.0137) {
    gate.push_back(static_cast<float>(g));
    up.push_back(1.0F);
  }
  std::vector<float> y(gate.size());
  silu_multiply(gate, up, y);
  for (std::size_t i = 0; i < y.size(); ++i) {
    ASSERT_TRUE(is_clean(y[i]));
    const double g = entering(gate[i]);
    const double u = entering(up[i]);
    const double expected = held(g / (1 + std::exp(-g)) * u);
    ASSERT_LE(std::fabs(y[i] - expected), std::fabs(expected) * 0x1p-22 + std::fabs(u) * 0x1p-118 + 0x1p-125)
        << g << ' ' << u;
  }
}

TEST(SiluMultiply, EveryPathGivesTheSameBits) {
  base::Random random(testing::seed());
  for (int round = 0; round < 400; ++round) {
    const Kind kind = kAllKinds[random.below(8)];
    const std::size_t width = random.between(1, 70);
    std::vector<float> gate = random_vector(random, width, kind);
    const double range = testing::uniform(random, 0, 100);
    if (round % 2 != 0) {
      for (float& g : gate) g = static_cast<float>(testing::uniform(random, -range, range));
    }
    const std::vector<float> up = random_vector(random, width, Kind::Moderate);
    std::vector<float> scalar(width), wide(width);
    silu_multiply(gate, up, scalar, Simd::Scalar);
    silu_multiply(gate, up, wide, best_simd());
    for (std::size_t i = 0; i < width; ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(scalar[i]), std::bit_cast<std::uint32_t>(wide[i]))
          << gate[i] << ' ' << up[i];
    }
  }
}

TEST(Tables, ExponentialReciprocalAndRootKeepTheirBounds) {
  base::Random random(testing::seed());
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t f = i < 2 ? (i == 0 ? 0 : (1U << 26) - 1) : random.below(1U << 26);
    const double power = std::exp2(-static_cast<double>(f) * 0x1p-26) * 0x1p31;
    ASSERT_LE(std::fabs(static_cast<double>(exp2_negative(f)) - power), power * 0x1.6ap-28);
    const std::uint64_t d =
        i < 2 ? (i == 0 ? 1ULL << 31 : (1ULL << 32) - 1) : random.between(1ULL << 31, (1ULL << 32) - 1);
    const double inverse = 0x1p62 / static_cast<double>(d);
    ASSERT_LE(std::fabs(static_cast<double>(reciprocal(d)) - inverse), inverse * 0x1p-29);
    const std::uint64_t s =
        i < 2 ? (i == 0 ? 1ULL << 30 : (1ULL << 32) - 1) : random.between(1ULL << 30, (1ULL << 32) - 1);
    const double root = 0x1p46 / std::sqrt(static_cast<double>(s));
    ASSERT_LE(std::fabs(static_cast<double>(rsqrt(s)) - root), root * 0x1p-28);
  }
}

TEST(Rope, SineAndCosineAreWithinTheirBound) {
  base::Random random(testing::seed());
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t phase = i < 16 ? static_cast<std::uint64_t>(i / 2) << 61 : random.next();
    const long double angle =
        static_cast<long double>(i % 2 != 0 && i < 16 ? phase - 1 : phase) * 0x1p-63L * 3.14159265358979323846264L;
    const SineCosine r = sine_cosine(i % 2 != 0 && i < 16 ? phase - 1 : phase);
    ASSERT_TRUE(is_clean(r.sine) && is_clean(r.cosine));
    ASSERT_LE(std::fabs(static_cast<double>(r.sine - std::sin(angle))), 0x1p-25 + 0x1p-28);
    ASSERT_LE(std::fabs(static_cast<double>(r.cosine - std::cos(angle))), 0x1p-25 + 0x1p-28);
  }
  EXPECT_EQ(sine_cosine(0).cosine, 1.0F);
  EXPECT_EQ(sine_cosine(0).sine, 0.0F);
}

TEST(Rope, IncrementsAreFractionsOfATurn) {
  for (const double theta : {10000.0, 500000.0, 100000.0}) {
    for (const std::size_t width : {8U, 64U, 128U}) {
      const std::vector<std::uint64_t> increments = rope_increments(width, theta, {});
      ASSERT_EQ(increments.size(), width / 2);
      for (std::size_t i = 0; i < increments.size(); ++i) {
        const long double expected =
            std::pow(static_cast<long double>(theta), -2.0L * i / width) / (2 * 3.14159265358979323846264L);
        const long double error = static_cast<long double>(increments[i]) - expected * 0x1p64L;
        ASSERT_LE(std::fabs(static_cast<double>(error)), 1 + static_cast<double>(expected * 0x1p64L) * 0x1p-46);
      }
    }
  }
  const std::vector<double> factors = {1, 2, 8, 0.001};
  const std::vector<std::uint64_t> plain = rope_increments(8, 10000, {});
  const std::vector<std::uint64_t> scaled = rope_increments(8, 10000, factors);
  EXPECT_EQ(scaled[0], plain[0]);
  EXPECT_EQ(scaled[1], plain[1] / 2);
  EXPECT_EQ(scaled[2], plain[2] / 8);
  EXPECT_NEAR(static_cast<double>(scaled[3]) * 0x1p-64, 1 / 6.283185307179586, 1e-9);
}

TEST(Rope, IncrementsAreTheSameBitsEverywhere) {
  // Llama 3: theta 500,000, heads of 128. Values of the definition; a host that computes others is a bug.
  const std::vector<std::uint64_t> increments = rope_increments(128, 500000.0, {});
  std::uint64_t digest = 0;
  for (const std::uint64_t increment : increments) digest = base::mix(digest ^ increment);
  EXPECT_EQ(increments[0], 2935890503282001408ULL);
  EXPECT_EQ(digest, 4248707053472615154ULL);
}

TEST(Rope, RotatesWithinItsBound) {
  base::Random random(testing::seed());
  for (const Kind kind : kAllKinds) {
    for (const std::size_t width : {2U, 8U, 64U, 128U}) {
      const std::vector<std::uint64_t> increments = rope_increments(width, 10000, {});
      for (const std::uint64_t position : {0ULL, 1ULL, 511ULL, 131071ULL}) {
        std::vector<float> head = random_vector(random, width, kind);
        const std::vector<float> before = head;
        std::vector<float> turns(width);
        rope_turns(increments, position, turns);
        rope(head, turns);
        for (std::size_t i = 0; i < width / 2; ++i) {
          const long double angle =
              static_cast<long double>(position * increments[i]) * 0x1p-63L * 3.14159265358979323846264L;
          const double x = entering(before[i]), y = entering(before[i + width / 2]);
          const auto c = static_cast<double>(std::cos(angle)), s = static_cast<double>(std::sin(angle));
          ASSERT_TRUE(is_clean(head[i]) && is_clean(head[i + width / 2]));
          // Sine or cosine 2^-25 + 2^-28 off, a rounding of each product and one of the sum: 2^-24 each.
          const double bound = (std::fabs(x) + std::fabs(y)) * 1.29 * 0x1p-23 + 0x1p-124;
          ASSERT_LE(std::fabs(head[i] - held(x * c - y * s)), bound);
          ASSERT_LE(std::fabs(head[i + width / 2] - held(y * c + x * s)), bound);
          if (position == 0) {
            ASSERT_EQ(head[i], clean(before[i]));
          }
        }
      }
    }
  }
}

TEST(Embedding, RowIsTheExactProductRoundedOnce) {
  base::Random random(testing::seed());
  for (const int bits : {2, 3, 4, 6, 8}) {
    for (const std::uint32_t columns : {1U, 64U, 172U}) {
      const testing::OwnedMatrix m = testing::random_matrix(random, 37, columns, bits);
      std::vector<float> y(columns);
      for (std::uint32_t row = 0; row < 37; ++row) {
        embedding_row(m.view(), row, y);
        for (std::uint32_t c = 0; c < columns; ++c) {
          const double scale = m.scales[(row / 16 * m.view().groups() + c / 64) * 16 + row % 16];
          const double exact = double{m.row_scales[row]} * m.codebook[m.plain[row * m.padded() + c]] * scale;
          ASSERT_EQ(y[c], static_cast<float>(exact) + 0.0F);
        }
      }
      EXPECT_THROW(embedding_row(m.view(), 37, y), base::BugError);
    }
  }
}

TEST(Argmax, IsTheLowestIndexOfTheLargest) {
  EXPECT_EQ(argmax(std::vector<float>{1, 3, 2, 3}), 1U);
  EXPECT_EQ(argmax(std::vector<float>{-5}), 0U);
  EXPECT_EQ(argmax(std::vector<float>{-3, -2, -2}), 1U);
  EXPECT_THROW((void)argmax({}), base::BugError);
}

TEST(Elements, InfinityAndNanNeverGetThrough) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> bad = {infinity, -infinity, nan, -nan, 1.0F, 0.0F, -0.0F, std::numeric_limits<float>::max()};
  std::vector<float> y(bad.size());
  for (std::size_t turn = 0; turn < bad.size(); ++turn) {
    std::vector<float> other = bad;
    std::rotate(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(turn), other.end());
    silu_multiply(bad, other, y);
    for (const float e : y) EXPECT_TRUE(is_clean(e));
    rms_norm(bad, other, 1e-5F, y);
    for (const float e : y) EXPECT_TRUE(is_clean(e));
    y = bad;
    add(y, other);
    for (const float e : y) EXPECT_TRUE(is_clean(e));
    std::vector<float> turns(bad.size());
    rope_turns(rope_increments(bad.size(), 10000, {}), 5, turns);
    y = other;
    rope(y, turns);
    for (const float e : y) EXPECT_TRUE(is_clean(e));
  }
}

}  // namespace
}  // namespace kiln::numerics
