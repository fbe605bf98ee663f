// PEFT adapters: what is read, what is refused and in which words, and the weights with an adapter added.
#include "checkpoint/lora.hpp"

#include <gmock/gmock.h>

#include "files.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

class Lora : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("kiln_lora_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    config_ = {{"peft_type", "LORA"}, {"r", 2}, {"lora_alpha", 8}, {"bias", "none"}};
    pair("layers.0.self_attn.q_proj", 2, 8, 8);
    pair("layers.1.mlp.down_proj", 2, 8, 12);
  }
  /// A and B with values that tell their places.
  void pair(const std::string& module, std::uint64_t rank, std::uint64_t outputs, std::uint64_t inputs,
            const std::string& infix = "") {
    tensor("base_model.model.model." + module + ".lora_A." + infix + "weight", {rank, inputs});
    tensor("base_model.model.model." + module + ".lora_B." + infix + "weight", {outputs, rank});
  }
  RawTensor& tensor(const std::string& name, std::vector<std::uint64_t> shape) {
    std::vector<float> values(shape[0] * shape[1]);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i % 7) - 3 + static_cast<float>(shape[1]);
    tensors_.push_back({name, "F32", std::move(shape), raw_floats(values)});
    return tensors_.back();
  }
  base::Result<LoraAdapter> opened() {
    write(folder_ / "adapter_config.json", config_.dump());
    write(folder_ / "adapter_model.safetensors", safetensors(tensors_));
    return open_lora(folder_.string(), tiny_config());
  }
  void expect_refused(const std::string& part) {
    const auto adapter = opened();
    ASSERT_FALSE(adapter.ok()) << part;
    EXPECT_THAT(adapter.error().message, HasSubstr(part));
    EXPECT_THAT(adapter.error().message, HasSubstr(folder_.string()));
    EXPECT_EQ(adapter.error().message.find('\n'), std::string::npos);
  }
  fs::path folder_;
  nlohmann::json config_;
  std::vector<RawTensor> tensors_;
};

TEST_F(Lora, IsReadWithItsScaleAndShape) {
  for (auto& named : tensors_) named.name.insert(named.name.size() - 6, "default.");  // ahead of "weight"
  pair("layers.1.self_attn.v_proj", 2, 4, 8, "default.");
  const auto adapter = opened();
  ASSERT_TRUE(adapter.ok()) << adapter.error().message;
  ASSERT_EQ(adapter->targets.size(), 3U);
  EXPECT_EQ(adapter->targets[0].role, Role::Q);
  EXPECT_EQ(adapter->targets[1].role, Role::V);
  EXPECT_EQ(adapter->targets[2].layer, base::LayerId{1});
  EXPECT_EQ(adapter->targets[0].scale, 4.0);
  EXPECT_EQ(adapter->targets[0].a[9], 2 - 3 + 8.0F);
  EXPECT_EQ(adapter->shape().rank(config::TensorClass::Q), 2U);
  EXPECT_EQ(adapter->shape().rank(config::TensorClass::K), 0U);
  EXPECT_EQ(adapter->find(Role::Q, base::LayerId{1}), nullptr);
}

TEST_F(Lora, RanksAndScalesFollowTheConfig) {
  config_["rank_pattern"] = {{"self_attn.k_proj", 3}};
  config_["alpha_pattern"] = {{"k_proj", 12}};
  config_["use_rslora"] = true;
  pair("layers.0.self_attn.k_proj", 3, 4, 8);
  const auto adapter = opened();
  ASSERT_TRUE(adapter.ok()) << adapter.error().message;
  EXPECT_DOUBLE_EQ(adapter->targets[0].scale, 8 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(adapter->targets[1].scale, 12 / std::sqrt(3.0));
  EXPECT_EQ(adapter->shape().rank(config::TensorClass::K), 3U);
}

TEST_F(Lora, MergedWeightsAreTheBasePlusScaleTimesBA) {
  auto adapter = opened();
  ASSERT_TRUE(adapter.ok());
  const LoraTarget down = *adapter->find(Role::Down, base::LayerId{1});
  write_hf(folder_, tiny_hf_config(), tiny_hf_tensors());
  auto base = open(folder_.string());
  ASSERT_TRUE(base.ok()) << base.error().message;
  const auto both = merged(*std::move(base), *std::move(adapter));
  for (const auto& tensor : both->tensors()) {
    std::vector<float> expected = tiny_weights(tensor);
    if (tensor.role == Role::Down && tensor.layer == base::LayerId{1}) {
      for (std::size_t row = 0; row < 8; ++row)
        for (std::size_t c = 0; c < 12; ++c)
          for (std::size_t k = 0; k < 2; ++k) expected[row * 12 + c] += 4 * down.b[row * 2 + k] * down.a[k * 12 + c];
    }
    if (tensor.role == Role::Q && tensor.layer == base::LayerId{0}) continue;
    const std::uint64_t first = tensor.rows / 2;  // not from the top
    std::vector<float> values((tensor.rows - first) * tensor.columns);
    ASSERT_TRUE(both->read_rows(tensor, first, tensor.rows - first, values).ok());
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_FLOAT_EQ(values[i], expected[first * tensor.columns + i]) << tensor.name;
  }
}

TEST_F(Lora, WhatKilnHasNotIsRefusedByName) {
  const std::pair<const char*, nlohmann::json> settings[] = {{"peft_type", "IA3"},
                                                             {"use_dora", true},
                                                             {"bias", "all"},
                                                             {"lora_bias", true},
                                                             {"fan_in_fan_out", true},
                                                             {"modules_to_save", {"lm_head"}},
                                                             {"layer_replication", {1}},
                                                             {"init_lora_weights", "pissa"},
                                                             {"r", -2},
                                                             {"alora_invocation_tokens", {1, 2}},
                                                             {"use_bdlora", true},
                                                             {"target_parameters", {"x"}},
                                                             {"a key of tomorrow", 1},
                                                             {"layers_to_transform", "x"},
                                                             {"exclude_modules", ".*q"},
                                                             {"target_modules", {"q.*"}},
                                                             {"lora_alpha", "x"},
                                                             {"rank_pattern", {{".*q_proj", 4}}},
                                                             {"alpha_pattern", 3}};
  const auto fine = config_;
  for (const auto& [key, value] : settings) {
    config_[key] = value;
    expect_refused(std::string("/") + key);
    config_ = fine;
  }
  config_["target_modules"] = {"q_proj", "up_proj"};
  expect_refused("/target_modules names up_proj");
  config_ = fine;
  config_["init_lora_weights"] = "Gaussian";
  config_["modules_to_save"] = nullptr;
  EXPECT_TRUE(opened().ok());
}

TEST_F(Lora, WhatTheConfigLeavesOutHasNoTensors) {
  const auto fine = config_;
  config_["layers_to_transform"] = {1};
  expect_refused("is of a layer that /layers_to_transform leaves out");
  config_["layers_to_transform"] = {0, 1};
  EXPECT_TRUE(opened().ok());
  config_["exclude_modules"] = {"down_proj"};
  expect_refused("is of a module that /exclude_modules leaves out");
  config_ = fine;
  for (const char* part : {"proj", "layers.1", "_proj"}) {  // whole names count, or their ends after a dot
    config_["target_modules"] = {part};
    expect_refused(std::string("/target_modules names ") + part);
  }
  config_["target_modules"] = {"mlp.down_proj", "q_proj"};
  EXPECT_TRUE(opened().ok());
}

TEST_F(Lora, TensorsThatNoTargetNamesAreRefused) {
  const auto refused = [&](const nlohmann::json& targets, const char* module) {
    config_["target_modules"] = targets;
    expect_refused(std::string("/target_modules does not name model.layers.") + module + ", and ");
  };
  refused({"q_proj"}, "1.mlp.down_proj");
  refused({"layers.1.mlp.down_proj"}, "0.self_attn.q_proj");
  refused(nlohmann::json::array(), "0.self_attn.q_proj");
  refused(".*q_proj", "1.mlp.down_proj");
  refused("q_proj", "0.self_attn.q_proj");  // the whole name must match
  refused("(.*self_attn|.*mlp).(q|down)", "0.self_attn.q_proj");
  refused("", "0.self_attn.q_proj");
  refused(R"(.*layers\.[1-9]\..*)", "0.self_attn.q_proj");
  refused(R"(.*(?<!down)_proj)", "1.mlp.down_proj");
}

TEST_F(Lora, TextsAsTargetsAreRegularExpressions) {
  const auto fine = tensors_;
  for (const char* targets :
       {"all-linear", "All-Linear", R"(.*\.(q_proj|down_proj))", R"(^model\.layers\.\d+\.(self_attn|mlp)\.[a-z_]*$)",
        R"((?:.*?(?:attn|mlp).*?(?:q_proj|down_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:x)))", ".*_pro?j{1}",
        ".{28,31}", R"(^(?!.*(visual|k_proj))(?=model).*(?<=_proj))", R"(layers.*|model\.layers.*)", "q|.*"}) {
    config_["target_modules"] = targets;
    EXPECT_TRUE(opened().ok()) << targets;
  }
  for (auto& named : tensors_) named.name.erase(named.name.find("model.layers"), 6);  // of the model without its head
  config_["target_modules"] = R"(layers\.\d\..*)";
  EXPECT_TRUE(opened().ok());
  tensors_ = fine;
  for (const char* targets :
       {"*",        "(*ACCEPT)", "a++",     "a?+",   "a**", "(?>a)", "(?i)a", "(?P<n>a)",    "(?1)",
        R"((a)\1)", R"(\Qa\E)",  R"(\Ka)",  "a{,3}", "a{",  "a]",    "[]a]",  "[[:alpha:]]", "[a",
        R"(\)",     R"(a\)",     R"([\b])", "^*",    "|+",  "\n",    "ä"}) {
    config_["target_modules"] = targets;
    expect_refused("/target_modules: ");
    expect_refused("what Kiln takes in no regular expression");
  }
  config_["target_modules"] = "(a";
  expect_refused("is no regular expression at character 2: ");
  config_["target_modules"] = std::string(20000, 'a');
  expect_refused("an expression of 20000 bytes");
  for (const char* slow : {"(.+)+(.+)+(.+)+[xy]", "(.*.*.*.*)*[xy]"}) {
    config_["target_modules"] = slow;
    expect_refused(
        "/target_modules: the expression cannot be compared with model.layers.0.self_attn.q_proj: match limit");
  }
  std::string groups;
  for (int i = 0; i < 4000; ++i) groups += "()";
  config_["target_modules"] = groups + "(.+)+(.+)+[xy]";
  expect_refused("the expression cannot be compared with");
}

TEST_F(Lora, PatternsOfOneModuleAgree) {
  config_["alpha_pattern"] = {{"q_proj", 1000}, {"layers.0.self_attn.q_proj", 16}};
  expect_refused("give the same modules different numbers");
  config_["alpha_pattern"] = {{"q_proj", 16}, {"layers.0.self_attn.q_proj", 16}};
  EXPECT_TRUE(opened().ok());
}

TEST_F(Lora, ManyPatternsAreFoundByName) {
  // 20,000 of each: compared with one another they would be 400 million pairs.
  std::vector<std::string> excluded;
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "x" + std::to_string(i);
    config_["rank_pattern"]["layers.0." + name + ".q_proj"] = 7;
    config_["alpha_pattern"][name] = i;
    excluded.push_back(name + ".down_proj");
  }
  config_["exclude_modules"] = excluded;
  config_["rank_pattern"]["layers.0.self_attn.q_proj"] = 2;
  config_["alpha_pattern"][std::string(100000, 'a') + ".q_proj"] = 1;
  std::string dots = "q_proj";
  for (int i = 0; i < 20000; ++i) dots += ".a";
  config_["alpha_pattern"][dots] = 1;
  config_["target_modules"] = std::vector<std::string>(20000, "q_proj");
  config_["target_modules"].push_back("down_proj");
  const auto adapter = opened();
  ASSERT_TRUE(adapter.ok()) << adapter.error().message;
  excluded.push_back("mlp.down_proj");
  config_["exclude_modules"] = excluded;
  expect_refused("/exclude_modules leaves out");
}

TEST_F(Lora, ALongValueIsNotRepeatedInFull) {
  config_["layer_replication"] = std::vector<int>(100000, 7);
  const auto adapter = opened();
  ASSERT_FALSE(adapter.ok());
  EXPECT_LT(adapter.error().message.size(), 1000U);
}

TEST_F(Lora, TensorsThatDoNotFitAreRefusedByName) {
  const auto fine = tensors_;
  const auto with = [&](const std::string& name, std::vector<std::uint64_t> shape, const std::string& part) {
    tensors_ = fine;
    tensor(name, std::move(shape));
    expect_refused(part);
  };
  const std::string prefix = "base_model.model.model.";
  with(prefix + "layers.2.self_attn.q_proj.lora_A.weight", {2, 8}, "layers.2.self_attn.q_proj.lora_A.weight is none");
  with("base_model.model.lm_head.lora_A.weight", {2, 8}, "lm_head.lora_A.weight is none");
  with(prefix + "embed_tokens.lora_embedding_A", {2, 10}, "is none of a LoRA");
  with(prefix + "layers.0.self_attn.v_proj.lora_A.weight", {3, 8}, "has the shape [3, 8]; [2, 8] is expected");
  with(prefix + "layers.0.self_attn.v_proj.lora_A.weight", {2, 8}, "has only one of lora_A and lora_B");
  with(prefix + "layers.0.self_attn.v_proj.lora_A.default.weight", {2, 8}, "belongs to another adapter");
  tensors_ = fine;
  tensors_[0].dtype = "I32";
  expect_refused("has the dtype I32");
  tensors_ = fine;
  tensors_[1].data.replace(4, 4, raw(std::numeric_limits<float>::quiet_NaN()));
  expect_refused("at index 1; finite weights are expected");
  tensors_.clear();
  expect_refused("no LoRA tensors");
}

TEST_F(Lora, MissingFilesAreNamed) {
  EXPECT_THAT(open_lora(folder_.string(), tiny_config()).error().message, HasSubstr("adapter_config.json"));
  write(folder_ / "adapter_config.json", config_.dump());
  EXPECT_THAT(open_lora(folder_.string(), tiny_config()).error().message, HasSubstr("adapter_model.safetensors"));
}

}  // namespace
}  // namespace kiln::checkpoint::test
