// Blocks of each format to decode, the same on every host: random bytes, with the scales (IEEE halves) put in from a list
// of hard ones or at random, always finite. The golden digests are of what the Python package gguf 0.19.0
// (gguf.quants.dequantize) makes of kGoldenBlocks blocks of seed kGoldenSeed: tests/checkpoint/long compares them, and
// more blocks of other seeds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "checkpoint/format.hpp"

namespace kiln::checkpoint::test {

inline constexpr std::uint64_t kGoldenSeed = 17;
inline constexpr std::uint64_t kGoldenBlocks = 64;

struct FormatVector {
  std::string_view name;
  std::vector<std::size_t> halves;  ///< where the scales are; IQ1_M has its own in pieces
  std::string_view digest;          ///< XXH3-128 of the floats, little-endian
};

inline const std::vector<FormatVector>& format_vectors() {
  static const std::vector<FormatVector> all = {
      {"F16", {0}, "ffcdf67afcdfc08e6a9676de31613052"},     {"BF16", {0}, "cefcb52625dd4662500cc395e0a08699"},
      {"Q8_0", {0}, "757f4cad874aa485928e9bccbfe466f1"},    {"Q4_0", {0}, "1fa4cde5dc6277caee525a4856f68a7b"},
      {"Q4_1", {0, 2}, "aeebb3bd7b7292f4ec0517fab6f9d2a5"}, {"Q5_0", {0}, "cd89875c3b22f682f0c232f35975405c"},
      {"Q5_1", {0, 2}, "8dec46f1ca6f858640c1844d5334419c"}, {"Q2_K", {80, 82}, "60c675dc0b97a9d75ff7d6385af19f37"},
      {"Q3_K", {108}, "e37cacb588bf1e63286097aa71d2c223"},  {"Q4_K", {0, 2}, "c34cd797e8866bda5085640b9d35e869"},
      {"Q5_K", {0, 2}, "43c3f08ea3889f9ec1a821e1d253ba9b"}, {"Q6_K", {208}, "6827662e29af8c221a42b93bfc20b649"},
      {"IQ1_S", {0}, "8e1b249645f7da34fb7d5996f5bdd2e0"},   {"IQ1_M", {}, "c251665e11e2d8744a0df33c962a9191"},
      {"IQ2_XXS", {0}, "688be7b3712011498c227c129eeb33d2"}, {"IQ2_XS", {0}, "23e2e2b93ae197532e592f8fc1b85fe1"},
      {"IQ2_S", {0}, "e189a066de6b18e9006e94c70632573d"},   {"IQ3_XXS", {0}, "6446bcac0f1b400e330d344798500e38"},
      {"IQ3_S", {0}, "86dba40dcced90eeb6e2ca24d9934161"},   {"IQ4_NL", {0}, "2e6888a974a6c17417bc4410f7df509b"},
      {"IQ4_XS", {0}, "6cbdd7ab6f7e82102fa985a0667c743f"},  {"TQ1_0", {52}, "1ce2bdfc82733f980684222bf064cae9"},
      {"TQ2_0", {64}, "be7173f6fed33c827bd0a1df602bd61e"},
  };
  return all;
}

/// Zeros of both signs, the smallest and the largest subnormal, the smallest normal, one, and the largest.
inline std::uint16_t some_half(base::Random& random) {
  constexpr std::array<std::uint16_t, 12> kHard = {0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF,
                                                   0x0400, 0x8400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF};
  if (random.below(2) == 0) return kHard[random.below(kHard.size())];
  const auto half = static_cast<std::uint16_t>(random.next());
  return (half & 0x7C00) == 0x7C00 ? static_cast<std::uint16_t>(half & 0xBFFF) : half;
}

inline std::string random_blocks(const FormatVector& vector, std::uint64_t count, std::uint64_t seed) {
  const Format& format = *find_format(vector.name);
  base::Random random(seed);
  std::string bytes;
  for (std::uint64_t b = 0; b < count; ++b) {
    const std::size_t begin = bytes.size();
    for (std::uint32_t i = 0; i < format.block_bytes; ++i) bytes.push_back(static_cast<char>(random.next()));
    const auto put = [&](std::size_t at, int value) { bytes[begin + at] = static_cast<char>(value); };
    for (const std::size_t at : vector.halves) {
      const std::uint16_t half = some_half(random);
      put(at, half & 255);
      put(at + 1, half >> 8);
    }
    if (vector.name != "IQ1_M") continue;
    const std::uint16_t half = some_half(random);  // a nibble in each of the last four words
    for (std::size_t w = 0; w < 4; ++w) put(49 + 2 * w, (bytes[begin + 49 + 2 * w] & 15) | (half >> (4 * w) & 15) << 4);
  }
  return bytes;
}

inline std::vector<float> decoded_blocks(const FormatVector& vector, const std::string& bytes) {
  const Format& format = *find_format(vector.name);
  const std::uint64_t blocks = bytes.size() / format.block_bytes;
  std::vector<float> out(blocks * format.block_weights);
  format.decode(reinterpret_cast<const std::byte*>(bytes.data()), blocks, out.data());
  return out;
}

}  // namespace kiln::checkpoint::test
