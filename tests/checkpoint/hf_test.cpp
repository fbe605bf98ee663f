// Hugging Face directories: what opens, and the sentence for what does not.
#include <gmock/gmock.h>

#include "checkpoint/files.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

std::string half_bytes(const std::vector<float>& values, bool brain) {
  std::string bytes;
  for (const float v : values) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &v, 4);
    // The tiny weights are zero or normal halves whose low bits are zero.
    const std::uint32_t half =
        v == 0 ? 0 : (bits >> 16 & 0x8000) | ((bits >> 23 & 255) - 112) << 10 | (bits >> 13 & 1023);
    bytes += raw(static_cast<std::uint16_t>(brain ? bits >> 16 : half));
  }
  return bytes;
}

TEST(HfDirectory, OpensInEachFloatType) {
  for (const std::string dtype : {"F32", "F16", "BF16"}) {
    auto tensors = tiny_hf_tensors();
    const auto shapes = layout(tiny_config(), true);
    for (std::size_t i = 0; i < tensors.size() && dtype != "F32"; ++i) {
      tensors[i].dtype = dtype;
      tensors[i].data = half_bytes(tiny_weights(shapes[i]), dtype == "BF16");
    }
    const auto opened = open(write_hf(folder(), tiny_hf_config(), tensors).string());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ((*opened)->kind(), "hf");
    EXPECT_EQ((*opened)->tensors().size(), 3U + 2U * 9U);
    EXPECT_EQ((*opened)->tensors()[0].format, dtype);
    EXPECT_EQ((*opened)->tensors()[0].bits_per_weight, dtype == "F32" ? 32 : 16);
    EXPECT_EQ((*opened)->config().head_dim, 4U);
    EXPECT_FALSE((*opened)->tokenizer());
    EXPECT_TRUE((*opened)->rope_factors().empty());
    if (dtype != "BF16") expect_tiny_weights(**opened);
  }
}

TEST(HfDirectory, TheModelsName_IsWhatItsFileSaysAndNotWhereItIs) {
  const auto name_in = [](const std::string& where, const nlohmann::json& path) {
    auto config = tiny_hf_config();
    if (!path.is_null()) config["_name_or_path"] = path;
    const auto directory = folder() / where;
    fs::create_directories(directory);
    const auto opened = open(write_hf(directory, config, tiny_hf_tensors()).string());
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? (*opened)->config().name : "";
  };
  const std::string by_size = name_in("a", nullptr);
  EXPECT_EQ(by_size, "llama-1.16k");
  EXPECT_EQ(name_in("b", nullptr), by_size);
  EXPECT_EQ(name_in("a", "meta-llama/Llama-3.1-8B"), "Llama-3.1-8B");
  EXPECT_EQ(name_in("a", "/models/run 7//"), "run 7");
  EXPECT_EQ(name_in("a", "plain"), "plain");
  EXPECT_EQ(name_in("a", std::string(100, 'x')), std::string(100, 'x'));
  for (const nlohmann::json& none :
       {nlohmann::json(""), nlohmann::json("/"), nlohmann::json("."), nlohmann::json("a/.."), nlohmann::json("a\nb"),
        nlohmann::json(std::string(101, 'x')), nlohmann::json(7)})
    EXPECT_EQ(name_in("a", none), by_size) << none;
}

TEST(HfDirectory, RowsAreReadInAnyOrderAndAfterRelease) {
  const auto opened = open(write_hf(folder(), tiny_hf_config(), tiny_hf_tensors()).string());
  ASSERT_TRUE(opened) << opened.error().message;
  const TensorInfo* down = (*opened)->find(Role::Down, base::LayerId{1});
  ASSERT_NE(down, nullptr);
  const auto expected = tiny_weights(*down);
  std::vector<float> row(12);
  for (const std::uint64_t r : {7U, 0U, 3U}) {
    ASSERT_TRUE((*opened)->read_rows(*down, r, 1, row));
    EXPECT_EQ(row, std::vector<float>(expected.begin() + static_cast<long>(r * 12),
                                      expected.begin() + static_cast<long>(r * 12 + 12)));
    (*opened)->release(*down);
  }
  EXPECT_EQ((*opened)->find(Role::Down, base::LayerId{2}), nullptr);
}

TEST(HfDirectory, ATiedModelHasNoHeadOrTheSameOne) {
  auto opened = open(write_hf(folder(), tiny_hf_config(true), tiny_hf_tensors(true)).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->config().tied_embeddings);
  EXPECT_EQ((*opened)->find(Role::LmHead), nullptr);

  auto tensors = tiny_hf_tensors(true);
  tensors.push_back(tensors[0]);
  tensors.back().name = "lm_head.weight";
  opened = open(write_hf(folder(), tiny_hf_config(true), tensors).string());
  EXPECT_TRUE(opened) << opened.error().message;

  tensors.back().data[0] ^= 1;
  EXPECT_THAT(error_of(write_hf(folder(), tiny_hf_config(true), tensors).string()), HasSubstr("ties the embeddings"));
}

TEST(HfDirectory, ATiedHeadOfTheSameValuesMayHaveAnotherDtype) {
  auto tensors = tiny_hf_tensors(true);
  tensors.push_back(tensors[0]);
  auto& head = tensors.back();
  head.name = "lm_head.weight";
  const auto error = [&] { return error_of(write_hf(folder(), tiny_hf_config(true), tensors).string()); };
  const auto values = tiny_weights(layout(tiny_config(true), false)[0]);
  const auto bfloats = [&](std::size_t changed) {
    std::string bytes;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float value = values[i] + (i == changed ? 1.0F : 0.0F);
      bytes += raw_floats({value}).substr(2);  // the upper half: exact for these
    }
    return bytes;
  };
  head.dtype = "BF16";
  head.data = bfloats(values.size());
  const auto opened = open(write_hf(folder(), tiny_hf_config(true), tensors).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->find(Role::LmHead), nullptr);
  EXPECT_EQ((*opened)->tensors()[0].format, "F32");
  head.data = bfloats(11);
  EXPECT_THAT(error(), HasSubstr("lm_head.weight is 1.171875 (BF16) at row 1, column 3 where "
                                 "model.embed_tokens.weight is 0.171875 (F32)"));
  head.dtype = "F8_E4M3";
  head.data.resize(values.size());
  EXPECT_THAT(error(), HasSubstr("lm_head.weight has the dtype F8_E4M3; F32, F16 or BF16 is expected"));
  head.shape = {5, 8};
  head.data.resize(40);
  EXPECT_THAT(error(), HasSubstr("lm_head.weight has the shape [5, 8] and model.embed_tokens.weight has [10, 8]"));
}

TEST(HfDirectory, FrequenciesOfOldCheckpointsAreIgnored) {
  auto tensors = tiny_hf_tensors();
  tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {2}, raw_floats({1, 2})});
  EXPECT_TRUE(open(write_hf(folder(), tiny_hf_config(), tensors).string()));
}

struct BadConfig {
  const char* name;
  const char* patch;  ///< JSON merge patch of the tiny config
  const char* error;
};
class HfConfig : public testing::TestWithParam<BadConfig> {};

TEST_P(HfConfig, IsRefusedByName) {
  auto config = tiny_hf_config();
  config.merge_patch(nlohmann::json::parse(GetParam().patch));
  const auto dir = write_hf(folder(), config, tiny_hf_tensors());
  EXPECT_THAT(error_of(dir.string()), testing::AllOf(HasSubstr(GetParam().error), HasSubstr("config.json")));
}
INSTANTIATE_TEST_SUITE_P(
    All, HfConfig,
    testing::Values(
        BadConfig{"Architecture", R"({"architectures":["MistralForCausalLM"]})", "MistralForCausalLM"},
        BadConfig{"ModelType", R"({"model_type":"qwen2"})", "qwen2"},
        BadConfig{"NoArchitecture", R"({"architectures":null,"model_type":null})", "/architectures: missing"},
        BadConfig{"AttentionBias", R"({"attention_bias":true})", "/attention_bias"},
        BadConfig{"MlpBias", R"({"mlp_bias":true})", "/mlp_bias"},
        BadConfig{"Activation", R"({"hidden_act":"gelu"})", "gelu"},
        BadConfig{"Quantised", R"({"quantization_config":{"quant_method":"gptq"}})", "gptq"},
        BadConfig{"PartialRotary", R"({"partial_rotary_factor":0.5})", "/partial_rotary_factor"},
        BadConfig{"Yarn", R"({"rope_scaling":{"rope_type":"yarn","factor":4}})", "yarn"},
        BadConfig{"Dynamic", R"({"rope_scaling":{"type":"dynamic","factor":4}})", "dynamic"},
        BadConfig{"LinearWithoutFactor", R"({"rope_scaling":{"type":"linear"}})", "/rope_scaling/factor"},
        BadConfig{"LinearZero", R"({"rope_scaling":{"type":"linear","factor":0}})", "/rope_scaling/factor"},
        BadConfig{"Llama3Equal",
                  R"({"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":1,)"
                  R"("original_max_position_embeddings":8192}})",
                  "/rope_scaling/high_freq_factor"},
        BadConfig{"TinyTheta", R"({"rope_theta":5e-324})", "/rope_theta is 5e-324; expected 1 to 1000000000000"},
        BadConfig{"HugeTheta", R"({"rope_theta":1e300})", "/rope_theta is 1e+300; expected"},
        BadConfig{"ThetaOfParameters", R"({"rope_parameters":{"rope_theta":1e-30}})",
                  "/rope_parameters/rope_theta is 1e-30; expected"},
        BadConfig{"TinyFactor", R"({"rope_scaling":{"type":"linear","factor":1e-300}})",
                  "/rope_scaling/factor is 1e-300; expected 0.001 to 65536"},
        BadConfig{"HugeFactor", R"({"rope_scaling":{"type":"linear","factor":1e300}})",
                  "/rope_scaling/factor is 1e+300; expected 0.001 to 65536"},
        BadConfig{"FactorOfParameters", R"({"rope_parameters":{"rope_type":"linear","factor":1e300}})",
                  "/rope_parameters/factor is 1e+300; expected"},
        BadConfig{"Llama3Tiny",
                  R"({"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1e-300,"high_freq_factor":1,)"
                  R"("original_max_position_embeddings":8192}})",
                  "/rope_scaling/low_freq_factor is 1e-300; expected"},
        BadConfig{"Llama3Context",
                  R"({"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,)"
                  R"("original_max_position_embeddings":4000000000}})",
                  "/rope_scaling/original_max_position_embeddings is 4000000000; expected"},
        BadConfig{"HugeEps", R"({"rms_norm_eps":1e5})", "/rms_norm_eps is 100000; expected 1e-30 to 1"},
        BadConfig{"TinyEps", R"({"rms_norm_eps":5e-324})", "/rms_norm_eps is 5e-324; expected 1e-30 to 1"},
        BadConfig{"ManyHeads", R"({"num_attention_heads":65538,"num_key_value_heads":1,"head_dim":2})",
                  "/num_attention_heads is 65538; expected 1 to 65536"},
        BadConfig{"WideHeads", R"({"num_attention_heads":2,"num_key_value_heads":1,"head_dim":131072})",
                  "/head_dim is 131072; expected 2 to 65536"},
        BadConfig{"ScalingNoObject", R"({"rope_scaling":3})", "/rope_scaling"},
        BadConfig{"NegativeSize", R"({"hidden_size":-8})", "/hidden_size"},
        BadConfig{"FractionalSize", R"({"hidden_size":8.5})", "/hidden_size"},
        BadConfig{"HugeSize", R"({"vocab_size":4294967296})", "/vocab_size"},
        BadConfig{"MissingSize", R"({"vocab_size":null})", "/vocab_size: missing"},
        BadConfig{"NoHeads", R"({"num_attention_heads":0})", "/num_attention_heads"},
        BadConfig{"UnevenHeads", R"({"num_attention_heads":3})", "/head_dim"},
        BadConfig{"UnevenGroups", R"({"num_key_value_heads":3,"head_dim":4})", "heads"}),
    [](const auto& p) { return p.param.name; });

TEST(HfDirectory, RopeScalingIsRead) {
  auto config = tiny_hf_config();
  config["head_dim"] = 4;
  config["rope_theta"] = 500000.0;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8192}};
  auto opened = open(write_hf(folder(), config, tiny_hf_tensors()).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->config().rope_theta, 500000.0);
  EXPECT_EQ((*opened)->config().rope_scaling.kind, config::RopeScalingKind::Llama3);
  EXPECT_EQ((*opened)->config().rope_scaling.factor, 8.0);

  config["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  opened = open(write_hf(folder(), config, tiny_hf_tensors()).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->config().rope_scaling.kind, config::RopeScalingKind::Linear);

  config["rope_scaling"] = nullptr;
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1234.0}};
  opened = open(write_hf(folder(), config, tiny_hf_tensors()).string());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->config().rope_theta, 1234.0);
  EXPECT_EQ((*opened)->config().rope_scaling.kind, config::RopeScalingKind::None);
}

TEST(HfDirectory, ConfigThatIsNoJsonNamesTheByte) {
  const auto dir = write_hf(folder(), tiny_hf_config(), tiny_hf_tensors());
  write(dir / "config.json", "{\"model_type\": llama}");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("not JSON at byte 16"));
  write(dir / "config.json", tiny_hf_config().dump() + std::string("\0{\"garbage", 10));
  EXPECT_THAT(error_of(dir.string()),
              HasSubstr("not JSON at byte " + std::to_string(tiny_hf_config().dump().size() + 1)));
  write(dir / "config.json", "{\"a\": 1e999, \"b\": 2}");
  EXPECT_THAT(error_of(dir.string()),
              testing::EndsWith("config.json: byte 11: a number is too large; finite ones are expected"));
  write(dir / "config.json", "[1]");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("object"));
  write(dir / "config.json", "{\"a\": 1, \"a\": 2}");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("\"a\" stands twice"));
  write(dir / "config.json", "{\"a\": \"\xFF\"}");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("byte 7 is not UTF-8"));
  write(dir / "config.json", "{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("nested deeper"));
  fs::remove(dir / "config.json");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("config.json"));
}

TEST(HfDirectory, WithoutWeightsIsRefused) {
  const auto dir = folder();
  write(dir / "config.json", tiny_hf_config().dump());
  EXPECT_THAT(error_of(dir.string()), HasSubstr("neither model.safetensors nor"));
}

TEST(HfDirectory, MissingExtraAndMisshapenTensorsAreNamed) {
  auto tensors = tiny_hf_tensors();
  tensors.pop_back();
  const std::string last = tiny_hf_tensors().back().name;
  EXPECT_THAT(error_of(write_hf(folder(), tiny_hf_config(), tensors).string()), HasSubstr(last + " is missing"));

  tensors = tiny_hf_tensors();
  tensors.push_back({"model.layers.0.self_attn.q_proj.bias", "F32", {1}, raw_floats({1})});
  EXPECT_THAT(error_of(write_hf(folder(), tiny_hf_config(), tensors).string()), HasSubstr("q_proj.bias has no place"));

  tensors = tiny_hf_tensors();
  std::swap(tensors[0].shape[0], tensors[0].shape[1]);
  EXPECT_THAT(error_of(write_hf(folder(), tiny_hf_config(), tensors).string()),
              HasSubstr("[8, 10]; config.json asks for [10, 8]"));

  tensors = tiny_hf_tensors();
  tensors[0].dtype = "I32";
  EXPECT_THAT(error_of(write_hf(folder(), tiny_hf_config(), tensors).string()), HasSubstr("dtype I32"));
}

TEST(HfDirectory, NanAndInfiniteWeightsAreFoundWhenRead) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    auto tensors = tiny_hf_tensors();
    tensors[0].data.replace(4 * (2 * 8 + 3), 4, raw(bad));
    const auto opened = open(write_hf(folder(), tiny_hf_config(), tensors).string());
    ASSERT_TRUE(opened) << opened.error().message;
    const auto& tensor = (*opened)->tensors()[0];
    std::vector<float> rows(8 * 2);
    EXPECT_TRUE((*opened)->read_rows(tensor, 0, 2, rows));
    const auto read = (*opened)->read_rows(tensor, 1, 2, rows);
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message,
                testing::AllOf(HasSubstr("row 2, column 3"), HasSubstr(tensor.name), HasSubstr("model.safetensors")));
  }
}

TEST(HfDirectory, ATokenizerThatIsBrokenIsRefused) {
  const auto dir = write_hf(folder(), tiny_hf_config(), tiny_hf_tensors());
  write(dir / "tokenizer.json", "{");
  EXPECT_THAT(error_of(dir.string()), HasSubstr("tokenizer.json"));
}

// --- shards ---------------------------------------------------------------------------------------------------------

struct Sharded {
  fs::path dir;
  nlohmann::json index;
};

Sharded write_sharded() {
  Sharded s{folder(), {}};
  write(s.dir / "config.json", tiny_hf_config().dump());
  const auto all = tiny_hf_tensors();
  std::vector<RawTensor> parts[2];
  for (std::size_t i = 0; i < all.size(); ++i) {
    parts[i % 2].push_back(all[i]);
    s.index["weight_map"][all[i].name] = i % 2 == 0 ? "a.safetensors" : "b.safetensors";
  }
  write(s.dir / "a.safetensors", safetensors(parts[0]));
  write(s.dir / "b.safetensors", safetensors(parts[1]));
  write(s.dir / "model.safetensors.index.json", s.index.dump());
  return s;
}

std::string error_with_index(const Sharded& s) {
  write(s.dir / "model.safetensors.index.json", s.index.dump());
  return error_of(s.dir.string());
}

TEST(HfShards, OpenThroughTheirIndex) {
  const auto s = write_sharded();
  const auto opened = open(s.dir.string());
  ASSERT_TRUE(opened) << opened.error().message;
  expect_tiny_weights(**opened);
}

TEST(HfShards, AMissingShardIsNamed) {
  const auto s = write_sharded();
  fs::remove(s.dir / "b.safetensors");
  EXPECT_THAT(error_of(s.dir.string()), HasSubstr("b.safetensors cannot be opened"));
}

TEST(HfShards, AnIndexMustNotNameItselfOrLeaveTheDirectory) {
  for (const auto& [shard, error] :
       std::vector<std::pair<std::string, std::string>>{{"model.safetensors.index.json", "no .safetensors file"},
                                                        {"../a.safetensors", "leaves the directory"},
                                                        {"/tmp/a.safetensors", "leaves the directory"},
                                                        {"x/../../a.safetensors", "leaves the directory"},
                                                        {"", "leaves the directory"},
                                                        {std::string("a\0.safetensors", 14), "leaves the directory"}}) {
    auto s = write_sharded();
    s.index["weight_map"]["model.norm.weight"] = shard;
    EXPECT_THAT(error_with_index(s), HasSubstr(error)) << shard;
  }
}

TEST(HfShards, ACycleOfLinksIsNoShard) {
  const auto s = write_sharded();
  fs::remove(s.dir / "a.safetensors");
  fs::remove(s.dir / "b.safetensors");
  fs::create_symlink("b.safetensors", s.dir / "a.safetensors");
  fs::create_symlink("a.safetensors", s.dir / "b.safetensors");
  EXPECT_THAT(error_of(s.dir.string()), HasSubstr("a.safetensors cannot be opened"));
}

TEST(HfShards, OneFileUnderTwoNamesIsRefused) {
  const auto s = write_sharded();
  fs::remove(s.dir / "b.safetensors");
  fs::create_symlink("a.safetensors", s.dir / "b.safetensors");
  EXPECT_THAT(error_of(s.dir.string()), HasSubstr("are the same file"));
}

TEST(HfShards, IndexAndShardsMustAgree) {
  auto s = write_sharded();
  s.index["weight_map"]["ghost"] = "a.safetensors";
  EXPECT_THAT(error_with_index(s), HasSubstr("ghost is missing in"));
  s = write_sharded();
  s.index["weight_map"].erase("model.norm.weight");
  EXPECT_THAT(error_with_index(s), HasSubstr("model.norm.weight of"));
  s = write_sharded();
  fs::copy_file(s.dir / "a.safetensors", s.dir / "b.safetensors", fs::copy_options::overwrite_existing);
  EXPECT_THAT(error_of(s.dir.string()), HasSubstr("as well"));
  s.index = {{"weight_map", nlohmann::json::object()}};
  EXPECT_THAT(error_with_index(s), HasSubstr("/weight_map"));
  s.index = {{"weight_map", {{"a", 1}}}};
  EXPECT_THAT(error_with_index(s), HasSubstr("/weight_map/a"));
}

}  // namespace
}  // namespace kiln::checkpoint::test
