#include "rom/tokenizer_codec.hpp"

#include <algorithm>

#include "rom/small_image.hpp"

namespace kiln::rom::test {
namespace {

TEST(TokenizerCodec, BothKinds_ComeBackExactly) {
  for (const auto& spec : {sentence_piece_spec(), byte_level_spec(), tokenizer::TokenizerSpec()}) {
    const auto bytes = encode_tokenizer(spec);
    const auto back = decode_tokenizer(bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, std::optional(spec));
  }
}

/// A spec in which every field has a value of its own: one that is added does not compile here without one.
tokenizer::TokenizerSpec full_spec() {
  auto spec = sentence_piece_spec();
  auto& [kind, pre, tokens, scores, types, merges, ignore_merges, add_bos, add_space_prefix, space_prefix, bos, eos,
         unknown, chat_template, added, template_tokens, template_names, bos_before_template, remove_extra_spaces,
         longest_first] = spec;
  pre = tokenizer::PreTokenizer::SmolLm;
  merges = {"a b"};
  ignore_merges = true;
  add_space_prefix = false;
  space_prefix = tokenizer::SpacePrefix::FirstPart;
  unknown = 3;
  chat_template = "x";
  added = {{1, false, true, false, false, true, ""}, {5, true, false, true, true, false, "b"}};
  template_tokens = tokenizer::TemplateTokens{4, 6};
  template_names = {{"pad_token", "<pad>"}, {"unk_token", ""}};
  bos_before_template = true;
  remove_extra_spaces = true;
  longest_first = true;
  return spec;
}

/// full_spec() with one field after the other as in a spec that says nothing.
std::vector<tokenizer::TokenizerSpec> variants() {
  const tokenizer::TokenizerSpec none;
  std::vector<tokenizer::TokenizerSpec> all = {full_spec()};
  const auto usual = [&](auto field) {
    all.push_back(full_spec());
    EXPECT_NE(all.back().*field, none.*field);
    all.back().*field = none.*field;
  };
  usual(&tokenizer::TokenizerSpec::space_prefix);
  usual(&tokenizer::TokenizerSpec::added);
  usual(&tokenizer::TokenizerSpec::template_tokens);
  usual(&tokenizer::TokenizerSpec::template_names);
  usual(&tokenizer::TokenizerSpec::bos_before_template);
  usual(&tokenizer::TokenizerSpec::remove_extra_spaces);
  usual(&tokenizer::TokenizerSpec::longest_first);
  usual(&tokenizer::TokenizerSpec::bos);
  usual(&tokenizer::TokenizerSpec::unknown);
  usual(&tokenizer::TokenizerSpec::eos);
  usual(&tokenizer::TokenizerSpec::scores);
  usual(&tokenizer::TokenizerSpec::merges);
  usual(&tokenizer::TokenizerSpec::add_space_prefix);
  usual(&tokenizer::TokenizerSpec::add_bos);
  usual(&tokenizer::TokenizerSpec::ignore_merges);
  for (const auto prefix :
       {tokenizer::SpacePrefix::EachPartUnlessSpace, tokenizer::SpacePrefix::FirstPartUnlessSpace}) {
    all.push_back(sentence_piece_spec());
    all.back().space_prefix = prefix;
  }
  for (const tokenizer::TemplateTokens& named : {tokenizer::TemplateTokens{}, {0, {}}, {{}, 0}}) {
    all.push_back(sentence_piece_spec());
    all.back().template_tokens = named;
  }
  return all;
}

TEST(TokenizerCodec, EveryField_ComesBack) {
  std::vector<std::vector<std::byte>> seen;
  for (const auto& spec : variants()) {
    const auto bytes = encode_tokenizer(spec);
    const auto back = decode_tokenizer(bytes);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(*back, std::optional(spec));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), bytes), 0);  // another spec, other bytes
    seen.push_back(bytes);
    for (std::size_t size = 1; size < bytes.size(); ++size)
      ASSERT_FALSE(decode_tokenizer(std::span(bytes).first(size)).ok()) << size;
  }
}

TEST(TokenizerCodec, UsualSettings_TakeNoBytesAndOthersOneFlag) {
  auto spec = sentence_piece_spec();
  const auto usual = encode_tokenizer(spec);
  spec.space_prefix = tokenizer::SpacePrefix::EachPartUnlessSpace;
  auto other = encode_tokenizer(spec);
  EXPECT_EQ(usual[8] | std::byte{32}, other[8]);  // the flags: an older Kiln, which knows 31, refuses them
  const std::size_t first = usual.size();
  EXPECT_EQ(other.size(), first + 20);
  EXPECT_TRUE(std::equal(usual.begin() + 9, usual.end(), other.begin() + 9));
  other[first] = std::byte{0};  // the prefix is then a usual one, and nothing is there to say
  EXPECT_NE(decode_tokenizer(other).error().message.find("all of them are the usual ones"), std::string::npos);
  other[first] = std::byte{4};
  EXPECT_NE(decode_tokenizer(other).error().message.find("the space prefix is 4"), std::string::npos);
  other[first] = std::byte{1};
  other[first + 4] = std::byte{128};
  EXPECT_NE(decode_tokenizer(other).error().message.find("the word of settings is 128"), std::string::npos);
  other[first + 4] = std::byte{8};
  EXPECT_NE(decode_tokenizer(other).error().message.find("there are said to be none"), std::string::npos);
  spec.template_names = {{"a", "x"}, {"b", "y"}};
  auto names = encode_tokenizer(spec);
  EXPECT_EQ(names.size(), first + 20 + 4 + 2 * 10);
  std::swap(names[first + 28], names[first + 38]);  // b before a
  EXPECT_NE(decode_tokenizer(names).error().message.find("out of order"), std::string::npos);
  names[first + 20] = std::byte{0};
  EXPECT_NE(decode_tokenizer(names).error().message.find("and none is"), std::string::npos);
}

TEST(TokenizerCodec, NoTokenizer_IsNoBytes) {
  EXPECT_TRUE(encode_tokenizer(std::nullopt).empty());
  const auto back = decode_tokenizer({});
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->has_value());
}

TEST(TokenizerCodec, CutOffAnywhereOrLonger_IsRefused) {
  auto bytes = encode_tokenizer(sentence_piece_spec());
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const auto back = decode_tokenizer(std::span(bytes).first(size));
    ASSERT_FALSE(back.ok()) << size;
    EXPECT_NE(back.error().message.find("of the section"), std::string::npos);
  }
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_tokenizer(bytes).ok());
}

}  // namespace
}  // namespace kiln::rom::test
