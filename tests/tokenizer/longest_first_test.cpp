// Tokens that are split off longest first, as llama.cpp splits a text: against the same done token by token.
#include "tokenizer/longest_first.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "tokenizer/small_vocabularies.hpp"

namespace kiln::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Matches = std::vector<std::pair<std::size_t, base::TokenId>>;

std::vector<LongestFirst::Token> listed(const std::vector<std::string>& texts) {
  std::vector<LongestFirst::Token> tokens;
  for (const auto& text : texts) tokens.push_back({text, static_cast<base::TokenId>(tokens.size())});
  return tokens;
}

Matches found(const std::vector<std::string>& texts, const std::string& text) {
  const auto all = LongestFirst(listed(texts)).find_all(text);
  Matches matches;
  for (std::size_t at = 0;;) {
    const auto match = all.find(text, at, at);
    if (!match) return matches;
    EXPECT_EQ(text.substr(match->begin, match->size), texts[match->id]);
    matches.emplace_back(match->begin, match->id);
    at = match->next;
  }
}

/// The longest token's places from the left, none of which meets one before; then the next token's.
Matches one_by_one(const std::vector<std::string>& texts, const std::string& text) {
  auto tokens = listed(texts);
  std::ranges::stable_sort(tokens, std::greater<>(), [](const auto& token) { return token.text.size(); });
  std::string left = text;
  Matches matches;
  for (const auto& token : tokens)
    for (auto at = left.find(token.text); at != std::string::npos; at = left.find(token.text, at)) {
      matches.emplace_back(at, token.id);
      std::fill_n(left.begin() + static_cast<std::ptrdiff_t>(at), token.text.size(), '\0');
    }
  std::ranges::sort(matches);
  return matches;
}

TEST(LongestFirst, TheLongestIsTakenWhereverItIs) {
  EXPECT_THAT(found({"<|a", "a|long>"}, "x <|a|long> y"), ElementsAre(std::pair(4, 1)));
  EXPECT_THAT(found({"abc", "cdef", "ab", "bc"}, "abcdef"), ElementsAre(std::pair(0, 2), std::pair(2, 1)));
  EXPECT_THAT(found({"aa", "aaa"}, "aaaaa"), ElementsAre(std::pair(0, 1), std::pair(3, 0)));
  EXPECT_THAT(found({"ab", "bc"}, "abc"), ElementsAre(std::pair(0, 0)));  // of equal ones the first
  EXPECT_THAT(found({"x"}, ""), ElementsAre());
}

TEST(LongestFirst, IsWhatTokenByTokenGives) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto word = [&](std::size_t longest) {
      std::string text(1 + random() % longest, 'a');
      for (char& c : text) c = static_cast<char>('a' + random() % (2 + round % 2));
      return text;
    };
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 1 + static_cast<std::size_t>(round) % 12; ++i) {
      auto text = word(7);
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    const auto text = word(60);
    ASSERT_EQ(found(texts, text), one_by_one(texts, text)) << round << " " << text;
  }
}

TEST(LongestFirst, LongTextsAreNoSquare) {
  // Each place begins tokens, and each token that is taken leaves the places before it to shorter ones.
  std::vector<std::string> texts;
  for (std::size_t size = 1; size <= 40; ++size) texts.push_back(std::string(size, 'a') + "b");
  for (std::size_t size = 1; size <= 40; ++size) texts.push_back("b" + std::string(2 * size, 'a') + "c");
  for (std::size_t size = 1; size <= 40; ++size) texts.push_back(std::string(size, 'a'));
  std::string text;
  while (text.size() < 400'000) text += std::string(30, 'a') + "b" + std::string(text.size() % 50, 'a') + "c";
  const auto all = LongestFirst(listed(texts)).find_all(text);
  EXPECT_TRUE(all.find(text, text.size() - 100, 0));
}

TEST(LongestFirst, IsAFlagOfTheSpec) {
  auto spec = small::sentence_piece({"\u2581", "x", "<", "|", "a", "l", "<|a", "a|l|"});
  spec.types[265] = spec.types[266] = TokenType::UserDefined;
  const auto ids = [&] {
    const auto tokenizer = Tokenizer::create(spec);
    EXPECT_TRUE(tokenizer.ok());
    return tokenizer->encode("x<|a|l|", false).value();
  };
  EXPECT_THAT(ids(), ElementsAre(259, 260, 265, 259, 262, 264, 262));
  spec.longest_first = true;
  EXPECT_THAT(ids(), ElementsAre(259, 260, 261, 262, 266));
  spec.added = {{265, false, true, false, false, false, ""}};
  const auto both = Tokenizer::create(spec);
  ASSERT_FALSE(both.ok());
  EXPECT_THAT(both.error().message, HasSubstr("the added token 265 has settings"));
}

}  // namespace
}  // namespace kiln::tokenizer
