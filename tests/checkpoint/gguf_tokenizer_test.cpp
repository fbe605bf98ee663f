// The tokenizer of a GGUF file: what is read, llama.cpp's defaults for what is missing, and what is refused.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tokenizer::TokenType;

TEST(GgufTokenizer, SentencePieceHasScores) {
  auto b = with_tokenizer("llama");
  b.floats("tokenizer.ggml.scores", {0, 0, 0, -1, -2});
  b.u32("tokenizer.ggml.unknown_token_id", 0);
  b.text("tokenizer.chat_template", "{{ x }}");
  const auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  ASSERT_TRUE(checkpoint->tokenizer());
  const auto& spec = *checkpoint->tokenizer();
  EXPECT_EQ(spec.kind, tokenizer::Kind::SentencePiece);
  EXPECT_TRUE(spec.add_bos);
  EXPECT_TRUE(spec.add_space_prefix);
  EXPECT_EQ(spec.bos, 1U);
  EXPECT_EQ(spec.unknown, 0U);
  EXPECT_THAT(spec.eos, testing::ElementsAre(2U));
  EXPECT_EQ(spec.scores[4], -2.0F);
  EXPECT_EQ(spec.types[1], tokenizer::TokenType::Control);
  EXPECT_EQ(spec.chat_template, "{{ x }}");

  b.boolean("tokenizer.ggml.add_bos_token", false);
  b.boolean("tokenizer.ggml.add_space_prefix", false);
  const auto plain = opened_gguf(b);
  ASSERT_NE(plain, nullptr);
  EXPECT_FALSE(plain->tokenizer()->add_bos);
  EXPECT_FALSE(plain->tokenizer()->add_space_prefix);
}

TEST(GgufTokenizer, ByteLevelNamesItsPreTokeniser) {
  auto b = with_tokenizer("gpt2");
  EXPECT_THAT(gguf_error(b), HasSubstr("pre-tokeniser"));
  b.text("tokenizer.ggml.pre", "qwen2");
  EXPECT_THAT(gguf_error(b), HasSubstr("qwen2"));
  b.text("tokenizer.ggml.pre", "smollm");
  EXPECT_THAT(gguf_error(b), HasSubstr("merges"));
  b.texts("tokenizer.ggml.merges", {"a b"});
  auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->pre, tokenizer::PreTokenizer::SmolLm);
  EXPECT_FALSE(checkpoint->tokenizer()->add_bos);
  EXPECT_FALSE(checkpoint->tokenizer()->ignore_merges);

  b.text("tokenizer.ggml.pre", "llama-bpe");
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "b"});
  b.integers("tokenizer.ggml.token_type", {2, 3, 3, 3, 1});
  checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->pre, tokenizer::PreTokenizer::Llama3);
  EXPECT_TRUE(checkpoint->tokenizer()->add_bos);
  EXPECT_TRUE(checkpoint->tokenizer()->ignore_merges);
  EXPECT_THAT(checkpoint->tokenizer()->eos, testing::ElementsAre(2U, 3U));
}

TEST(GgufTokenizer, BrokenOnesAreRefused) {
  EXPECT_THAT(gguf_error(with_tokenizer("bert")), HasSubstr("tokenizer bert"));
  auto b = with_tokenizer("llama");
  b.floats("tokenizer.ggml.scores", {0, 0, 0, -1, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_THAT(gguf_error(b), HasSubstr("tokenizer.ggml.scores"));
  b.floats("tokenizer.ggml.scores", {0, 0, 0, -1, -2});
  b.u32("tokenizer.ggml.eos_token_id", 5);
  EXPECT_THAT(gguf_error(b), HasSubstr("eos_token_id is 5"));
  b.u32("tokenizer.ggml.eos_token_id", 2);
  b.integers("tokenizer.ggml.token_type", {2, 3, 3, 1});
  EXPECT_THAT(gguf_error(b), HasSubstr("token_type has 4"));
  b.integers("tokenizer.ggml.token_type", {2, 3, 3, 1, 7});
  EXPECT_THAT(gguf_error(b), HasSubstr("element 4 is 7"));
  b.integers("tokenizer.ggml.token_type", {2, 3, 3, 1, 1});
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a", "\xFF"});
  EXPECT_THAT(gguf_error(b), HasSubstr("UTF-8 in its string 4"));
  b.texts("tokenizer.ggml.tokens", std::vector<std::string>(11, "x"));
  b.integers("tokenizer.ggml.token_type", std::vector<std::int32_t>(11, 1));
  b.floats("tokenizer.ggml.scores", std::vector<float>(11, 0));
  EXPECT_THAT(gguf_error(b), HasSubstr("11 tokens"));
}

// --- what llama.cpp takes for missing keys -----------------------------------------------------------------------------

GgufBuilder sentence_piece() {
  auto b = with_tokenizer("llama");
  b.floats("tokenizer.ggml.scores", {0, 0, 0, -1, -2});
  return b;
}

TEST(GgufTokenizer, SentencePieceHasDefaultIds) {
  auto b = sentence_piece();
  b.erase("tokenizer.ggml.bos_token_id");
  b.erase("tokenizer.ggml.eos_token_id");
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "<e>", "a", "b"});
  auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->bos, 1U);
  EXPECT_TRUE(checkpoint->tokenizer()->add_bos);
  EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(2U));
  EXPECT_EQ(checkpoint->tokenizer()->unknown, 0U);

  // All bits set mean none, as writers put it for None.
  b.u32("tokenizer.ggml.bos_token_id", 0xFFFFFFFF);
  b.u32("tokenizer.ggml.unknown_token_id", 0xFFFFFFFF);
  checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->bos, 1U);
  EXPECT_EQ(checkpoint->tokenizer()->unknown, 0U);
}

GgufBuilder byte_level(const std::string& pre, std::size_t tokens) {
  auto b = with_tokenizer("gpt2");
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < tokens; ++i) texts.push_back("t" + std::to_string(i));
  b.texts("tokenizer.ggml.tokens", texts);
  b.texts("tokenizer.ggml.merges", {"a b"});
  b.text("tokenizer.ggml.pre", pre);
  for (const char* key : {"tokenizer.ggml.token_type", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"})
    b.erase(key);
  b.tensor("token_embd.weight") = {"token_embd.weight", {8, 12}, 0, raw_floats(std::vector<float>(96, 1)), {}};
  b.tensor("output.weight") = {"output.weight", {8, 12}, 0, raw_floats(std::vector<float>(96, 1)), {}};
  return b;
}

TEST(GgufTokenizer, ByteLevelHasDefaultIds) {
  auto b = byte_level("llama-bpe", 12);
  const auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->bos, 11U);
  EXPECT_TRUE(checkpoint->tokenizer()->add_bos);
  EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(11U));
  EXPECT_EQ(checkpoint->tokenizer()->unknown, std::nullopt);
  // No such token, and yet a text is to begin with it.
  EXPECT_THAT(gguf_error(byte_level("llama-bpe", 11)), HasSubstr("tokenizer.ggml.bos_token_id is missing"));
  const auto without = opened_gguf(byte_level("smollm", 11));
  ASSERT_NE(without, nullptr);
  EXPECT_EQ(without->tokenizer()->bos, std::nullopt);
  EXPECT_THAT(without->tokenizer()->eos, ElementsAre());
  b = byte_level("smollm", 11);
  b.boolean("tokenizer.ggml.add_bos_token", true);
  EXPECT_THAT(gguf_error(b), HasSubstr("tokenizer.ggml.bos_token_id is missing"));
}

TEST(GgufTokenizer, PreTokenisersHaveManyNames) {
  for (const char* name : {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                           "jina-v5-nano", "dbrx", "smaug-bpe"}) {
    const auto checkpoint = opened_gguf(byte_level(name, 12));
    ASSERT_NE(checkpoint, nullptr) << name;
    const auto& spec = *checkpoint->tokenizer();
    EXPECT_EQ(spec.pre, tokenizer::PreTokenizer::Llama3) << name;
    const bool plain = std::string(name) == "dbrx" || std::string(name) == "smaug-bpe";
    EXPECT_EQ(spec.ignore_merges, !plain) << name;
    EXPECT_EQ(spec.add_bos, !plain) << name;
  }
  for (const char* name :
       {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"}) {
    const auto checkpoint = opened_gguf(byte_level(name, 12));
    ASSERT_NE(checkpoint, nullptr) << name;
    EXPECT_EQ(checkpoint->tokenizer()->pre, tokenizer::PreTokenizer::SmolLm) << name;
    EXPECT_FALSE(checkpoint->tokenizer()->ignore_merges) << name;
    EXPECT_FALSE(checkpoint->tokenizer()->add_bos) << name;
  }
  for (const char* name : {"default", "gpt-2", "tekken", "llama4", "deepseek-llm", ""})
    EXPECT_THAT(gguf_error(byte_level(name, 12)), HasSubstr("pre-tokeniser " + std::string(name))) << name;
}

TEST(GgufTokenizer, ScoresMayBeMissingOrIntegers) {
  auto b = with_tokenizer("llama");
  auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->scores, ElementsAre(0, 0, 0, 0, 0));
  b.integers("tokenizer.ggml.scores", {0, 0, 0, -1, -2, -3});
  checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->scores, ElementsAre(0, 0, 0, -1, -2));
  b.floats("tokenizer.ggml.scores", {0, 0, 0, -1});
  EXPECT_THAT(gguf_error(b), HasSubstr("tokenizer.ggml.scores has 4"));
  b.floats("tokenizer.ggml.scores", {});
  EXPECT_THAT(gguf_error(b), HasSubstr("tokenizer.ggml.scores has 0"));
}

TEST(GgufTokenizer, BytesAreKnownByTheirText) {
  auto b = sentence_piece();
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<0x0A>", "<0x41>", "<0x41x", "<0x0a>"});
  b.erase("tokenizer.ggml.token_type");
  auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->types,
              ElementsAre(TokenType::Normal, TokenType::Byte, TokenType::Byte, TokenType::Normal, TokenType::Normal));
  b.integers("tokenizer.ggml.token_type", {2, 1, 6, 5, 1, 9});  // more than tokens: the rest is of no token
  checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->types,
              ElementsAre(TokenType::Unknown, TokenType::Byte, TokenType::Byte, TokenType::Unused, TokenType::Normal));
  // A control or user-defined token stays what it is; byte-level vocabularies have no such tokens.
  b.integers("tokenizer.ggml.token_type", {2, 3, 4, 1, 1});
  checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->tokenizer()->types[1], TokenType::Control);
  EXPECT_EQ(checkpoint->tokenizer()->types[2], TokenType::UserDefined);
  b.integers("tokenizer.ggml.token_type", {2, 3, 4, 1});
  EXPECT_THAT(gguf_error(b), HasSubstr("token_type has 4"));
  b.integers("tokenizer.ggml.token_type", {});
  EXPECT_THAT(gguf_error(b), HasSubstr("token_type has 0"));
}

TEST(GgufTokenizer, EndsAreKnownByTheirText) {
  for (const char* end : {"</s>", "<eos>", "[EOS]", "<|endoftext|>", "<|eot_id|>", "<EOT>", "_<EOT>", "[EOT]",
                          "<|end_of_text|>", "<|eom_id|>", "<|end|>", "<|im_end|>", "<end_of_turn>",
                          "<end_of_utterance>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>"}) {
    auto b = sentence_piece();
    b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "<e>", end, "b"});
    for (const bool typed : {true, false}) {
      if (!typed) b.erase("tokenizer.ggml.token_type");
      const auto checkpoint = opened_gguf(b);
      ASSERT_NE(checkpoint, nullptr);
      EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(2U, 3U)) << end;
      EXPECT_EQ(checkpoint->tokenizer()->types[3], TokenType::Control) << end;
    }
  }
}

TEST(GgufTokenizer, TheEndThatItsKeyNamesComesFirst) {
  auto b = sentence_piece();
  b.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "<e>", "</s>", "b"});
  b.u32("tokenizer.ggml.eos_token_id", 4);
  const auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(4U, 3U)) << "what a template calls the end";
}

TEST(GgufTokenizer, KeysNameFurtherEnds) {
  for (const char* key : {"eot_token_id", "eom_token_id", "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id"}) {
    auto b = sentence_piece();
    b.u32(std::string("tokenizer.ggml.") + key, 4);
    const auto checkpoint = opened_gguf(b);
    ASSERT_NE(checkpoint, nullptr);
    EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(2U, 4U)) << key;
    b.u32(std::string("tokenizer.ggml.") + key, 5);
    EXPECT_THAT(gguf_error(b), HasSubstr(std::string(key) + " is 5"));
  }
  auto b = sentence_piece();
  b.integers("tokenizer.ggml.eos_token_ids", {4, 3});
  const auto checkpoint = opened_gguf(b);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_THAT(checkpoint->tokenizer()->eos, ElementsAre(2U, 3U, 4U));
  b.integers("tokenizer.ggml.eos_token_ids", {4, -1});
  EXPECT_THAT(gguf_error(b), HasSubstr("tokenizer.ggml.eos_token_ids has -1"));
}

TEST(GgufTokenizer, WithoutAKindIsRefusedByKey) {
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
    auto b = tiny_gguf();
    EXPECT_FALSE(opened_gguf(b)->tokenizer());
    b.texts(key, {"a", "b"});
    EXPECT_THAT(gguf_error(b), HasSubstr(std::string("metadata tokenizer.ggml.model is missing, and there is ") + key));
    b.text("tokenizer.ggml.model", "none");
    EXPECT_FALSE(opened_gguf(b)->tokenizer());
  }
}

}  // namespace
}  // namespace kiln::checkpoint::test
