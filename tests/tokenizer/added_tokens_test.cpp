// Added tokens with settings of their own. What is expected is what tokenizers 0.23 gives for the same files.
#include <gmock/gmock.h>

#include "tokenizer/hugging_face_files.hpp"

namespace kiln::tokenizer {
namespace {

using small::Directory;
using testing::ElementsAre;

/// llama2_json() with one more token, 9.
Directory with_token(const char* text, std::initializer_list<const char*> settings, bool metaspace = false) {
  Directory dir;
  dir.json = small::llama2_json();
  dir.json["added_tokens"].push_back(Directory::added(9, text, false));
  for (const char* key : settings) dir.json["added_tokens"].back()[key] = true;
  if (metaspace) {
    dir.json["normalizer"] = nullptr;
    dir.json["pre_tokenizer"] = {
        {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", false}};
  }
  return dir;
}

TEST(AddedTokens, ANormalizedOneIsFoundInTheNormalizedText) {
  // It is "▁<r>" then: only where a space or the beginning is before it.
  const auto prepend = with_token("<r>", {"normalized"});
  EXPECT_THAT(prepend.ids("a <r>b"), ElementsAre(1, 2, 3, 9, 4));
  EXPECT_THAT(prepend.ids("<r>"), ElementsAre(1, 9));
  EXPECT_THAT(prepend.ids("a<r>"), ElementsAre(1, 2, 3, 0));
  EXPECT_THAT(with_token("<r>", {}).ids("a <r>b"), ElementsAre(1, 2, 3, 2, 9, 2, 4));
  const auto metaspace = with_token("<r>", {"normalized"}, true);  // no normaliser
  EXPECT_THAT(metaspace.ids("a<r>b"), ElementsAre(1, 2, 3, 9, 2, 4));
}

TEST(AddedTokens, OfEqualNormalizedTextsTheLowestIdIsFound) {
  // tokenizers takes either of them, by the order of a hash table that is another each time the file is loaded.
  auto dir = with_token(" c", {"normalized"});
  dir.json["added_tokens"].push_back(Directory::added(10, "▁c"));
  dir.json["added_tokens"].back()["normalized"] = true;
  EXPECT_THAT(dir.ids("a  c"), ElementsAre(1, 2, 3, 9));
}

TEST(AddedTokens, OthersAreFoundFirst) {
  auto dir = with_token("<s>b", {"normalized"}, true);
  EXPECT_THAT(dir.ids("a<s>b"), ElementsAre(1, 2, 3, 1, 2, 4));
  dir.json["added_tokens"].back()["normalized"] = false;
  EXPECT_THAT(dir.ids("a<s>b"), ElementsAre(1, 2, 3, 9));
}

TEST(AddedTokens, TakeWhiteSpaceAlong) {
  const auto left = with_token("<r>", {"lstrip"});
  EXPECT_THAT(left.ids("a \t\n\u3000<r> b"), ElementsAre(1, 2, 3, 9, 2, 2, 4));
  const auto right = with_token("<r>", {"rstrip"});
  EXPECT_THAT(right.ids("a<r> \u00A0b"), ElementsAre(1, 2, 3, 9, 2, 4));
  const auto both = with_token("<r>", {"lstrip", "rstrip"});
  EXPECT_THAT(both.ids("a <r> <r> "), ElementsAre(1, 2, 3, 9, 9));
}

TEST(AddedTokens, StandAlone) {
  const auto dir = with_token("c", {"single_word"});
  // "c" is a character of the vocabulary (5) as well.
  auto own = dir;
  own.json["added_tokens"].back()["id"] = 5;
  EXPECT_THAT(own.ids("c"), ElementsAre(1, 5));
  EXPECT_THAT(own.ids("a c"), ElementsAre(1, 2, 3, 2, 5));
  EXPECT_THAT(own.ids("bc"), ElementsAre(1, 2, 7));  // merged, as any token
  EXPECT_THAT(with_token("<r>", {"single_word"}).ids("<r>b.<r>.é<r>"), ElementsAre(1, 2, 0, 4, 0, 9, 2, 0));
}

TEST(AddedTokens, OfAByteLevelVocabulary) {
  Directory dir;
  dir.json["added_tokens"].push_back(Directory::added(259, "ab", false));
  dir.json["added_tokens"].back()["id"] = 256;
  dir.json["added_tokens"].back()["single_word"] = true;
  EXPECT_THAT(dir.ids("ab abb"), ElementsAre(257, 256, ' ', 256, 'b'));  // the second by its merge
  dir.json["added_tokens"].push_back(Directory::added('!', "!", false));
  dir.json["added_tokens"].back()["single_word"] = true;
  EXPECT_THAT(dir.ids("!a!"), ElementsAre(257, '!', 'a', '!'));
}

}  // namespace
}  // namespace kiln::tokenizer
