// The tokenizers of Llama 2, Llama 3.1 and SmolLM2, read from Hugging Face files and from a GGUF, against the Python package
// `tokenizers` on a megabyte of mixed text each: the same ids, the same text of them, and it is the text that was encoded.
// tests/checkpoint/independent_tokenizers.py writes the files and says what of a text comes back.
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "checkpoint/files.hpp"
#include "checkpoint/format.hpp"
#include "support/development_data.hpp"
#include "support/seed.hpp"

namespace kiln::checkpoint::test {
namespace {

using tokenizer::Tokenizer;
using tokenizer::TokenType;
using Ids = std::vector<base::TokenId>;

constexpr std::size_t kTextBytes = 1'000'000;

/// A text and what the other library makes of it.
struct Expected {
  std::string text;
  Ids ids;
  std::string shown;   ///< the text of all ids
  std::string hidden;  ///< without special tokens
  std::string back;    ///< of the ids without the BOS, by the rules of the tokenizer
};

std::vector<Expected> read_expected(const fs::path& path) {
  const auto file = nlohmann::json::parse(base::read_text_file(path.string()).value());
  std::vector<Expected> out;
  for (const auto& one : file)
    out.push_back({one["text"], one["ids"].get<Ids>(), one["shown"], one["hidden"], one["back"]});
  return out;
}

/// The text of ids with special tokens written out, which Tokenizer::decode() leaves out.
std::string shown(const Tokenizer& tokenizer, std::span<const base::TokenId> ids) {
  tokenizer::Utf8Assembler characters;
  std::string out;
  for (const auto id : ids) {
    const TokenType type = tokenizer.spec().types.at(id);
    const bool special = type == TokenType::Control || type == TokenType::Unknown;
    out += characters.push(special ? tokenizer.spec().tokens.at(id) : tokenizer.decode(id));
  }
  return out + characters.finish();
}

/// How many texts differ in one respect; the first few are told.
class Differences {
 public:
  explicit Differences(std::string what) : what_(std::move(what)) {}

  template <class T>
  void compare(const T& ours, const T& theirs, const Expected& expected) {
    if (ours == theirs) return;
    if (++count_ > 3) return;
    std::size_t at = 0;
    while (at < ours.size() && at < theirs.size() && ours[at] == theirs[at]) ++at;
    ADD_FAILURE()
        << what_ << " differ from element " << at << ", of the text "
        << nlohmann::json(expected.text.substr(0, 2000)).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
  [[nodiscard]] std::string result() const {
    EXPECT_EQ(count_, 0U) << what_;
    return what_ + " " + std::to_string(count_);
  }

 private:
  std::string what_;
  std::size_t count_ = 0;
};

void expect_same(const std::string& name, const fs::path& source, const std::vector<Expected>& texts) {
  const auto checkpoint = open(source.string());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto made = make_tokenizer(**checkpoint);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(made->has_value());
  const Tokenizer& tokenizer = **made;

  Differences ids("ids");
  Differences all("decoded");
  Differences plain("decoded without special tokens");
  Differences back("round trips");
  std::size_t bytes = 0;
  std::size_t count = 0;
  const std::clock_t began = std::clock();
  for (const Expected& expected : texts) {
    const auto ours = tokenizer.encode(expected.text);
    ASSERT_TRUE(ours) << ours.error().message;
    bytes += expected.text.size();
    count += ours->size();
    ids.compare(*ours, expected.ids, expected);
    all.compare(shown(tokenizer, *ours), expected.shown, expected);
    plain.compare(tokenizer.decode(*ours), expected.hidden, expected);
    back.compare(shown(tokenizer, std::span(*ours).subspan(tokenizer.spec().add_bos ? 1 : 0)), expected.back, expected);
  }
  const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  EXPECT_GE(bytes, kTextBytes);
  std::cout << name << ": " << texts.size() << " texts, " << bytes << " bytes, " << count
            << " ids; different: " << ids.result() << ", " << all.result() << ", " << plain.result() << ", "
            << back.result() << "; " << seconds << " s\n";
}

/// Needs these files of the cache; besides the two sources that are written it reads the GGUF that was fetched, if any.
void expect_agreement(const std::string& model, const std::vector<std::string>& needed, const std::string& gguf = "") {
  const auto python = kiln::test::fetched_data("gguf/venv/bin/python", "fetch-gguf");
  KILN_NEEDS_DATA(python);
  const auto package = kiln::test::fetched_data("tokenizers/python", "fetch-tokenizers");
  KILN_NEEDS_DATA(package);
  for (const std::string& data : needed) {
    const auto found = kiln::test::fetched_data(data, "fetch-" + data.substr(0, data.find('/')));
    KILN_NEEDS_DATA(found);
  }
  const fs::path work = folder();
  const auto run =
      base::run_program({python.path.string(), KILN_SOURCE_DIR "/tests/checkpoint/independent_tokenizers.py",
                         kiln::test::fetched_data("", "").path.string(), model, work.string(),
                         std::to_string(support::test_seed(1)), std::to_string(kTextBytes)},
                        (work / "log").string(), "tokenizers for Python");
  ASSERT_TRUE(run) << run.error().message;
  const auto texts = read_expected(work / "texts.json");
  expect_same(model + ", Hugging Face", work / "hf", texts);
  expect_same(model + ", GGUF", work / "model.gguf", texts);
  if (!gguf.empty()) expect_same(model + ", " + gguf, kiln::test::fetched_data(gguf, "").path, texts);
}

TEST(IndependentTokenizers, Llama2) {
  expect_agreement("llama2",
                   {"tokenizers/llama2/models/tokenizer.json", "tokenizers/llama2_encoder/llama-tokenizer.js"});
}

TEST(IndependentTokenizers, Llama31) { expect_agreement("llama3_1", {"tokenizers/llama3_1/models/tokenizer.json"}); }

TEST(IndependentTokenizers, SmolLm2) {
  const std::string gguf = "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
  expect_agreement("smollm2", {gguf}, gguf);
}

}  // namespace
}  // namespace kiln::checkpoint::test
