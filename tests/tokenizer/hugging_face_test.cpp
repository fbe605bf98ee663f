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
  EXPECT_EQ(error_of(smol_json(), R"({"x":1e999})"), "tokenizer.json (tokenizer_config.json): not JSON at byte 0");
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
