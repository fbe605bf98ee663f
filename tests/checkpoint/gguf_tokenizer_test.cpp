// The tokenizer of a GGUF file: what is read, llama.cpp's defaults for what is missing, and what is refused.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"
#include "tokenizer/small_vocabularies.hpp"

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

/// Of the tensors that have a row for each token.
void set_rows(GgufBuilder& b, std::uint64_t rows) {
  for (const char* name : {"token_embd.weight", "output.weight"})
    b.tensor(name) = {name, {8, rows}, 0, raw_floats(std::vector<float>(8 * rows, 1)), {}};
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
  set_rows(b, 12);
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

// --- what llama.cpp finds by merging and in which order it splits tokens off ------------------------------------------

struct Piece {
  std::string text;
  TokenType type;
};
/// <unk>, <s>, </s>, U+2581 and `pieces`, whose scores fall.
GgufBuilder with_pieces(const std::vector<Piece>& pieces) {
  std::vector<std::string> texts = {"<unk>", "<s>", "</s>", "\u2581"};
  std::vector<std::int32_t> types = {2, 3, 3, 1};
  std::vector<float> scores = {0, 0, 0, -100};
  for (const auto& [text, type] : pieces) {
    texts.push_back(text);
    types.push_back(static_cast<std::int32_t>(type));
    scores.push_back(-static_cast<float>(scores.size()));
  }
  auto b = with_tokenizer("llama");
  b.texts("tokenizer.ggml.tokens", texts);
  b.integers("tokenizer.ggml.token_type", types);
  b.floats("tokenizer.ggml.scores", scores);
  set_rows(b, texts.size());
  return b;
}

std::vector<base::TokenId> ids_of(const GgufBuilder& b, const std::string& text) {
  const auto checkpoint = opened_gguf(b);
  if (checkpoint == nullptr) return {};
  const auto tokenizer = tokenizer::Tokenizer::create(*checkpoint->tokenizer());
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().message;
  return tokenizer->encode(text).value();
}

TEST(GgufTokenizer, MergesFindPiecesOfEveryType) {
  for (const auto type :
       {TokenType::Normal, TokenType::Unknown, TokenType::Control, TokenType::UserDefined, TokenType::Unused}) {
    const auto b =
        with_pieces({{"\u2581\u2581", type}, {"\u2581a", type}, {"a", TokenType::Normal}, {"a\u2581b", type}});
    EXPECT_THAT(ids_of(b, "   a a"), ElementsAre(1, 4, 4, 6, 5)) << static_cast<int>(type);
    EXPECT_THAT(ids_of(b, " "), ElementsAre(1, 4)) << static_cast<int>(type);
  }
  const auto across =
      with_pieces({{"\u2581b", TokenType::Normal}, {"a\u2581b", TokenType::UserDefined}, {"a", TokenType::Normal}});
  EXPECT_THAT(ids_of(across, "a b"), ElementsAre(1, 3, 5)) << "words are not apart";
  auto alone = with_pieces({{"b", TokenType::Normal}});
  alone.integers("tokenizer.ggml.token_type", {2, 3, 3, 4, 1});
  EXPECT_THAT(ids_of(alone, "b b"), ElementsAre(1, 3, 4, 3, 4)) << "a space itself";
}

TEST(GgufTokenizer, MergesFindBytesByTheirText) {
  const auto b = with_pieces({{"<0x0A>", TokenType::Byte},
                              {"<0", TokenType::Normal},
                              {"x0", TokenType::Normal},
                              {"x0A", TokenType::Normal},
                              {"x0A>", TokenType::Normal}});
  EXPECT_THAT(ids_of(b, "<0x0A>"), ElementsAre(1, 3, 4));
  // A usual vocabulary's bytes are made by no merge, and nothing is listed.
  EXPECT_THAT(opened_gguf(with_pieces({{"<0x0A>", TokenType::Byte}, {"x0A", TokenType::Normal}}))->tokenizer()->added,
              ElementsAre());
}

TEST(GgufTokenizer, WholeWordsAreFoundOfEveryType) {
  for (const auto type : {TokenType::Normal, TokenType::Unknown, TokenType::Control, TokenType::UserDefined}) {
    auto spec = tokenizer::small::byte_level(tokenizer::PreTokenizer::Llama3, {"f o", "fo o"});
    spec.tokens.emplace_back("\u0120foo");
    spec.types.push_back(type);
    auto b = byte_level("llama-bpe", 12);
    b.texts("tokenizer.ggml.tokens", spec.tokens);
    std::vector<std::int32_t> types;
    for (const auto each : spec.types) types.push_back(static_cast<std::int32_t>(each));
    b.integers("tokenizer.ggml.token_type", types);
    b.texts("tokenizer.ggml.merges", spec.merges);
    b.boolean("tokenizer.ggml.add_bos_token", false);
    set_rows(b, spec.tokens.size());
    const auto last = static_cast<base::TokenId>(spec.tokens.size() - 1);
    EXPECT_THAT(ids_of(b, " foo foo"), ElementsAre(last, last)) << static_cast<int>(type);
    EXPECT_THAT(ids_of(b, "foo"), ElementsAre(257)) << static_cast<int>(type);
    b.text("tokenizer.ggml.pre", "smollm");  // has merges alone
    EXPECT_THAT(ids_of(b, " foo"), ElementsAre(32, 257)) << static_cast<int>(type);
  }
}

TEST(GgufTokenizer, TheLongestTokenIsSplitOffFirst) {
  const std::vector<Piece> usual = {{"<|a|>", TokenType::UserDefined}, {"a", TokenType::Normal}};
  EXPECT_FALSE(opened_gguf(with_pieces(usual))->tokenizer()->longest_first) << "nothing can overlap";
  const auto b = with_pieces({{"<|a", TokenType::UserDefined},
                              {"a|long>", TokenType::Control},
                              {"<", TokenType::Normal},
                              {"|", TokenType::Normal}});
  EXPECT_TRUE(opened_gguf(b)->tokenizer()->longest_first);
  EXPECT_THAT(ids_of(b, "<|a|long><|a"), ElementsAre(1, 3, 6, 7, 5, 4));
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
