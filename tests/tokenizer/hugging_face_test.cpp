#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "support/seed.hpp"
#include "tokenizer/hugging_face_files.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::tokenizer {
namespace {

using Json = nlohmann::json;
using small::llama2_json;
using small::smol_json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const Json& root, const std::string& config = "", const std::string& model = "") {
  const auto spec = spec_from_tokenizer_json(root.dump(), config, model, "tokenizer.json");
  return spec.ok() ? "accepted" : spec.error().message;
}

TEST(HuggingFace, ReadsSmolLm) {
  const auto spec = spec_from_tokenizer_json(smol_json().dump(), R"({"chat_template":"T","eos_token":"<|im_end|>"})",
                                             R"({"bos_token_id":0,"eos_token_id":[257,3]})", "t")
                        .value();
  EXPECT_EQ(spec.pre, PreTokenizer::SmolLm);
  EXPECT_EQ(spec.chat_template, "T");
  EXPECT_THAT(spec.eos, ElementsAre(257, 3));
  EXPECT_EQ(spec.bos, 0U);
  EXPECT_FALSE(spec.add_bos);
  EXPECT_THAT(Tokenizer::create(spec).value().encode("ab<|im_end|>").value(), ElementsAre(256, 257));
}

TEST(HuggingFace, ReadsByteFallbackAndMergesByRank) {
  const auto spec = spec_from_tokenizer_json(llama2_json().dump(), "", "", "t").value();
  EXPECT_TRUE(spec.add_bos);
  EXPECT_TRUE(spec.add_space_prefix);
  EXPECT_THAT(Tokenizer::create(spec).value().encode("abc").value(), ElementsAre(1, 2, 3, 7));  // "b c" ranks first
}

TEST(HuggingFace, ReadsMetaspace) {
  auto root = llama2_json();
  root["normalizer"] = nullptr;
  root["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}, {"split", false}};
  const auto t = Tokenizer::create(spec_from_tokenizer_json(root.dump(), "", "", "t").value()).value();
  EXPECT_THAT(t.encode(" a<s>a").value(), ElementsAre(1, 2, 3, 1, 3));
  root["pre_tokenizer"]["split"] = true;
  EXPECT_THAT(error_of(root), HasSubstr("Metaspace"));
}

TEST(HuggingFace, RefusesByNameAndPointer) {
  auto root = smol_json();
  root["model"]["type"] = "Unigram";
  EXPECT_THAT(error_of(root), HasSubstr("tokenizer.json: /model/type: \"Unigram\""));
  root = smol_json();
  root["pre_tokenizer"]["pretokenizers"][0] = {{"type", "Split"}, {"pattern", {{"Regex", "x+"}}}};
  EXPECT_THAT(error_of(root), testing::AllOf(HasSubstr("/pre_tokenizer"), HasSubstr("x+")));
  root = smol_json();
  root["model"]["vocab"]["ab"] = 255;
  EXPECT_THAT(error_of(root), HasSubstr("/model/vocab"));
  root["model"]["vocab"]["ab"] = 4000000000U;
  EXPECT_THAT(error_of(root), HasSubstr("4000000000"));
  root = smol_json();
  root["added_tokens"][0]["id"] = 300;
  EXPECT_THAT(error_of(root), HasSubstr("/added_tokens/0/id"));
  root = smol_json();
  root["added_tokens"][0]["lstrip"] = 1;
  EXPECT_THAT(error_of(root), HasSubstr("/added_tokens/0/lstrip"));
  root = smol_json();
  root["model"]["merges"][0] = 7;
  EXPECT_THAT(error_of(root), HasSubstr("/model/merges/0"));
  EXPECT_THAT(error_of(smol_json(), "{", ""), HasSubstr("(tokenizer_config.json): not JSON"));
  EXPECT_THAT(error_of(smol_json(), "", R"({"eos_token_id":9999})"), HasSubstr("/eos_token_id"));
  EXPECT_THAT(error_of(smol_json(), R"({"eos_token":"nope"})"), HasSubstr("/eos_token: no such token"));
}

TEST(HuggingFace, RefusesAKeyTwiceAndDepth) {
  EXPECT_EQ(error_of(smol_json(), R"({"eos_token":"a","x":{"k\n":1,"k\n":2}})"),
            "tokenizer.json (tokenizer_config.json): the key \"k\\x0a\" is twice in one object, expected once");
  EXPECT_EQ(error_of(smol_json(), "", "{\"x\":" + std::string(100'000, '[')),
            "tokenizer.json (config.json): nested deeper than 64 levels");
  EXPECT_EQ(error_of(smol_json(), "[1]"), "tokenizer.json (tokenizer_config.json): /: found array, expected an object");
}

TEST(HuggingFace, ANumberTooLargeAndANulHaveTheirPlace) {
  EXPECT_EQ(error_of(smol_json(), R"({"x":1e999})"),
            "tokenizer.json (tokenizer_config.json): byte 10: a number is too large, expected finite ones");
  const auto of_file = [](const std::string& text) {
    const auto spec = spec_from_tokenizer_json(text, "", "", "tokenizer.json");
    return spec ? "accepted" : spec.error().message;
  };
  EXPECT_EQ(of_file(R"({ "x" : [ -1e999 ] })"), "tokenizer.json: byte 16: a number is too large, expected finite ones");
  const std::string whole = smol_json().dump();
  EXPECT_EQ(of_file(whole + "\n"), "accepted");
  EXPECT_EQ(of_file(whole + "\n" + '\0'), fmt::format("tokenizer.json: not JSON at byte {}", whole.size() + 2));
}

TEST(HuggingFace, AddedTokensHaveTheIdsThatTheLibraryGives) {
  const auto token = [](const char* text, int id) { return Json{{"content", text}, {"id", id}, {"special", true}}; };
  auto root = smol_json();  // 0 to 256 are the vocabulary's
  root["added_tokens"] = {token("<a>", 257), token("ab", 256), token("<b>", 258), token("a", 'a')};
  EXPECT_EQ(error_of(root), "accepted") << "what the vocabulary has stands anywhere";
  root["added_tokens"] = {token("<b>", 258), token("<a>", 257)};
  EXPECT_EQ(
      error_of(root),
      "tokenizer.json: /added_tokens/0/id: the id is 258, and `tokenizers` gives it 257: texts that the vocabulary "
      "lacks get the next ids in the order of the list");
  root["added_tokens"] = {token("<a>", 257), token("<b>", 259)};
  EXPECT_THAT(error_of(root), HasSubstr("/added_tokens/1/id: the id is 259, and `tokenizers` gives it 258"));
  root["added_tokens"] = Json::array({token("<a>", 257)});
  root["model"]["vocab"]["zz"] = 258;  // the library counts 258 tokens, and goes on with that
  EXPECT_THAT(error_of(root), HasSubstr("/added_tokens/0/id: the id is 257, and `tokenizers` gives it 258"));
  root["added_tokens"] = Json::array({token("<a>", 258)});
  root["model"]["vocab"]["zz"] = 257;
  EXPECT_EQ(error_of(root), "accepted");
}

TEST(HuggingFace, ATokenThatIsListedTwiceIsOne) {
  auto root = smol_json();
  const auto list = [&](const Json& first, const Json& second) {
    root["added_tokens"] = Json::array({{{"id", 257}, {"content", "<a>"}}, {{"id", 257}, {"content", "<a>"}}});
    root["added_tokens"][0].update(first);
    root["added_tokens"][1].update(second);
    root["added_tokens"].push_back({{"id", 258}, {"content", "<b>"}, {"special", true}});
    return spec_from_tokenizer_json(root.dump(), "", "", "t").value();
  };
  const auto ids = [](const TokenizerSpec& spec) {
    return Tokenizer::create(spec).value().encode("1 <a> <b>").value();
  };
  const Json special = {{"special", true}};
  const Json left = {{"special", true}, {"lstrip", true}};
  EXPECT_THAT(ids(list(special, special)), ElementsAre('1', ' ', 257, ' ', 258));
  EXPECT_THAT(ids(list(left, special)), ElementsAre('1', ' ', 257, ' ', 258)) << "the last settings count";
  EXPECT_THAT(ids(list(special, left)), ElementsAre('1', 257, ' ', 258));
  const Json plain = {{"special", false}, {"normalized", false}};
  EXPECT_EQ(list(plain, special).types[257], TokenType::Control);
  EXPECT_EQ(list(special, plain).types[257], TokenType::Control) << "but special once is special";
  EXPECT_EQ(list(plain, plain).types[257], TokenType::UserDefined);
  root["added_tokens"][1]["id"] = 258;
  EXPECT_THAT(error_of(root),
              HasSubstr("/added_tokens/1/id: the id is 258, and `tokenizers` gives it 257: the same text "
                        "stands further up"));
}

TEST(HuggingFace, AMergeOfATokenWithASpaceIsRefusedAsSuch) {
  auto root = smol_json();
  root["model"]["vocab"]["a b"] = 257;
  root["model"]["vocab"]["a ba"] = 258;
  root["added_tokens"][0]["id"] = 259;
  EXPECT_EQ(error_of(root), "accepted");
  root["model"]["merges"].push_back({"a b", "a"});
  EXPECT_EQ(error_of(root),
            "tokenizer.json: /model/merges/1: a side with a space in it, and Kiln has merges of tokens without spaces "
            "only");
  root["model"]["merges"][1] = {"", "a"};
  EXPECT_THAT(error_of(root), HasSubstr("both with a character at least"));
}

/// What is expected is what tokenizers 0.23 gives: the unknown token waits for a token, and bytes are none.
TEST(HuggingFace, AByteWithoutATokenIsUnknown) {
  const auto with_bytes = [](bool space) {
    auto root = llama2_json();
    root["post_processor"] = nullptr;
    auto& vocab = root["model"]["vocab"];
    if (!space) vocab = {{"<unk>", 0}, {"<s>", 1}, {"a", 2}, {"b", 3}, {"c", 4}, {"ab", 5}, {"bc", 6}, {"abc", 7}};
    for (int byte = 0; byte < 256; ++byte)
      if (byte != 'A') vocab[fmt::format("<0x{:02X}>", byte)] = vocab.size();
    return Tokenizer::create(spec_from_tokenizer_json(root.dump(), "", "", "t").value()).value();
  };
  const auto t = with_bytes(true);
  EXPECT_THAT(t.encode("Axyab").value(), ElementsAre(2, 128, 129, 0, 6));
  EXPECT_THAT(t.encode("aAxB").value(), ElementsAre(2, 3, 128, 74, 0));
  EXPECT_THAT(t.encode("AhAb A").value(), ElementsAre(2, 112, 0, 4, 2, 0));
  EXPECT_THAT(t.encode("<unk>A<unk>").value(), ElementsAre(0, 2, 0, 0));
  EXPECT_THAT(t.encode("xAbcAx x").value(), ElementsAre(2, 128, 0, 7, 128, 0, 2, 128));
  const auto bare = with_bytes(false);  // U+2581 is bytes, too
  EXPECT_THAT(bare.encode("A A").value(), ElementsAre(233, 157, 136, 233, 157, 136, 0));
  EXPECT_THAT(bare.encode("A<s>A").value(), ElementsAre(233, 157, 136, 0, 1, 233, 157, 136, 0));
}

TEST(HuggingFace, SurvivesDamagedFiles) {
  base::Random random(support::test_seed(99));
  const Json wrong[] = {nullptr, 7, -1, "x", Json::array(), Json::object(), true, 1e300, Json::array({"a"})};
  for (int round = 0; round < 1500; ++round) {
    const Json original = round % 2 == 0 ? llama2_json() : smol_json();
    std::string text;
    if (round % 3 == 0) {
      text = original.dump();
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    } else {
      const Json flat = original.flatten();
      auto place = flat.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(random.below(flat.size())));
      Json::json_pointer pointer(place.key());
      for (std::uint64_t up = random.below(3); up > 0 && !pointer.empty(); --up) pointer.pop_back();
      Json damaged = original;
      damaged[pointer] = wrong[random.below(std::size(wrong))];
      text = damaged.dump();
    }
    const auto spec = spec_from_tokenizer_json(text, "", "", "t");
    if (!spec.ok()) {
      EXPECT_FALSE(spec.error().message.empty());
      continue;
    }
    const auto t = Tokenizer::create(*spec);
    EXPECT_TRUE(!t.ok() || t->encode("ab c 12 é").ok());
  }
}

}  // namespace
}  // namespace kiln::tokenizer
