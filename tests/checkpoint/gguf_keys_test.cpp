// Metadata that change what a model says: honoured as llama.cpp honours them, or refused by key.
#include <gmock/gmock.h>

#include <limits>

#include "checkpoint/files.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

std::string boolean_value(bool v) { return raw<std::uint32_t>(7) + raw<std::uint8_t>(v ? 1 : 0); }
std::string float_value(float v) { return raw<std::uint32_t>(6) + raw(v); }
std::string integer_value(std::int32_t v) { return raw<std::uint32_t>(5) + raw(v); }
std::string array_value(const std::vector<std::int32_t>& all) {
  std::string bytes = raw<std::uint32_t>(9) + raw<std::uint32_t>(5) + raw<std::uint64_t>(all.size());
  for (const auto v : all) bytes += raw(v);
  return bytes;
}
std::string text_value(const std::string& text) { return raw<std::uint32_t>(8) + gguf_string(text); }

struct KeyCase {
  const char* key;
  std::string neutral;  ///< says what a file without the key means
  std::string other;
  const char* error;  ///< of `other`, after the key
};

void expect_refusals(const GgufBuilder& plain, const std::vector<KeyCase>& cases) {
  for (const auto& one : cases) {
    auto builder = plain;
    builder.set(one.key, one.neutral);
    EXPECT_NE(opened_gguf(builder), nullptr) << one.key;
    builder.set(one.key, one.other);
    EXPECT_THAT(gguf_error(builder), HasSubstr(std::string("metadata ") + one.key + one.error));
  }
}

TEST(GgufKeys, OfTheModelAreRefusedUnlessTheySayNothing) {
  const auto zero = float_value(0);
  const auto one = float_value(1);
  const auto two = float_value(2);
  expect_refusals(
      tiny_gguf(),
      {
          {"llama.attention.causal", boolean_value(true), boolean_value(false), " is false: attention that sees"},
          {"llama.attention.clamp_kqv", zero, two, " is 2: a clamp"},
          {"llama.attention.kv_lora_rank", integer_value(0), integer_value(64), " is 64: latent"},
          {"llama.attention.max_alibi_bias", zero, float_value(8), " is 8: ALiBi"},
          {"llama.attention.output_scale", one, two, " is 2: a scale of the attention's output"},
          {"llama.attention.q_lora_rank", integer_value(0), integer_value(64), " is 64: latent"},
          {"llama.attention.scale", float_value(0.5F), one, " is 1: scores are divided"},
          {"llama.attention.scale", zero, float_value(0.25F), " is 0.25: scores are divided"},
          {"llama.attention.shared_kv_layers", integer_value(0), integer_value(1), " is 1: layers that share"},
          {"llama.attention.sliding_window", integer_value(64), integer_value(63), " is 63: a sliding window"},
          {"llama.attention.sliding_window", array_value({0, 64}), array_value({64, 32}), " is 32: a sliding window"},
          {"llama.attention.temperature_scale", zero, two, " is 2: a temperature"},
          {"llama.attn_logit_softcapping", zero, float_value(50), " is 50: soft caps"},
          {"llama.embedding_scale", one, two, " is 2: a scale of the embedding"},
          {"llama.expert_count", integer_value(0), integer_value(8), " is 8: a mixture of experts"},
          {"llama.final_logit_softcapping", zero, float_value(30), " is 30: soft caps"},
          {"llama.logit_scale", zero, two, " is 2: a scale of the logits"},
          {"llama.nextn_predict_layers", integer_value(0), integer_value(1), " is 1: layers that predict"},
          {"llama.residual_scale", one, two, " is 2: a scale of the residual"},
          {"llama.rope.dimension_sections", array_value({0, 0}), array_value({1, 1}), " is 1: RoPE in sections"},
          {"llama.rope.scaling.alpha", one, two, " is 2: NTK"},
          {"llama.rope.scaling.attn_factor", one, zero, " is 0: a factor on q and k"},
          {"llama.rope.scaling.attn_factor", one, two, " is 2: a factor on q and k"},
          {"llama.rope.scaling.yarn_attn_factor", one, two, " is 2: a factor on q and k"},
          {"llama.rope.scaling.yarn_ext_factor", float_value(-1), one, " is 1: YaRN"},
          {"llama.swin_norm", boolean_value(false), boolean_value(true), " is true: another order"},
          {"llama.tensor_data_layout", text_value("Meta AI original pth"), text_value("x"), " is \"x\": another order"},
          {"llama.use_parallel_residual", boolean_value(false), boolean_value(true), " is true: attention beside"},
          {"llama.logit_scale", one, text_value("2"), " at byte "},
          {"llama.logit_scale", array_value({}), array_value(std::vector<std::int32_t>((1 << 20) + 1)), " at byte "},
          {"llama.logit_scale", one, float_value(std::numeric_limits<float>::infinity()), " at byte "},
      });
}

TEST(GgufKeys, OfTheTokenizerAreRefusedUnlessTheySayNothing) {
  const auto no = boolean_value(false);
  const auto yes = boolean_value(true);
  expect_refusals(
      with_tokenizer("llama"),
      {
          {"tokenizer.ggml.add_eos_token", no, yes, " is true: Kiln puts nothing behind a text"},
          {"tokenizer.ggml.add_sep_token", no, yes, " is true: Kiln puts nothing behind a text"},
          {"tokenizer.ggml.normalizer.lowercase", no, yes, " is true: Kiln changes no letters"},
          {"tokenizer.ggml.normalizer.strip_accents", no, yes, " is true: Kiln changes no letters"},
          {"tokenizer.ggml.precompiled_charsmap", array_value({}), array_value({0}), " is an array of 1 elements"},
          {"tokenizer.ggml.remove_extra_whitespaces", no, yes, " is true: Kiln takes no spaces"},
          {"tokenizer.ggml.suppress_tokens", array_value({}), array_value({3, 4}), " is an array of 2 elements"},
      });
}

TEST(GgufKeys, LinearScalingIsWhatAFactorMeans) {
  const auto scaling = [](const GgufBuilder& builder) {
    const auto checkpoint = opened_gguf(builder);
    return checkpoint ? checkpoint->config().rope_scaling : config::RopeScaling{};
  };
  const auto with = [](const char* type, const char* key, float factor) {
    auto builder = tiny_gguf();
    if (type != nullptr) builder.text("llama.rope.scaling.type", type);
    if (key != nullptr) builder.f32(key, factor);
    return builder;
  };
  constexpr const char* kFactor = "llama.rope.scaling.factor";
  constexpr const char* kOld = "llama.rope.scale_linear";
  for (const char* type : {static_cast<const char*>(nullptr), "linear"}) {
    for (const char* key : {kFactor, kOld}) {
      const auto found = scaling(with(type, key, 4));
      EXPECT_EQ(found.kind, config::RopeScalingKind::Linear);
      EXPECT_EQ(found.factor, 4.0);
      EXPECT_EQ(scaling(with(type, key, 0)).kind, config::RopeScalingKind::None);
      EXPECT_EQ(scaling(with(type, key, 1)).kind, config::RopeScalingKind::None);
      EXPECT_THAT(gguf_error(with(type, key, -4)), HasSubstr(std::string(key) + ": a factor above 0"));
    }
    EXPECT_EQ(scaling(with(type, nullptr, 0)).kind, config::RopeScalingKind::None);
  }
  EXPECT_EQ(scaling(with("none", kFactor, 4)).kind, config::RopeScalingKind::None);
  auto both = with(nullptr, kFactor, 2);
  both.f32(kOld, 4);
  EXPECT_EQ(scaling(both).factor, 2.0);
  for (const char* type : {"yarn", "longrope", "llama3", ""})
    EXPECT_THAT(gguf_error(with(type, kFactor, 4)), HasSubstr("the RoPE scaling " + std::string(type)));
}

// Tensors of other arithmetics: biases, the factors of LongRoPE, scales of ternary weights, norms of q and k.
TEST(GgufKeys, TensorsWithoutAPlaceAreRefusedByName) {
  for (const char* name : {"rope_factors_long.weight", "rope_factors_short.weight", "blk.0.attn_q.bias",
                           "blk.0.ffn_down.bias", "blk.1.attn_q.scale", "blk.0.attn_q_norm.weight", "output.bias"}) {
    auto builder = tiny_gguf();
    builder.tensors.push_back({name, {2}, 0, raw_floats({1.0F, 1.0F}), {}});
    EXPECT_THAT(gguf_error(builder), HasSubstr("the tensor " + std::string(name) + " has no place"));
  }
}

}  // namespace
}  // namespace kiln::checkpoint::test
