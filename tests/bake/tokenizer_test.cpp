// What an image keeps of a tokenizer: everything that changes ids. Bake, open, compare, encode, over all kinds.
#include <gmock/gmock.h>

#include "bake_testing.hpp"
#include "tokenizer/small_vocabularies.hpp"

namespace kiln::bake::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tokenizer::SpacePrefix;
using tokenizer::TokenizerSpec;

/// Every kind and setting, by name.
std::vector<std::pair<std::string, TokenizerSpec>> kinds() {
  std::vector<std::pair<std::string, TokenizerSpec>> all;
  for (const bool adds : {true, false})
    for (const auto prefix : {SpacePrefix::EachPart, SpacePrefix::EachPartUnlessSpace,
                              SpacePrefix::FirstPartUnlessSpace, SpacePrefix::FirstPart}) {
      auto spec = tokenizer::small::sentence_piece({"\u2581", "a", "b", "\u2581a", "ab", "\u2581ab", "cd", "\u2581cd"});
      spec.add_space_prefix = adds;
      spec.space_prefix = prefix;
      all.emplace_back("prefix " + std::to_string(static_cast<int>(prefix)) + (adds ? " added" : ""), spec);
      spec.remove_extra_spaces = true;
      all.emplace_back("no extra spaces", spec);
      spec.types.back() = tokenizer::TokenType::UserDefined;
      spec.added = {{static_cast<base::TokenId>(spec.tokens.size() - 1), true, false, false, true, false, "\u2581cd"}};
      all.emplace_back("normalized", spec);
    }
  for (const auto pre :
       {tokenizer::PreTokenizer::None, tokenizer::PreTokenizer::Llama3, tokenizer::PreTokenizer::SmolLm})
    for (const bool plain : {true, false}) {
      auto spec = tokenizer::small::byte_level(pre, {"a b", "ab c"});
      const auto end = spec.eos.front();
      if (!plain) spec.added = {{end, false, true, true, false, true, ""}};
      if (!plain) spec.ignore_merges = true;
      if (!plain) spec.template_tokens = tokenizer::TemplateTokens{end, {}};
      if (!plain) spec.template_names = {{"pad_token", "<|end|>"}};
      all.emplace_back("byte level", spec);
    }
  return all;
}

TEST(BakedTokenizer, OfEveryKind_GivesTheCheckpointsIds) {
  Altered checkpoint(checkpoint::synthetic(support::model_of({"tiny", 64, 64, 1, 1, 1, 64, 300, 64, true}), 1));
  base::ThreadPool pool(1);
  for (const auto& [name, spec] : kinds()) {
    SCOPED_TRACE(name);
    checkpoint.tokenizer_ = spec;
    const auto image = baked(checkpoint, recipe_of(2, config::CodebookKind::Uniform), temp_path("tokenizer"));
    const auto same = compare(image, checkpoint, pool);
    ASSERT_TRUE(same) << same.error().message;
    EXPECT_THAT(same->differences, ElementsAre());
    ASSERT_EQ(image.tokenizer(), std::optional(spec));
    const auto from = tokenizer::Tokenizer::create(spec).value();
    const auto back = tokenizer::Tokenizer::create(*image.tokenizer()).value();
    for (const char* text :
         {" ab", "ab", "  ab  cd ", "ab<s> cd", "ab</s>cd", "ab <|end|> cd", "\u2581cd", "cdab cd", ""})
      EXPECT_EQ(from.encode(text).value(), back.encode(text).value()) << text;
  }
}

TEST(BakedTokenizer, ThatCannotBeUsed_IsNotBaked) {
  Altered checkpoint(checkpoint::synthetic(support::model_of({"tiny", 64, 64, 1, 1, 1, 64, 300, 64, true}), 1));
  checkpoint.tokenizer_ = tokenizer::small::byte_level(tokenizer::PreTokenizer::Llama3, {"a b"});
  checkpoint.tokenizer_->merges.emplace_back("zz y");
  base::ThreadPool pool(1);
  const std::string path = temp_path("unusable");
  const auto done = bake(checkpoint, recipe_of(2), path, pool);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, checkpoint.path() + ": tokenizer: merge 1 names or makes a text that is no token");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(BakedTokenizer, AnotherSetting_IsAnotherTokenizer) {
  Altered checkpoint(checkpoint::synthetic(support::model_of({"tiny", 64, 64, 1, 1, 1, 64, 300, 64, true}), 1));
  base::ThreadPool pool(1);
  const auto all = kinds();
  for (std::size_t i = 1; i < all.size(); i += 3) {
    checkpoint.tokenizer_ = all[i - 1].second;
    const auto image = baked(checkpoint, recipe_of(2, config::CodebookKind::Uniform), temp_path("other_tokenizer"));
    checkpoint.tokenizer_ = all[i].second;
    EXPECT_THAT(compare(image, checkpoint, pool).value().differences, ElementsAre(HasSubstr("the tokenizer differs")));
  }
}

}  // namespace
}  // namespace kiln::bake::test
