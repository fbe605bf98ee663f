// Which files of a Hugging Face directory its tokenizer is read from, and how a config may be written.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"
#include "tokenizer/hugging_face_files.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The tiny model, whose tokenizer has 9 of its 10 tokens.
fs::path with_tokenizer(const nlohmann::json& tokenizer = tokenizer::small::llama2_json()) {
  const auto to = write_hf(folder(), tiny_hf_config(), tiny_hf_tensors());
  write(to / "tokenizer.json", tokenizer.dump());
  return to;
}

tokenizer::TokenizerSpec spec_of(const fs::path& directory) {
  const auto opened = open(directory.string());
  if (!opened) throw std::runtime_error(opened.error().message);
  return (*opened)->tokenizer().value();
}

TEST(HfTokenizer, IsReadFromAllItsFiles) {
  const auto directory = with_tokenizer();
  EXPECT_THAT(spec_of(directory).eos, ElementsAre());
  write(directory / "generation_config.json", R"({"eos_token_id":[8,7]})");
  EXPECT_THAT(spec_of(directory).eos, ElementsAre(8, 7));
  write(directory / "added_tokens.json", R"({"<pad>":9})");
  write(directory / "special_tokens_map.json", R"({"pad_token":"<pad>"})");
  EXPECT_EQ(spec_of(directory).types.at(9), tokenizer::TokenType::Control);
  write(directory / "tokenizer_config.json", R"({"chat_template":"config"})");
  EXPECT_EQ(spec_of(directory).chat_template, "config");
  fs::create_directories(directory / "additional_chat_templates");
  write(directory / "additional_chat_templates/rag.jinja", "r");
  write(directory / "additional_chat_templates/tool_use.jinja", "t");
  EXPECT_THAT(spec_of(directory).chat_template, HasSubstr("those that it has are rag, tool_use: give one"));
  write(directory / "additional_chat_templates/default.jinja", "additional");
  EXPECT_EQ(spec_of(directory).chat_template, "additional");
  write(directory / "chat_template.jinja", "file\n");
  EXPECT_EQ(spec_of(directory).chat_template, "file\n");
  write(directory / "tokenizer.model", "x");  // the other one wins
  EXPECT_EQ(spec_of(directory).chat_template, "file\n");
  fs::remove(directory / "tokenizer.json");
  EXPECT_THAT(error_of(directory.string()), HasSubstr("tokenizer.model: no model of SentencePiece"));
  write(directory / "tokenizer.json", "");
  EXPECT_THAT(error_of(directory.string()), HasSubstr("tokenizer.json is empty"));
  write(directory / "tokenizer.json", tokenizer::small::llama2_json().dump());
  write(directory / "generation_config.json", "{");
  EXPECT_THAT(error_of(directory.string()), HasSubstr("(generation_config.json): not JSON"));
}

TEST(HfTokenizer, ThatCannotBeBuilt_IsRefusedByItsFile) {
  auto broken = tokenizer::small::llama2_json();
  broken["model"]["merges"].push_back("zz c");
  const auto directory = with_tokenizer(broken);
  const auto opened = open(directory.string());
  ASSERT_TRUE(opened) << opened.error().message;
  const auto made = make_tokenizer(**opened);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            (directory / "tokenizer.json").string() + ": tokenizer: merge 3 names or makes a text that is no token");
  EXPECT_TRUE(make_tokenizer(*open(with_tokenizer().string()).value()).value().has_value());
  EXPECT_FALSE(make_tokenizer(*synthetic(tiny_config(), 1)).value().has_value());
}

TEST(HfTokenizer, ThatIsNotRead_IsMissed) {
  const auto directory = write_hf(folder(), tiny_hf_config(), tiny_hf_tensors());
  const auto sentence = [&] { return missing_tokenizer(**open(directory.string())); };
  const std::string start =
      directory.string() + " has no tokenizer.json and no tokenizer.model, so the image takes and gives no text";
  EXPECT_EQ(sentence(), start);
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json"}) write(directory / name, "{}");
  EXPECT_EQ(sentence(),
            start + " (there, and not enough for a tokenizer: merges.txt, tokenizer_config.json, vocab.json)");
  EXPECT_EQ(missing_tokenizer(**open(with_tokenizer().string())), "");
  EXPECT_EQ(missing_tokenizer(*synthetic(tiny_config(), 1)), "");
}

struct GoodConfig {
  const char* name;
  const char* patch;
  double theta;
  config::RopeScalingKind kind;
};
class HfConfigOfAWriter : public testing::TestWithParam<GoodConfig> {};

TEST_P(HfConfigOfAWriter, IsRead) {
  auto config = tiny_hf_config();
  const auto patch = nlohmann::json::parse(GetParam().patch);
  for (const auto& [key, value] : patch.items()) config[key] = value;  // nulls stay
  const auto opened = open(write_hf(folder(), config, tiny_hf_tensors()).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->config().rope_theta, GetParam().theta);
  EXPECT_EQ((*opened)->config().rope_scaling.kind, GetParam().kind);
  EXPECT_EQ((*opened)->config().head_dim, 4U);
}
INSTANTIATE_TEST_SUITE_P(
    All, HfConfigOfAWriter,
    testing::Values(GoodConfig{"Nulls",
                               R"({"head_dim":null,"rope_scaling":null,"rope_parameters":null,"pad_token_id":null,
                                "quantization_config":null,"partial_rotary_factor":null})",
                               10000, config::RopeScalingKind::None},
                    GoodConfig{"Newer", R"({"dtype":"bfloat16","rope_parameters":{"rope_type":"linear","factor":2.0,
                                "rope_theta":500000.0,"partial_rotary_factor":1.0},"transformers_version":"5.24.0"})",
                               500000, config::RopeScalingKind::Linear},
                    GoodConfig{"TheNewThetaWins",
                               R"({"rope_theta":10000.0,"rope_parameters":{"rope_type":"default","rope_theta":7.0}})",
                               7, config::RopeScalingKind::None},
                    GoodConfig{"BothTheOldWins", R"({"rope_theta":9.0,"rope_scaling":{"type":"linear","factor":4.0},
                                         "rope_parameters":{"rope_type":"default","rope_theta":7.0}})",
                               9, config::RopeScalingKind::Linear},
                    GoodConfig{"AnEmptyOldOne",
                               R"({"rope_scaling":{},"rope_parameters":{"rope_type":"default","rope_theta":7.0}})", 7,
                               config::RopeScalingKind::None}),
    [](const auto& test) { return test.param.name; });

TEST(HfConfigKeys, APartOfTheHead_IsRefusedWhereNewerWritersPutIt) {
  auto config = tiny_hf_config();
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 10000.0}, {"partial_rotary_factor", 0.5}};
  EXPECT_THAT(error_of(write_hf(folder(), config, tiny_hf_tensors()).string()),
              HasSubstr("/rope_parameters/partial_rotary_factor: RoPE on a part of the head"));
}

TEST(HfConfigKeys, ScalingThatSaysNotHow_IsRefused) {
  auto config = tiny_hf_config();
  config["rope_scaling"] = {{"factor", 8.0}};
  EXPECT_THAT(error_of(write_hf(folder(), config, tiny_hf_tensors()).string()),
              HasSubstr("/rope_scaling/factor: 1 is"));
  config["rope_scaling"] = {{"rope_type", "default"}, {"factor", 1.0}};
  EXPECT_TRUE(open(write_hf(folder(), config, tiny_hf_tensors()).string()));
  config.erase("rope_scaling");
  config["rope_parameters"] = {{"full_attention", {{"rope_type", "linear"}, {"factor", 4.0}}}};
  EXPECT_THAT(error_of(write_hf(folder(), config, tiny_hf_tensors()).string()),
              HasSubstr("/rope_parameters/full_attention: RoPE that differs among layers"));
}

TEST(HfConfigKeys, WhatMayBeMissing) {
  auto config = tiny_hf_config();
  for (const char* key : {"tie_word_embeddings", "max_position_embeddings", "architectures"}) config.erase(key);
  EXPECT_TRUE(open(write_hf(folder(), config, tiny_hf_tensors()).string()));
}

}  // namespace
}  // namespace kiln::checkpoint::test
