#include "tokenizer/tokenizer.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/mapped_file.hpp"
#include "base/random.hpp"
#include "support/development_data.hpp"
#include "support/seed.hpp"
#include "tokenizer/small_vocabularies.hpp"

namespace kiln::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<base::TokenId>;

std::uint64_t seed() { return support::test_seed(20240607); }

std::string random_text(base::Random& random, std::size_t characters) {
  const std::vector<std::string> parts = {"a",    "b",   "ab",       " ",      "  ", "\n", "\r\n",    "\t",
                                          "'s",   "'LL", "7",        "42",     "!?", "é",  "e\u0301", "中",
                                          "日本", "😀",   "👍🏽", "\u00A0", "ſ",  "٣",  "<|end|>"};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += parts[random.below(parts.size())];
  return text;
}

TEST(SentencePiece, MergesByScoreThenLeftmost) {
  const auto t = Tokenizer::create(small::sentence_piece({"bc", "ab", "▁", "a", "b", "c", "▁a"})).value();
  EXPECT_THAT(t.encode("abc").value(), ElementsAre(1, 265, 259));  // "bc" is before "ab"; then "▁a"
  EXPECT_THAT(t.encode("", true).value(), ElementsAre(1));
  EXPECT_THAT(t.encode("b", false).value(), ElementsAre(261, 263));
}

TEST(SentencePiece, FallsBackToBytesAndBack) {
  const auto t = Tokenizer::create(small::sentence_piece({"▁", "a"})).value();
  const auto ids = t.encode("aé", false).value();
  EXPECT_THAT(ids, ElementsAre(259, 260, 3 + 0xC3, 3 + 0xA9));
  EXPECT_EQ(t.decode(ids), "aé");
  EXPECT_EQ(t.decode(Ids{3 + 0xC3}), "\uFFFD");
}

TEST(SentencePiece, SplitsSpecialTokensOffAndPrefixesWhatFollows) {
  const auto t = Tokenizer::create(small::sentence_piece({"▁", "a"})).value();
  EXPECT_THAT(t.encode("a</s>a", false).value(), ElementsAre(259, 260, 2, 259, 260));
  EXPECT_TRUE(t.is_end_of_text(2));
}

TEST(SentencePiece, WithoutBytesARunIsOneUnknown) {
  TokenizerSpec spec;
  spec.tokens = {"<unk>", "▁", "a"};
  spec.types = {TokenType::Unknown, TokenType::Normal, TokenType::Normal};
  spec.scores = {0, 0, 0};
  spec.unknown = 0;
  const auto t = Tokenizer::create(spec).value();
  EXPECT_THAT(t.encode("axyza").value(), ElementsAre(1, 2, 0, 2));
}

TEST(SentencePiece, EncodesLongWordsInGoodTime) {
  const auto t = Tokenizer::create(small::sentence_piece({"a", "aa", "aaaa", "b▁a"})).value();
  EXPECT_EQ(t.encode(std::string(1 << 18, 'a'), false).value().size(), (1U << 16) + 3);  // "▁" is three bytes
}

TEST(SentencePiece, RoundTripsAnyText) {
  const auto t = Tokenizer::create(small::sentence_piece({"▁", "a", "b", "ab", "▁a", "▁▁"})).value();
  base::Random random(seed());
  for (int i = 0; i < 300; ++i) {
    const auto text = random_text(random, random.below(40));
    EXPECT_EQ(t.decode(t.encode(text).value()), text);
  }
}

TEST(ByteLevel, MergesByRank) {
  const auto t = Tokenizer::create(small::byte_level(PreTokenizer::Llama3, {"b c", "a b", "a bc", "Ġ a"})).value();
  EXPECT_THAT(t.encode("abc ab").value(), ElementsAre(258, ' ', 257));  // "a b" ranks before "Ġ a"
}

TEST(ByteLevel, TakesAWholePieceWhenMergesAreIgnored) {
  auto spec = small::byte_level(PreTokenizer::Llama3, {});
  spec.tokens.emplace_back("abc");
  spec.types.push_back(TokenType::Normal);
  EXPECT_EQ(Tokenizer::create(spec).value().encode("abc").value().size(), 3U);
  spec.ignore_merges = true;
  EXPECT_THAT(Tokenizer::create(spec).value().encode("abc").value(), ElementsAre(257));
}

TEST(ByteLevel, Llama3HasDigitsInThreesAndSmolLmOneByOne) {
  const std::vector<std::string> merges = {"1 2", "12 3", "123 4"};
  EXPECT_THAT(Tokenizer::create(small::byte_level(PreTokenizer::Llama3, merges)).value().encode("1234").value(),
              ElementsAre(257, '4'));
  EXPECT_THAT(Tokenizer::create(small::byte_level(PreTokenizer::SmolLm, merges)).value().encode("1234").value(),
              ElementsAre('1', '2', '3', '4'));
}

TEST(ByteLevel, ContractionsIgnoreCaseButALongSIsALetter) {
  auto spec = small::byte_level(PreTokenizer::Llama3, {"s a", "S a", "Å ¿", "Å¿ a"});  // the last: U+017F and a
  const auto t = Tokenizer::create(spec).value();
  EXPECT_EQ(t.encode("'sa").value().size(), 3U);
  EXPECT_EQ(t.encode("'Sa").value().size(), 3U);
  EXPECT_THAT(t.encode("'ſa").value(), ElementsAre('\'', 259));
}

TEST(ByteLevel, SpacesBeforeANumberStayTogetherInSmolLm) {
  const auto merges = std::vector<std::string>{"Ġ Ġ"};
  EXPECT_THAT(Tokenizer::create(small::byte_level(PreTokenizer::SmolLm, merges)).value().encode("  1").value(),
              ElementsAre(256, '1'));
  EXPECT_THAT(Tokenizer::create(small::byte_level(PreTokenizer::SmolLm, merges)).value().encode("  a").value(),
              ElementsAre(' ', ' ', 'a'));
}

TEST(ByteLevel, RoundTripsAnyText) {
  base::Random random(seed());
  for (const auto pre : {PreTokenizer::None, PreTokenizer::Llama3, PreTokenizer::SmolLm}) {
    auto spec = small::byte_level(pre, {"a b", "Ġ a", "Ã ©", "Ċ Ċ"});
    spec.types.back() = TokenType::UserDefined;
    const auto t = Tokenizer::create(spec).value();
    for (int i = 0; i < 200; ++i) {
      const auto text = random_text(random, random.below(40));
      EXPECT_EQ(t.decode(t.encode(text).value()), text);
    }
  }
}

TEST(ByteLevel, LongRunsOfSpacesDoNotExhaustTheExpression) {
  const auto t = Tokenizer::create(small::byte_level(PreTokenizer::Llama3, {"Ġ Ġ"})).value();
  EXPECT_EQ(t.encode(std::string(200000, ' ') + "a").value().size(), 100002U);
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  const auto t = Tokenizer::create(small::byte_level(PreTokenizer::Llama3, {})).value();
  EXPECT_THAT(t.encode("ab\xFF").error().message, HasSubstr("byte 2"));
  EXPECT_EQ(t.decode(100000), "");  // of a model whose vocabulary was padded
  EXPECT_FALSE(t.is_end_of_text(100000));
}

TEST(Tokenizer, RefusesSpecsThatContradictThemselves) {
  const auto refused = [](auto change) {
    auto spec = small::byte_level(PreTokenizer::Llama3, {"a b"});
    change(spec);
    const auto result = Tokenizer::create(spec);
    return result.ok() ? std::string("accepted") : result.error().message;
  };
  EXPECT_THAT(refused([](auto& s) { s.tokens.clear(); }), HasSubstr("0 tokens"));
  EXPECT_THAT(refused([](auto& s) { s.types.pop_back(); }), HasSubstr("token types"));
  EXPECT_THAT(refused([](auto& s) { s.add_bos = true; }), HasSubstr("none is named"));
  EXPECT_THAT(refused([](auto& s) { s.eos = {9999}; }), HasSubstr("end-of-text token is 9999"));
  EXPECT_THAT(refused([](auto& s) { s.merges = {"a  b"}; }), HasSubstr("merge 0"));
  EXPECT_THAT(refused([](auto& s) { s.merges = {"a c"}; }), HasSubstr("no token"));
  EXPECT_THAT(refused([](auto& s) { s.tokens[65] = "zz"; }), HasSubstr("0x41"));
  EXPECT_THAT(refused([](auto& s) { s.types[3] = static_cast<TokenType>(9); }), HasSubstr("type 9"));
}

TEST(Utf8Assembler, GivesWholeCharacters) {
  Utf8Assembler assembler;
  EXPECT_EQ(assembler.push("a\xF0\x9F"), "a");
  EXPECT_EQ(assembler.push("\x98\x80z"), "😀z");
  EXPECT_EQ(assembler.push("\xE4\xB8"
                           "b\xFF"),
            "\uFFFDb\uFFFD");
  EXPECT_EQ(assembler.push("\xC3"), "");
  EXPECT_EQ(assembler.finish(), "\uFFFD");
  EXPECT_EQ(assembler.finish(), "");
}

TEST(Stories260K, EncodesTheGoldenText) {
  const auto data = test::shared_data("data/stories260K");
  KILN_NEEDS_DATA(data);
  const auto& folder = data.path;
  const auto golden = nlohmann::json::parse(base::read_text_file((folder / "golden.json").string()).value());
  const auto file = base::read_text_file((folder / "tok512.bin").string()).value();
  const auto t = Tokenizer::create(small::from_llama2c(file)).value();
  const auto ids = t.encode(golden["text"].get<std::string>()).value();
  const auto expected = golden["tokens"].get<Ids>();
  ASSERT_GE(ids.size(), expected.size());
  EXPECT_EQ(Ids(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(expected.size())), expected);
  EXPECT_EQ(t.decode(ids), golden["text"].get<std::string>());
}

}  // namespace
}  // namespace kiln::tokenizer
