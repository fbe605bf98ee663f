// Every instruction set that the host has gives the bits of the scalar definition: at sizes around those of registers
// and groups, for every kind of element, and for those that no unit passes on (infinite, NaN).
#include <algorithm>

#include "numerics/register_products.hpp"
#include "numerics_testing.hpp"

namespace kiln::numerics {
namespace {

using testing::kAllKinds;
using testing::Kind;
using testing::random_float;
using testing::random_vector;

constexpr std::size_t kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 72, 128, 130, 200, 576, 1000};

std::vector<Simd> wider_paths() {
  std::vector<Simd> paths;
  for (const Simd simd : {Simd::Avx2, Simd::Avx512})
    if (simd <= best_simd()) paths.push_back(simd);
  return paths;
}

class VectorPath : public ::testing::Test {
 protected:
  void SetUp() override {
    if (wider_paths().empty()) GTEST_SKIP() << "this host has no vector unit, or KILN_SIMD forbids it";
  }
};

std::vector<std::uint32_t> bits_of(std::span<const float> x) {
  std::vector<std::uint32_t> bits;
  for (const float e : x) bits.push_back(std::bit_cast<std::uint32_t>(e));
  return bits;
}

/// Of one kind, of all kinds at once, or any bits at all.
std::vector<float> any_vector(base::Random& random, std::size_t size) {
  const std::uint64_t sort = random.below(11);
  if (sort < 8) return random_vector(random, size, kAllKinds[sort]);
  std::vector<float> x(size);
  for (float& e : x) {
    e = sort == 8 ? random_float(random, kAllKinds[random.below(8)])
                  : std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    if (sort == 10 && random.below(4) == 0) e = std::numeric_limits<float>::infinity();
  }
  return x;
}

/// body(size, round) some times for each size.
template <class Body>
void for_sizes(const Body& body) {
  for (const std::size_t size : kSizes)
    for (int round = 0; round < 40; ++round) body(size);
}

TEST_F(VectorPath, RegistersAreMultipliedAsOftenAsItSays) {
  for (const Simd simd : wider_paths()) {
    const std::uint64_t lanes = simd == Simd::Avx512 ? 64 : 16;        // products of an instruction
    const std::uint64_t of_an_element = simd == Simd::Avx512 ? 4 : 2;  // that an element adds up
    std::int32_t sum = 0;                                              // weights are 1 then, activations 3
    const std::uint64_t products = multiply_registers(simd, 3, sum);
    EXPECT_NEAR(static_cast<double>(products), 3.0 * (1 << 20), 1e3 * 3);
    EXPECT_EQ(static_cast<std::uint64_t>(sum), 45 + products / lanes * of_an_element * 3);
  }
  std::int32_t sum = 7;
  EXPECT_EQ(multiply_registers(Simd::Scalar, 3, sum), 0U);
  EXPECT_EQ(sum, 7);
}

TEST_F(VectorPath, QuantisesToTheSameBits) {
  base::Random random(testing::seed());
  for_sizes([&](std::size_t size) {
    const std::vector<float> x = any_vector(random, size);
    for (std::size_t block = 1; block <= hadamard_block(size); block *= 2) {
      for (const auto way : {quantise_input, quantise}) {
        QuantisedVector expected, out;
        way(x, block, expected, Simd::Scalar);
        for (const Simd simd : wider_paths()) {
          way(x, block, out, simd);
          ASSERT_EQ(out.codes, expected.codes) << size << ' ' << block;
          ASSERT_EQ(out.exponents, expected.exponents);
          ASSERT_EQ(out.steps, expected.steps);
          ASSERT_EQ(out.max_exponent, expected.max_exponent);
          ASSERT_EQ(out.size, expected.size);
        }
      }
    }
  });
}

TEST_F(VectorPath, QuantisesCodesAtTheirBoundsToTheSameBits) {
  base::Random random(testing::seed());
  for (int round = 0; round < 2000; ++round) {
    // Largest magnitudes around every place where the search for a step ends, and halves of a code.
    std::vector<float> x(64);
    const double unit = std::exp2(random.between(0, 20));
    for (float& e : x) e = static_cast<float>((static_cast<double>(random.below(509)) - 254) / 2 * unit);
    x[random.below(64)] =
        static_cast<float>((127.5 * static_cast<double>(random.between(4, 8)) / 4 + testing::uniform(random, -1, 1)) *
                           unit * (random.below(2) != 0 ? 1 : -1));
    for (const auto way : {quantise_input, quantise}) {
      QuantisedVector expected, out;
      way(x, 1, expected, Simd::Scalar);
      for (const Simd simd : wider_paths()) {
        way(x, 1, out, simd);
        ASSERT_EQ(out.codes, expected.codes);
        ASSERT_EQ(out.exponents, expected.exponents);
        ASSERT_EQ(out.steps, expected.steps);
      }
    }
  }
}

TEST_F(VectorPath, NormsToTheSameBits) {
  base::Random random(testing::seed());
  for_sizes([&](std::size_t size) {
    const std::vector<float> x = any_vector(random, size);
    const std::vector<float> gamma = any_vector(random, size);
    const float eps = random.below(2) != 0 ? 1e-5F : 0.0F;
    std::vector<float> expected(size), out(size);
    rms_norm(x, gamma, eps, expected, Simd::Scalar);
    for (const Simd simd : wider_paths()) {
      rms_norm(x, gamma, eps, out, simd);
      ASSERT_EQ(bits_of(out), bits_of(expected)) << size;
    }
  });
}

TEST_F(VectorPath, NormsAMillionLargestElementsToTheSameBits) {
  const std::vector<float> x(kMaxColumns, std::numeric_limits<float>::max());
  std::vector<float> expected(x.size()), out(x.size());
  rms_norm(x, x, 0.0F, expected, Simd::Scalar);
  for (const Simd simd : wider_paths()) {
    rms_norm(x, x, 0.0F, out, simd);
    ASSERT_TRUE(out == expected);
  }
}

TEST_F(VectorPath, AddsToTheSameBits) {
  base::Random random(testing::seed());
  for_sizes([&](std::size_t size) {
    const std::vector<float> x = any_vector(random, size);
    std::vector<float> y = any_vector(random, size);
    if (random.below(4) == 0)  // cancel, to zero or to what is subnormal
      for (std::size_t i = 0; i < size; ++i) y[i] = random.below(2) != 0 ? -x[i] : -std::nextafter(x[i], 0.0F);
    std::vector<float> expected = x;
    add(expected, y, Simd::Scalar);
    for (const Simd simd : wider_paths()) {
      std::vector<float> out = x;
      add(out, y, simd);
      ASSERT_EQ(bits_of(out), bits_of(expected)) << size;
    }
  });
}

TEST_F(VectorPath, RotatesToTheSameBits) {
  base::Random random(testing::seed());
  for_sizes([&](std::size_t half) {
    const std::vector<float> x = any_vector(random, 2 * half);
    std::vector<float> turns(2 * half);
    rope_turns(rope_increments(2 * half, 10000, {}), random.below(100000), turns);
    std::vector<float> expected = x;
    rope(expected, turns, Simd::Scalar);
    for (const Simd simd : wider_paths()) {
      std::vector<float> out = x;
      rope(out, turns, simd);
      ASSERT_EQ(bits_of(out), bits_of(expected)) << half;
    }
  });
}

TEST_F(VectorPath, WeighsBySiluToTheSameBits) {
  base::Random random(testing::seed());
  const auto expect_same = [](std::span<const float> gate, std::span<const float> up) {
    std::vector<float> expected(gate.size()), out(gate.size());
    silu_multiply(gate, up, expected, Simd::Scalar);
    for (const Simd simd : wider_paths()) {
      silu_multiply(gate, up, out, simd);
      for (std::size_t i = 0; i < gate.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(expected[i]))
            << gate[i] << ' ' << up[i];
      }
    }
  };
  for_sizes([&](std::size_t size) {
    std::vector<float> gate = any_vector(random, size);
    const double range = testing::uniform(random, 0, 100);
    if (random.below(2) != 0)
      for (float& g : gate) g = static_cast<float>(testing::uniform(random, -range, range));
    expect_same(gate, any_vector(random, size));
  });
  // All magnitudes that the vector paths take, both signs, with fractions at their ends.
  std::vector<float> gate;
  for (int exponent = -30; exponent < 7; ++exponent) {
    for (int i = 0; i < 400; ++i) {
      const auto fraction = static_cast<std::uint32_t>(i < 2 ? i * 0x7FFFFF : random.below(1U << 23));
      const float magnitude = std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23 | fraction);
      gate.push_back(i % 4 < 2 ? magnitude : -magnitude);
    }
  }
  // Of all floats the one whose sigmoid lies so close above the middle of two that only its last bits tell.
  std::fill_n(gate.begin(), 64, std::bit_cast<float>(0xC101766FU));
  expect_same(gate, std::vector<float>(gate.size(), 1.0F));
}

}  // namespace
}  // namespace kiln::numerics
