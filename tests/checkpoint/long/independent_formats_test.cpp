// Every block format against an independent decoder, bit for bit, and the list of metadata keys: the Python package gguf,
// which scripts/fetch-gguf gets.
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "checkpoint/files.hpp"
#include "checkpoint/format_vectors.hpp"
#include "checkpoint/gguf_key_list.hpp"
#include "support/development_data.hpp"
#include "support/seed.hpp"

namespace kiln::checkpoint::test {
namespace {

void run_gguf(const fs::path& python, const fs::path& work) {
  const auto run =
      base::run_program({python.string(), KILN_SOURCE_DIR "/tests/checkpoint/independent_formats.py", work.string()},
                        (work / "log").string(), "gguf for Python");
  ASSERT_TRUE(run) << run.error().message;
}

/// What the other decoder makes of these blocks of each format.
std::vector<std::vector<float>> others(const fs::path& python, const std::vector<std::string>& blocks) {
  const fs::path work = folder();
  const auto& vectors = format_vectors();
  for (std::size_t i = 0; i < vectors.size(); ++i) write(work / (std::string(vectors[i].name) + ".blocks"), blocks[i]);
  run_gguf(python, work);
  std::vector<std::vector<float>> all;
  for (const auto& vector : vectors) {
    const auto text = base::read_text_file((work / (std::string(vector.name) + ".floats")).string());
    EXPECT_TRUE(text) << text.error().message;
    if (!text) return {};
    all.emplace_back(text->size() / sizeof(float));
    std::memcpy(all.back().data(), text->data(), text->size());
  }
  return all;
}

TEST(IndependentFormats, DecodeTheSameBits) {
  const auto python = kiln::test::fetched_data("gguf/venv/bin/python", "fetch-gguf");
  KILN_NEEDS_DATA(python);
  const auto& vectors = format_vectors();
  const std::uint64_t seed = support::test_seed(1);
  std::vector<std::string> golden;
  std::vector<std::string> random;
  for (const auto& vector : vectors) {
    golden.push_back(random_blocks(vector, kGoldenBlocks, kGoldenSeed));
    random.push_back(random_blocks(vector, 5000, seed));
  }
  const auto expected_golden = others(python.path, golden);
  const auto expected = others(python.path, random);
  ASSERT_EQ(expected_golden.size(), vectors.size());
  ASSERT_EQ(expected.size(), vectors.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    EXPECT_EQ(base::hex_of(base::digest128(std::as_bytes(std::span(expected_golden[i])))), vectors[i].digest)
        << vectors[i].name;
    const auto ours = decoded_blocks(vectors[i], random[i]);
    ASSERT_EQ(ours.size(), expected[i].size()) << vectors[i].name;
    std::size_t differing = 0;
    for (std::size_t w = 0; w < ours.size(); ++w)
      if (std::bit_cast<std::uint32_t>(ours[w]) != std::bit_cast<std::uint32_t>(expected[i][w])) ++differing;
    EXPECT_EQ(differing, 0U) << vectors[i].name << ", of " << ours.size() << " weights";
    std::cout << vectors[i].name << ": " << ours.size() << " weights, " << differing << " differ\n";
  }
}

TEST(IndependentFormats, KnowTheListedKeys) {
  const auto python = kiln::test::fetched_data("gguf/venv/bin/python", "fetch-gguf");
  KILN_NEEDS_DATA(python);
  const fs::path work = folder();
  run_gguf(python.path, work);
  const auto keys = base::read_text_file((work / "keys").string());
  ASSERT_TRUE(keys) << keys.error().message;
  std::string listed;
  for (const auto key : kGgufKeys) listed += std::string(key) + "\n";
  EXPECT_EQ(*keys, listed);
}

}  // namespace
}  // namespace kiln::checkpoint::test
