// Real tokenizers (Llama 3.1's and Llama 2's) against independent encoders, on what
// scripts/fetch-tokenizers fetched.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/mapped_file.hpp"
#include "base/random.hpp"
#include "support/development_data.hpp"
#include "support/seed.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> texts() {
  std::vector<std::string> out = {"Hello world!",
                                  "It's 1234567 o'clock, I'LL go.",
                                  "a  b\r\n\r\n  c\t\td ",
                                  "中文 日本語 한글",
                                  "e\u0301 \u00E9 \U0001F600\U0001F44D\U0001F3FD",
                                  "'\u017Fa",
                                  "   ",
                                  "\n\n\n x",
                                  "٣٤٥ Ⅷ ½"};
  const std::vector<std::string> parts = {"the",  " and", " ", "  ", "\n", "\t", "'s", "'VE", "9",
                                          "2024", "!!",   "é", "中", "😀",  "x",  "Ka", "\r\n"};
  base::Random random(support::test_seed(31));
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (std::uint64_t n = random.between(1, 60); n > 0; --n) text += parts[random.below(parts.size())];
    out.push_back(text);
  }
  return out;
}

std::string read(const fs::path& path) { return base::read_text_file(path.string()).value(); }

void expect_agreement(const std::string& model, const std::string& encoder_file) {
  const auto files = test::fetched_data("tokenizers/" + model + "/models", "fetch-tokenizers");
  KILN_NEEDS_DATA(files);
  const auto other = test::fetched_data("tokenizers/" + encoder_file, "fetch-tokenizers");
  KILN_NEEDS_DATA(other);
  const fs::path& folder = files.path;
  const fs::path& encoder = other.path;
  if (std::system("node --version > /dev/null") != 0) GTEST_SKIP() << "node is not installed";

  const auto list = texts();
  const fs::path work = fs::path(testing::TempDir()) / ("kiln_" + model);
  fs::create_directories(work);
  // Node takes a file for a module by its ending.
  fs::copy_file(encoder, work / "encoder.mjs", fs::copy_options::overwrite_existing);
  std::ofstream(work / "texts.json") << nlohmann::json(list).dump();
  const std::string command = "node '" KILN_SOURCE_DIR "/tests/tokenizer/independent_ids.mjs' '" +
                              (work / "encoder.mjs").string() + "' '" + (work / "texts.json").string() + "' > '" +
                              (work / "ids.json").string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const auto answer = nlohmann::json::parse(read(work / "ids.json"));

  // Llama 2's encoder has the real vocabulary built in; the file of the same kind that is fetched has another (also
  // 32,000).
  auto file = nlohmann::json::parse(read(folder / "tokenizer.json"));
  if (answer["model"].is_object()) file["model"].update(answer["model"]);
  const auto spec = spec_from_tokenizer_json(file.dump(), read(folder / "tokenizer_config.json"), "", model);
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  const auto tokenizer = Tokenizer::create(*spec);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;

  ASSERT_EQ(answer["ids"].size(), list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto ids = tokenizer->encode(list[i]);
    ASSERT_TRUE(ids.ok()) << ids.error().message;
    EXPECT_EQ(*ids, answer["ids"][i].get<std::vector<base::TokenId>>()) << list[i];
    EXPECT_EQ(tokenizer->decode(*ids), list[i]);
  }
}

TEST(RealTokenizers, Llama31AgreesWithAnIndependentEncoder) {
  expect_agreement("llama3_1", "llama3_1_encoder/bundle/llama3-tokenizer-with-baked-data.js");
}

TEST(RealTokenizers, Llama2AgreesWithAnIndependentEncoder) {
  expect_agreement("llama2", "llama2_encoder/llama-tokenizer.js");
}

}  // namespace
}  // namespace kiln::tokenizer
