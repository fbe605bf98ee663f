// Every code point there and back, every pair of bytes and every broken shape against table 3-7 of the Unicode
// standard.
#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <string>

namespace kiln::base {
namespace {

std::string bytes_of(std::uint32_t code_point) {
  std::string text;
  append_code_point(text, code_point);
  return text;
}

bool is_surrogate(std::uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

TEST(Utf8, EveryCodePointThereAndBack) {
  std::uint32_t wrong = 0;
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string text = bytes_of(c);
    const std::size_t bytes = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    const std::size_t whole = is_surrogate(c) ? 0 : bytes;
    const bool right = text.size() == bytes && character_at_start(text + "x") == whole &&
                       character_bytes(text[0]) == bytes && first_code_point(text + "x") == c &&
                       last_character("x" + text) == 1 && count_characters("x" + text) == 2;
    wrong += right ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0U);
}

TEST(Utf8, WellFormedIsWhatTheTableSays) {
  struct LeadRange {
    int lead_low, lead_high;
    int second_low, second_high;
    int bytes;
  };
  constexpr LeadRange kTable[] = {
      {0x00, 0x7F, 0x00, 0xFF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
      {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
      {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
  for (int lead = 0; lead < 256; ++lead) {
    for (int second = 0; second < 256; ++second) {
      std::size_t expected = 0;
      for (const LeadRange& row : kTable) {
        const bool here =
            lead >= row.lead_low && lead <= row.lead_high && second >= row.second_low && second <= row.second_high;
        if (here) expected = static_cast<std::size_t>(row.bytes);
      }
      const std::string text = {static_cast<char>(lead), static_cast<char>(second), '\x80', '\xBF'};
      ASSERT_EQ(character_at_start(text), expected) << lead << " " << second;
      for (std::size_t cut = 1; cut < expected; ++cut) {
        ASSERT_EQ(character_at_start(text.substr(0, cut)), 0U) << lead << " " << second;
        ASSERT_TRUE(begins_character(text.substr(0, cut))) << lead << " " << second;
      }
      if (expected == 0 && lead >= 0x80) {
        ASSERT_FALSE(begins_character(text.substr(0, 2))) << lead << " " << second;
      }
    }
  }
}

TEST(Utf8, ThirdAndFourthBytesMustContinue) {
  for (const std::string bad : {"\xE2\x82x", "\xE2\x82\xC2", "\xF0\x9F\x98x", "\xF0\x9Fx\x80", "\xF0\x9F\x98\xFF"}) {
    EXPECT_EQ(character_at_start(bad), 0U) << bad;
    EXPECT_FALSE(begins_character(bad)) << bad;
  }
}

TEST(Utf8, NothingIsNoCharacter) {
  EXPECT_EQ(character_at_start(""), 0U);
  EXPECT_FALSE(begins_character(""));
  EXPECT_FALSE(begins_character("a")) << "it is one already";
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(first_invalid_utf8(""), std::nullopt);
}

TEST(Utf8, FindsTheFirstByteThatIsNot) {
  EXPECT_EQ(first_invalid_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("ab\x80"), 2U);
  EXPECT_EQ(first_invalid_utf8("\xC0\xAF"), 0U);          // overlong
  EXPECT_EQ(first_invalid_utf8("x\xED\xA0\x80"), 1U);     // surrogate
  EXPECT_EQ(first_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
  EXPECT_EQ(first_invalid_utf8("a\xE2\x82"), 1U);         // cut short
}

}  // namespace
}  // namespace kiln::base
