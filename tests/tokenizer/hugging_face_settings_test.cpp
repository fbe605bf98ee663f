// Which file and key says what, and which wins. The ids are those that transformers 5.24 and tokenizers 0.23 give.
#include <gmock/gmock.h>

#include "tokenizer/chat_template.hpp"
#include "tokenizer/hugging_face_files.hpp"

namespace kiln::tokenizer {
namespace {

using small::Directory;
using testing::ElementsAre;
using testing::HasSubstr;

nlohmann::json with(nlohmann::json object, const char* key, const nlohmann::json& value) {
  object[key] = value;
  return object;
}

TEST(HuggingFaceSettings, ATemplateOfAFileOfItsOwnCounts) {
  Directory dir;
  dir.tokenizer_config = {{"chat_template", "config"}};
  EXPECT_EQ(dir.spec().chat_template, "config");
  dir.chat_template = "file";
  EXPECT_EQ(dir.spec().chat_template, "file");
  dir.chat_template.reset();
  dir.tokenizer_config["chat_template"] =
      nlohmann::json::parse(R"([{"name":"tool_use","template":"t"},{"name":"default","template":"d"}])");
  EXPECT_EQ(dir.spec().chat_template, "d");
  dir.tokenizer_config["chat_template"] = {{"default", "o"}, {"rag", "r"}};
  EXPECT_EQ(dir.spec().chat_template, "o");
}

TEST(HuggingFaceSettings, OfSeveralTemplatesWithoutADefaultNoneIsTaken) {
  Directory dir;
  for (const char* several : {R"([{"name":"tool_use","template":"t"},{"name":"ra\"}}g","template":"r"}])",
                              R"({"tool_use":"t","ra\"}}g":"r"})"}) {
    dir.tokenizer_config["chat_template"] = nlohmann::json::parse(several);
    const auto parsed = ChatTemplate::parse(dir.spec().chat_template);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const std::vector<ChatMessage> messages = {{"user", "x"}};
    const auto rendered = parsed->render(messages, true, {"", ""});
    ASSERT_FALSE(rendered);
    EXPECT_THAT(rendered.error().message,
                HasSubstr("no default chat template; those that it has are ra}}g, tool_use: give one by --template"));
  }
  dir.chat_template = "file";
  EXPECT_EQ(dir.spec().chat_template, "file");
  for (const auto& none : {nlohmann::json::object(), nlohmann::json::array()}) {
    dir.chat_template.reset();
    dir.tokenizer_config["chat_template"] = none;
    EXPECT_EQ(dir.spec().chat_template, "");
  }
}

TEST(HuggingFaceSettings, TheEndsAreOfGenerationConfigWhereItNamesAny) {
  Directory dir;
  dir.config["eos_token_id"] = 5;
  EXPECT_THAT(dir.spec().eos, ElementsAre(5));
  dir.generation_config = {{"eos_token_id", nullptr}, {"temperature", 0.6}};
  EXPECT_THAT(dir.spec().eos, ElementsAre(5));
  dir.generation_config["eos_token_id"] = 258;
  EXPECT_THAT(dir.spec().eos, ElementsAre(258));
  dir.generation_config["eos_token_id"] = {258, 7};
  EXPECT_THAT(dir.spec().eos, ElementsAre(258, 7));
  dir.tokenizer_config = {{"eos_token", "<s>"}};  // of the tokenizer: ends as well, and first
  EXPECT_THAT(dir.spec().eos, ElementsAre(257, 258, 7));
  dir.generation_config["eos_token_id"] = {258, 400};
  EXPECT_THAT(dir.error(), HasSubstr("(generation_config.json): /eos_token_id/1: found 400"));
}

TEST(HuggingFaceSettings, AnIdThatNoTokenHasEndsNothing) {
  Directory dir;  // 259 tokens, and the model has 300 rows
  dir.config["eos_token_id"] = 280;
  dir.config["bos_token_id"] = 281;
  dir.json["post_processor"] = nullptr;
  EXPECT_THAT(dir.spec().eos, ElementsAre());
  EXPECT_EQ(dir.spec().bos, std::nullopt);
  dir.generation_config["eos_token_id"] = {258, 299, -1, 7};
  dir.generation_config["bos_token_id"] = -1;
  EXPECT_THAT(dir.spec().eos, ElementsAre(258, 7));
  EXPECT_EQ(dir.spec().bos, std::nullopt);
  dir.generation_config["eos_token_id"] = -1;  // says something, so what config.json says does not count
  dir.config["eos_token_id"] = 258;
  EXPECT_THAT(dir.spec().eos, ElementsAre());
  for (const auto& wrong : {nlohmann::json(300), nlohmann::json(-1.5), nlohmann::json("2"), nlohmann::json(true)}) {
    dir.generation_config["eos_token_id"] = wrong;
    EXPECT_THAT(dir.error(), HasSubstr("(generation_config.json): /eos_token_id: found")) << wrong;
    dir.generation_config["eos_token_id"] = {258, wrong};
    EXPECT_THAT(dir.error(), HasSubstr("(generation_config.json): /eos_token_id/1: found")) << wrong;
  }
}

TEST(HuggingFaceSettings, ATemplateSeesWhatIsNamedAsBosAndEos) {
  Directory dir;
  const auto spec = dir.spec();
  EXPECT_EQ(spec.bos, 257U);  // the post-processor's: in front of a text, not in a template
  EXPECT_TRUE(spec.add_bos);
  ASSERT_TRUE(spec.template_tokens);
  EXPECT_EQ(*spec.template_tokens, TemplateTokens());
  dir.config["eos_token_id"] = 258;
  EXPECT_EQ(dir.spec().template_tokens, TemplateTokens());
  dir.tokenizer_config = {{"bos_token", "<s>"}, {"eos_token", {{"content", "</s>"}, {"__type", "AddedToken"}}}};
  EXPECT_EQ(dir.spec().template_tokens, std::nullopt);  // as the spec's own
  dir.tokenizer_config = {{"bos_token", "</s>"}, {"eos_token", nullptr}};
  EXPECT_EQ(*dir.spec().template_tokens, (TemplateTokens{258, {}}));
  EXPECT_EQ(dir.spec().bos, 257U);  // what is added stays the post-processor's
  EXPECT_THAT(dir.ids("a"), ElementsAre(257, 97));
  EXPECT_FALSE(dir.spec().bos_before_template);
}

TEST(HuggingFaceSettings, TheOldMapOfSpecialTokensCountsWithoutTheNewKey) {
  Directory dir;
  dir.tokenizer_config = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  dir.special_tokens = {{"bos_token", {{"content", "</s>"}, {"lstrip", false}}}};
  EXPECT_EQ(dir.spec().template_tokens->bos, 258U);
  dir.tokenizer_config["added_tokens_decoder"] = nlohmann::json::object();
  EXPECT_EQ(dir.spec().template_tokens, std::nullopt);
}

TEST(HuggingFaceSettings, TokensThatOnlyTheConfigAdds) {
  Directory dir;
  dir.tokenizer_config = {{"added_tokens_decoder",
                           {{"260", with(Directory::added(0, "<b>", false), "rstrip", true)},
                            {"259", Directory::added(0, "<a>")},
                            {"258", with(Directory::added(0, "</s>", false), "lstrip", true)}}}};
  EXPECT_THAT(dir.ids("x<a>y <b> z </s>"), ElementsAre(257, 'x', 259, 'y', ' ', 260, 'z', 258));
  EXPECT_EQ(dir.spec().types[260], TokenType::UserDefined);
  EXPECT_EQ(dir.spec().types[258], TokenType::Control);  // as tokenizer.json says: a special one stays that
  dir.added_tokens = {{"<c>", 261}};
  EXPECT_EQ(dir.spec().tokens.size(), 261U);  // not read beside added_tokens_decoder
  dir.tokenizer_config["added_tokens_decoder"]["270"] = Directory::added(0, "<x>");
  EXPECT_THAT(dir.error(),
              HasSubstr("/added_tokens_decoder/270: \"<x>\" has the id 270, and the tokenizer's next free one is 261"));
  dir.tokenizer_config = {{"added_tokens_decoder", {{"257", Directory::added(0, "<other>")}}}};
  EXPECT_THAT(dir.error(), HasSubstr("\"<other>\" has the id 257"));
  dir.tokenizer_config = {{"added_tokens_decoder", {{"x", Directory::added(0, "<other>")}}}};
  EXPECT_THAT(dir.error(), HasSubstr("/added_tokens_decoder/x: expected an id from 0"));
  dir.config["vocab_size"] = 259;
  dir.tokenizer_config = {{"added_tokens_decoder", {{"259", Directory::added(0, "<a>")}}}};
  EXPECT_THAT(dir.error(), HasSubstr("would be token 259, and the model's vocabulary has 259"));
}

TEST(HuggingFaceSettings, TokensOfOlderWriters) {
  Directory dir;
  dir.added_tokens = {{"<b>", 260}, {"<a>", 259}};
  dir.special_tokens = {{"pad_token", "<b>"}};
  EXPECT_THAT(dir.ids("<a><b>"), ElementsAre(257, 259, 260));
  EXPECT_EQ(dir.spec().types[259], TokenType::UserDefined);
  EXPECT_EQ(dir.spec().types[260], TokenType::Control);
}

TEST(HuggingFaceSettings, FurtherSpecialTokensAreUnderTwoNames) {
  Directory dir;
  for (const auto& none : {nlohmann::json::object(), nlohmann::json::array()}) {
    dir.tokenizer_config = {{"extra_special_tokens", none}, {"additional_special_tokens", {"<a>"}}};
    EXPECT_THAT(dir.ids("x<a>"), ElementsAre(257, 'x', 259)) << none;
  }
  dir.tokenizer_config["extra_special_tokens"] = {{"image_token", "<i>"}};
  EXPECT_THAT(dir.ids("<i><a>"), ElementsAre(257, 259, 260));
  dir.tokenizer_config["extra_special_tokens"] = {"<b>"};
  EXPECT_EQ(dir.spec().tokens.size(), 260U) << "a list is the whole list";
  dir.tokenizer_config = {{"image_token", {{"content", "<i>"}}}};
  EXPECT_THAT(dir.ids("x<i>"), ElementsAre(257, 'x', 259));
}

TEST(HuggingFaceSettings, OfEqualMergesTheLastCounts) {
  auto root = small::llama2_json();
  root["model"]["merges"] = {"b c", "a b", "ab c", "b c"};
  Directory dir;
  dir.json = root;
  const auto spec = dir.spec();
  EXPECT_THAT(spec.merges, ElementsAre("a b", "ab c", "b c"));
}

TEST(HuggingFaceSettings, NamedTokensThatAreNone) {
  Directory dir;
  dir.tokenizer_config = {
      {"pad_token", "<pad>"}, {"image_token", "<img>"}, {"extra_special_tokens", {"<e>", "</s>", "ab"}}};
  EXPECT_THAT(dir.ids("<pad><img><e>ab"), ElementsAre(257, 259, 260, 261, 256));
  EXPECT_EQ(dir.spec().types[256], TokenType::Control);
  dir.config["vocab_size"] = 259;  // the model has no row for them
  dir.tokenizer_config = {{"pad_token", "<pad>"}};
  EXPECT_EQ(dir.spec().tokens.size(), 259U);
  dir.tokenizer_config["eos_token"] = "<end>";
  EXPECT_THAT(dir.error(), HasSubstr("/eos_token: \"<end>\" would be token 259"));
}

TEST(HuggingFaceSettings, WhatChangesIdsIsRefusedByName) {
  Directory dir;
  dir.generation_config = {{"stop_strings", {"\n"}}};
  EXPECT_THAT(dir.error(), HasSubstr("(generation_config.json): /stop_strings"));
  dir.generation_config = {{"stop_strings", nullptr}, {"repetition_penalty", 1.1}};
  EXPECT_EQ(dir.error(), "accepted");
  dir.generation_config = {{"suppress_tokens", {5}}};
  EXPECT_THAT(dir.error(), HasSubstr("/suppress_tokens: tokens are forced or forbidden"));
  dir.generation_config = {{"suppress_tokens", nlohmann::json::array()}, {"forced_eos_token_id", nullptr}};
  EXPECT_EQ(dir.error(), "accepted");
  dir.tokenizer_config = {{"split_special_tokens", true}};
  EXPECT_THAT(dir.error(), HasSubstr("/split_special_tokens: true"));
  dir.tokenizer_config = {{"clean_up_tokenization_spaces", true}};
  EXPECT_EQ(dir.error(), "accepted");  // says nothing for BPE
  dir.tokenizer_config["clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"] = true;
  EXPECT_THAT(dir.error(), HasSubstr("will_corrupt_output: true"));
  dir = Directory();
  dir.json["decoder"] = {{"type", "WordPiece"}};
  EXPECT_THAT(dir.error(), HasSubstr("/decoder: WordPiece"));
  dir.json["decoder"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
  EXPECT_EQ(dir.error(), "accepted");
  dir.json["post_processor"]["special_tokens"]["<s>"]["ids"] = {1, 2};
  EXPECT_THAT(dir.error(), HasSubstr("/special_tokens/<s>/ids: 2 ids"));
  dir.json["post_processor"]["special_tokens"]["<s>"]["ids"] = {256};
  EXPECT_THAT(dir.ids("a"), ElementsAre(256, 97));
  dir.json["model"]["unk_token"] = "<s>";
  EXPECT_EQ(dir.error(), "accepted");  // every byte has a token
  dir.json["model"]["vocab"].erase(small::symbol(7));
  dir.json["model"]["vocab"]["zz"] = 7;
  EXPECT_THAT(dir.error(), HasSubstr("/model/unk_token"));
  dir = Directory();
  dir.json = small::llama2_json();
  dir.json["model"]["fuse_unk"] = false;
  EXPECT_THAT(dir.error(), HasSubstr("/model/fuse_unk: false"));
  dir.json["model"]["fuse_unk"] = true;
  dir.tokenizer_config = {{"tokenizer_class", "LlamaTokenizer"}, {"add_prefix_space", false}};
  EXPECT_THAT(dir.error(), HasSubstr("/add_prefix_space: false"));
}

TEST(HuggingFaceSettings, AnOldModelWithoutATypeIsBpeByItsMerges) {
  Directory dir;
  dir.json["model"].erase("type");
  EXPECT_THAT(dir.ids("ab"), ElementsAre(257, 256));
  dir.json["model"].erase("merges");
  EXPECT_THAT(dir.error(), HasSubstr("/model/type"));
}

TEST(HuggingFaceSettings, TheAddedBosIsThePostProcessors) {
  Directory dir;
  dir.tokenizer_config = {
      {"bos_token", "<s>"}, {"eos_token", "</s>"}, {"add_bos_token", false}, {"add_eos_token", true}};
  EXPECT_THAT(dir.ids("a"), ElementsAre(257, 97));
  dir.json["post_processor"] = nullptr;
  dir.tokenizer_config["add_bos_token"] = true;
  EXPECT_THAT(dir.ids("a"), ElementsAre(97));
}

TEST(HuggingFaceSettings, ALlamaClassNamesItsTokensItself) {
  Directory dir;
  dir.json = small::llama2_json();
  dir.config["vocab_size"] = 9;
  EXPECT_EQ(dir.spec().template_tokens, TemplateTokens());
  dir.tokenizer_config = {{"tokenizer_class", "PreTrainedTokenizerFast"}};
  EXPECT_EQ(dir.spec().template_tokens, TemplateTokens());
  dir.tokenizer_config = {{"tokenizer_class", "LlamaTokenizer"}};
  EXPECT_EQ(dir.spec().template_tokens, std::nullopt);
  dir.tokenizer_config = {{"tokenizer_class", "LlamaTokenizer"}, {"bos_token", nullptr}};
  EXPECT_EQ(dir.spec().template_tokens, TemplateTokens());
}

TEST(TemplateNames, AreTheTextsOfAllNamedTokens) {
  using Names = std::map<std::string, std::string>;
  Directory dir;
  EXPECT_EQ(dir.spec().template_names, Names());
  dir.tokenizer_config = {{"bos_token", "<s>"},
                          {"pad_token", "</s>"},
                          {"unk_token", {{"content", "<new>"}}},  // of no row of the model either
                          {"image_token", "<s>"},
                          {"sep_token", nullptr},
                          {"extra_special_tokens", {{"audio_token", "</s>"}}}};
  dir.config["vocab_size"] = 259;
  EXPECT_EQ(dir.spec().template_names,
            (Names{{"pad_token", "</s>"}, {"unk_token", "<new>"}, {"image_token", "<s>"}, {"audio_token", "</s>"}}));
  dir.tokenizer_config = nullptr;
  dir.special_tokens = {{"pad_token", "</s>"}};
  EXPECT_EQ(dir.spec().template_names, (Names{{"pad_token", "</s>"}}));
  Directory llama;
  llama.json = small::llama2_json();
  llama.tokenizer_config = {{"tokenizer_class", "LlamaTokenizer"}};
  EXPECT_EQ(llama.spec().template_names, (Names{{"unk_token", "<unk>"}}));
  llama.tokenizer_config["unk_token"] = "a";
  EXPECT_EQ(llama.spec().template_names, (Names{{"unk_token", "a"}}));
}

}  // namespace
}  // namespace kiln::tokenizer
