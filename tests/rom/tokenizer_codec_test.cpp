#include "rom/tokenizer_codec.hpp"

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
