// Attention over the quantised KV cache against a double-precision oracle, and the same bits from every path.
#include <algorithm>
#include <bit>

#include "kiln/base/result.hpp"
#include "numerics/attention_paths.hpp"
#include "numerics/bits.hpp"
#include "numerics_testing.hpp"

namespace kiln::numerics {
namespace {

using testing::is_clean;
using testing::kAllKinds;
using testing::Kind;
using testing::random_vector;

struct Tokens {
  std::size_t kv_heads, head_dim;
  std::vector<std::vector<float>> k, v;
};

Tokens random_tokens(base::Random& random, std::size_t kv_heads, std::size_t head_dim, std::size_t count, Kind kind,
                     double spread) {
  Tokens tokens{kv_heads, head_dim, {}, {}};
  for (std::size_t t = 0; t < count; ++t) {
    tokens.k.push_back(random_vector(random, kv_heads * head_dim, kind));
    tokens.v.push_back(random_vector(random, kv_heads * head_dim, kind));
    const auto scale = static_cast<float>(std::exp2(testing::uniform(random, -spread, spread)));
    for (float& e : tokens.v.back()) e *= scale;
  }
  return tokens;
}

KvStore filled(const Tokens& tokens) {
  KvStore kv(tokens.kv_heads, tokens.head_dim, tokens.k.size());
  for (std::size_t t = 0; t < tokens.k.size(); ++t) kv.append(tokens.k[t], tokens.v[t]);
  return kv;
}

/// A head as quantise() leaves it, in double.
std::vector<double> dequantised(std::span<const float> x, std::size_t block) {
  QuantisedVector q;
  quantise(x, block, q);
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i)
    y.push_back(std::ldexp(static_cast<double>(q.codes[i]), q.exponents[i / kGroup]));
  return y;
}

struct Oracle {
  std::vector<double> out;
  double bound = 0;
};

/// softmax and values in double on the quantised q, k, v, with the error bound of docs/numerics.md.
Oracle oracle(const Tokens& tokens, std::span<const float> q, std::size_t kv_head) {
  const std::size_t width = tokens.head_dim;
  const std::size_t block = hadamard_block(width);
  const std::vector<double> query = dequantised(q, block);
  std::vector<double> scores;
  double alignment = 0, largest_score = 0, largest_value = 0;
  for (const auto& k : tokens.k) {
    const std::vector<double> key = dequantised(std::span(k).subspan(kv_head * width, width), block);
    double sum = 0, largest_part = 0;
    for (std::size_t i = 0; i < width; ++i) {
      sum += query[i] * key[i];
      largest_part = std::max(largest_part, std::fabs(query[i] * key[i]));
    }
    const double factor = 1 / (static_cast<double>(block) * std::sqrt(static_cast<double>(width)));
    scores.push_back(sum * factor);
    largest_score = std::max(largest_score, std::fabs(scores.back()));
    // A group's dot is shifted at most to half a unit of 2^-10 of the larger group's unit; codes of that group
    // reach 64.
    if (width > kGroup)
      alignment = std::max(alignment, static_cast<double>((width + 63) / 64) * largest_part * 0x1p-11 * factor);
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  Oracle result;
  result.out.assign(width, 0);
  double total = 0;
  for (std::size_t t = 0; t < scores.size(); ++t) {
    const double p = std::exp(scores[t] - top);
    total += p;
    const std::vector<double> value = dequantised(std::span(tokens.v[t]).subspan(kv_head * width, width), 1);
    for (std::size_t i = 0; i < width; ++i) {
      result.out[i] += p * value[i];
      largest_value = std::max(largest_value, std::fabs(value[i]));
    }
  }
  for (double& e : result.out) e /= total;
  const double relative = 2 * (largest_score * 0x1p-21 + alignment) + 0x1p-26;
  const double absolute = static_cast<double>(scores.size()) * 0x1p-24 / total;
  result.bound = largest_value * (2 * relative + 2 * absolute + 0x1p-23);
  return result;
}

void expect_within_bound(const Tokens& tokens, std::size_t heads, std::span<const float> q) {
  const KvStore kv = filled(tokens);
  std::vector<float> out(q.size());
  attend(kv, q, heads, out);
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t width = tokens.head_dim;
    const Oracle expected = oracle(tokens, q.subspan(h * width, width), h / (heads / tokens.kv_heads));
    for (std::size_t i = 0; i < width; ++i) {
      ASSERT_TRUE(is_clean(out[h * width + i]));
      ASSERT_LE(std::fabs(out[h * width + i] - expected.out[i]), expected.bound + 0x1p-125)
          << "head " << h << " element " << i << " of " << width << ", " << tokens.k.size() << " tokens";
    }
  }
}

TEST(Attend, LiesWithinItsBound) {
  base::Random random(testing::seed());
  for (const std::size_t width : {2U, 8U, 32U, 64U, 128U, 192U}) {
    for (const std::size_t count : {1U, 2U, 15U, 16U, 17U, 100U}) {
      const std::size_t kv_heads = random.between(1, 3);
      const std::size_t heads = kv_heads * random.between(1, 4);
      const Tokens tokens = random_tokens(random, kv_heads, width, count, Kind::Moderate, 3);
      expect_within_bound(tokens, heads, random_vector(random, heads * width, Kind::Moderate));
    }
  }
}

TEST(Attend, LiesWithinItsBoundForValuesOfVeryDifferentSize) {
  base::Random random(testing::seed());
  for (const std::size_t width : {8U, 128U}) {
    expect_within_bound(random_tokens(random, 2, width, 70, Kind::Moderate, 25), 4,
                        random_vector(random, 4 * width, Kind::Moderate));
    expect_within_bound(random_tokens(random, 2, width, 70, Kind::Sparse, 5), 4,
                        random_vector(random, 4 * width, Kind::Sparse));
    expect_within_bound(random_tokens(random, 2, width, 70, Kind::Zeros, 5), 4,
                        random_vector(random, 4 * width, Kind::Moderate));
    expect_within_bound(random_tokens(random, 2, width, 70, Kind::Moderate, 5), 4,
                        random_vector(random, 4 * width, Kind::Zeros));
  }
}

TEST(Attend, IsCloseToAttentionOnTheFloats) {
  base::Random random(testing::seed());
  for (const std::size_t width : {8U, 64U, 128U}) {
    const Tokens tokens = random_tokens(random, 1, width, 50, Kind::Moderate, 0);
    std::vector<float> q = random_vector(random, width, Kind::Moderate);
    for (float& e : q) e *= 0.2F;
    std::vector<float> out(width);
    attend(filled(tokens), q, 1, out);
    std::vector<double> expected(width, 0);
    double total = 0;
    for (std::size_t t = 0; t < tokens.k.size(); ++t) {
      double score = 0;
      for (std::size_t i = 0; i < width; ++i) score += double{q[i]} * tokens.k[t][i];
      const double p = std::exp(score / std::sqrt(static_cast<double>(width)));
      total += p;
      for (std::size_t i = 0; i < width; ++i) expected[i] += p * tokens.v[t][i];
    }
    for (std::size_t i = 0; i < width; ++i) EXPECT_NEAR(out[i], expected[i] / total, 0.06) << width;
  }
}

TEST(Attend, SurvivesEveryKindOfInput) {
  base::Random random(testing::seed());
  for (const Kind a : kAllKinds) {
    for (const Kind b : kAllKinds) {
      for (const std::size_t width : {8U, 128U}) {
        const Tokens tokens = random_tokens(random, 1, width, 20, a, 0);
        const std::vector<float> q = random_vector(random, 2 * width, b);
        std::vector<float> out(q.size());
        attend(filled(tokens), q, 2, out);
        for (const float e : out) ASSERT_TRUE(is_clean(e));
      }
    }
  }
}

void expect_same_bits(const Tokens& tokens, std::size_t heads, std::span<const float> q) {
  const KvStore kv = filled(tokens);
  std::vector<float> scalar(q.size()), out(q.size());
  attend(kv, q, heads, scalar, Simd::Scalar);
  for (const Simd simd : {Simd::Avx2, Simd::Avx512}) {
    if (simd > best_simd()) continue;
    attend(kv, q, heads, out, simd);
    for (std::size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[i]), std::bit_cast<std::uint32_t>(scalar[i]))
          << tokens.head_dim << ' ' << tokens.k.size() << ' ' << i;
    }
  }
}

TEST(Attend, GivesTheSameBitsOnEveryPath) {
  if (best_simd() == Simd::Scalar) GTEST_SKIP() << "this host has no vector unit, or KILN_SIMD forbids it";
  base::Random random(testing::seed());
  for (int round = 0; round < 60; ++round) {
    const std::size_t widths[] = {2, 8, 24, 32, 64, 96, 128, 256};
    const std::size_t width = widths[random.below(8)];
    const std::size_t kv_heads = random.between(1, 3);
    const std::size_t heads = kv_heads * random.between(1, 4);
    const Kind kind = kAllKinds[random.below(8)];
    const Tokens tokens =
        random_tokens(random, kv_heads, width, random.between(1, round == 0 ? 3000 : 80), kind, round % 2 * 20);
    const std::vector<float> q = random_vector(random, heads * width, round % 3 == 0 ? Kind::Mixed : Kind::Moderate);
    expect_same_bits(tokens, heads, q);
  }
}

TEST(Attend, LargestSumsAreTheSameOnEveryPath) {
  if (best_simd() == Simd::Scalar) GTEST_SKIP() << "this host has no vector unit, or KILN_SIMD forbids it";
  for (const std::size_t width : {16U, 64U, 128U, 192U}) {
    for (const float sign : {1.0F, -1.0F}) {
      for (const std::size_t count : {511U, 512U, 513U, 1100U}) {
        // All tokens have the largest weight and, but for one channel, the largest code; q meets keys of one sign.
        Tokens tokens{1, width, {}, {}};
        const std::vector<float> k(width, 1.0F);
        std::vector<float> v(width, sign * 127.0F);
        v[width / 2] = -sign * 127.0F;
        for (std::size_t t = 0; t < count; ++t) {
          tokens.k.push_back(k);
          tokens.v.push_back(v);
        }
        expect_same_bits(tokens, 3, std::vector<float>(3 * width, sign));
      }
    }
  }
}

TEST(Attend, WeightsOfEveryLengthAreTheSameOnEveryPath) {
  if (best_simd() == Simd::Scalar) GTEST_SKIP() << "this host has no vector unit, or KILN_SIMD forbids it";
  base::Random random(testing::seed());
  for (const double steepness : {0.0, 0.1, 1.0, 4.0, 30.0}) {
    for (const double spread : {0.0, 10.0, 40.0, 120.0}) {
      Tokens tokens = random_tokens(random, 2, 64, 700, Kind::Moderate, spread);
      for (std::size_t t = 0; t < tokens.k.size(); ++t)  // scores that fall slowly: neighbours' weights are alike
        for (float& e : tokens.k[t]) e = static_cast<float>(1 - steepness * static_cast<double>(t) / 700);
      expect_same_bits(tokens, 10, random_vector(random, 10 * 64, Kind::Moderate));
    }
  }
}

TEST(Attend, QuotientsAreRoundedOnceOnEveryPath) {
  if (best_simd() == Simd::Scalar) GTEST_SKIP() << "this host has no vector unit, or KILN_SIMD forbids it";
  base::Random random(testing::seed());
  const auto expect_same = [](std::int64_t sum, std::uint64_t inverse, int exponent) {
    float expected = 0, out = 0;
    kAttentionScalar.divide({&sum, 1}, inverse, exponent, &expected);
    divide_by_conversion({&sum, 1}, inverse, exponent, &out);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(out), std::bit_cast<std::uint32_t>(expected))
        << sum << ' ' << inverse << ' ' << exponent;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t inverse = i % 50 == 0 ? 1ULL << 31 : random.between(1ULL << 30, 1ULL << 31);
    // Products that are halfway between two floats, or the least there is above or below.
    const Uint128 half = Uint128{(random.below(1ULL << 23) | 1ULL << 23) << 1 | 1} << 68;
    const auto sum = static_cast<std::int64_t>(half / inverse) + static_cast<std::int64_t>(random.below(3)) - 1;
    const auto any = static_cast<std::int64_t>(random.next() >> random.below(64));
    for (const int exponent : {-80, static_cast<int>(random.between(0, 440)) - 300}) {
      expect_same(random.below(2) != 0 ? sum : -sum, inverse, exponent);
      expect_same(any, inverse, exponent);
    }
  }
  expect_same(0, 1ULL << 31, 0);
  expect_same(INT64_MIN, 1ULL << 31, -60);
}

TEST(Attend, OrderOfTokensDoesNotMatter) {
  base::Random random(testing::seed());
  Tokens tokens = random_tokens(random, 2, 64, 77, Kind::Moderate, 10);
  const std::vector<float> q = random_vector(random, 4 * 64, Kind::Moderate);
  std::vector<float> out(q.size()), reversed(q.size());
  attend(filled(tokens), q, 4, out);
  std::reverse(tokens.k.begin(), tokens.k.end());
  std::reverse(tokens.v.begin(), tokens.v.end());
  attend(filled(tokens), q, 4, reversed);
  EXPECT_EQ(out, reversed);
}

TEST(Attend, ARangeOfHeadsIsAPartOfTheWhole) {
  base::Random random(testing::seed());
  const KvStore kv = filled(random_tokens(random, 3, 32, 20, Kind::Moderate, 2));
  const std::vector<float> q = random_vector(random, 6 * 32, Kind::Moderate);
  std::vector<float> whole(q.size()), part(q.size(), -9.0F);
  attend(kv, q, 6, whole);
  AttentionBuffers buffers;
  attend_heads(kv, kv.tokens(), q, 6, 1, 2, part, buffers);
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_EQ(part[i], i / 64 == 1 ? whole[i] : -9.0F);
}

TEST(Attend, TheFirstTokensAreAllThereIs) {
  base::Random random(testing::seed());
  constexpr std::size_t kHeads = 2, kCount = 40;
  for (const std::size_t width : {32U, 72U, 128U, 200U}) {
    // Later tokens are far larger, or smaller, than the first ones.
    Tokens tokens = random_tokens(random, kHeads, width, kCount, Kind::Moderate, 6);
    for (std::size_t t = kCount / 2; t < kCount; ++t)
      for (float& e : tokens.v[t]) e *= t % 2 == 0 ? 0x1p30F : 0x1p-30F;
    const std::vector<float> q = random_vector(random, 2 * kHeads * width, Kind::Moderate);
    const KvStore kv = filled(tokens);
    KvStore fresh(kHeads, width, kCount);
    for (const Simd simd : {Simd::Scalar, best_simd()}) {
      fresh.clear();
      AttentionBuffers buffers;  // of all calls, longer and shorter
      std::vector<float> expected(q.size()), out(q.size()), last(q.size());
      attend(kv, q, 2 * kHeads, last, simd);
      for (std::size_t t = 0; t < kCount; ++t) {
        fresh.append(tokens.k[t], tokens.v[t]);
        attend(fresh, q, 2 * kHeads, expected, simd);
        attend_heads(kv, t + 1, q, 2 * kHeads, 0, kHeads, out, buffers, simd);
        ASSERT_EQ(out, expected) << "the first " << t + 1 << ", width " << width;
        attend_heads(kv, kCount, q, 2 * kHeads, 0, kHeads, out, buffers, simd);
        ASSERT_EQ(out, last);
      }
    }
    std::vector<float> out(q.size());
    AttentionBuffers buffers;
    EXPECT_THROW(attend_heads(kv, 0, q, 2 * kHeads, 0, 1, out, buffers), base::BugError);
    EXPECT_THROW(attend_heads(kv, kCount + 1, q, 2 * kHeads, 0, 1, out, buffers), base::BugError);
  }
}

TEST(KvStore, TokensThatAreSetInAnyOrderAreAsIfAppended) {
  base::Random random(testing::seed());
  constexpr std::size_t kHeads = 3, kWidth = 72, kCount = 37;
  const Tokens tokens = random_tokens(random, kHeads, kWidth, kCount, Kind::Moderate, 6);
  const std::vector<float> q = random_vector(random, kHeads * kWidth, Kind::Moderate);
  KvStore kv(kHeads, kWidth, kCount);
  for (std::size_t t = 0; t < 5; ++t) kv.append(tokens.k[t], tokens.v[t]);
  QuantisedVector scratch;
  EXPECT_THROW(kv.set(5, tokens.k[5], tokens.v[5], scratch), base::BugError);
  EXPECT_THROW(kv.extend(kCount), base::BugError);
  kv.extend(kCount - 5);
  for (std::size_t t = kCount; t-- > 5;) kv.set(t, tokens.k[t], tokens.v[t], scratch);
  std::vector<float> out(q.size()), expected(q.size());
  attend(kv, q, kHeads, out);
  attend(filled(tokens), q, kHeads, expected);
  EXPECT_EQ(out, expected);
}

TEST(KvStore, ClearForgetsEverything) {
  base::Random random(testing::seed());
  const Tokens tokens = random_tokens(random, 1, 32, 20, Kind::Moderate, 2);
  KvStore kv = filled(random_tokens(random, 1, 32, 20, Kind::Huge, 0));
  kv.clear();
  EXPECT_EQ(kv.tokens(), 0U);
  for (std::size_t t = 0; t < 20; ++t) kv.append(tokens.k[t], tokens.v[t]);
  const std::vector<float> q = random_vector(random, 32, Kind::Moderate);
  std::vector<float> again(32), fresh(32);
  attend(kv, q, 1, again);
  attend(filled(tokens), q, 1, fresh);
  EXPECT_EQ(again, fresh);
}

TEST(KvStore, TruncatedItIsWhatItWouldHaveBeen) {
  base::Random random(testing::seed());
  constexpr std::size_t kHeads = 2, kCount = 40;
  for (const std::size_t width : {32U, 72U, 128U}) {
    const Tokens tokens = random_tokens(random, kHeads, width, kCount, Kind::Moderate, 6);
    const Tokens others = random_tokens(random, kHeads, width, kCount, Kind::Huge, 6);
    const std::vector<float> q = random_vector(random, 2 * kHeads * width, Kind::Moderate);
    for (const std::size_t left : {0U, 1U, 15U, 16U, 17U, 31U, 32U, 33U, 39U, 40U}) {
      KvStore fresh(kHeads, width, kCount), kv(kHeads, width, kCount);
      for (std::size_t t = 0; t < left; ++t) {
        fresh.append(tokens.k[t], tokens.v[t]);
        kv.append(tokens.k[t], tokens.v[t]);
      }
      for (std::size_t t = left; t < kCount; ++t) kv.append(others.k[t], others.v[t]);
      kv.truncate(left);
      ASSERT_EQ(kv.tokens(), left);
      for (std::size_t t = left; t <= kCount; ++t) {
        for (const Simd simd : {Simd::Scalar, best_simd()}) {
          std::vector<float> expected(q.size()), out(q.size());
          if (t == 0) continue;
          attend(fresh, q, 2 * kHeads, expected, simd);
          attend(kv, q, 2 * kHeads, out, simd);
          ASSERT_EQ(out, expected) << left << " of " << kCount << " left, then up to " << t << ", width " << width;
        }
        if (t == kCount) break;
        fresh.append(tokens.k[t], tokens.v[t]);
        kv.append(tokens.k[t], tokens.v[t]);
      }
    }
  }
  KvStore kv(1, 8, 1);
  EXPECT_THROW(kv.truncate(1), base::BugError);
}

TEST(KvStore, AppendingToAFullOneIsABug) {
  KvStore kv(1, 8, 1);
  const std::vector<float> x(8, 1.0F);
  kv.append(x, x);
  EXPECT_THROW(kv.append(x, x), base::BugError);
  std::vector<float> out(8);
  EXPECT_THROW(attend(KvStore(1, 8, 1), x, 1, out), base::BugError);
  EXPECT_THROW(attend(kv, x, 2, out), base::BugError);
}

}  // namespace
}  // namespace kiln::numerics
