// Bytes and figures of the GPU model against the public facts that it is made of.
#include "kiln/baseline/baseline.hpp"

#include <gmock/gmock.h>

#include "kiln/config/load.hpp"

namespace kiln::baseline {
namespace {

using testing::HasSubstr;

const std::string kConfigs = std::string(KILN_SOURCE_DIR) + "/configs/";

config::GpuSpec gpu(const std::string& name) { return config::load_gpu(kConfigs + "gpu/" + name + ".json").value(); }
config::ModelConfig model(const std::string& name) {
  return config::load_model(kConfigs + "model/" + name + ".json").value();
}

BaselineFigure figure(const std::string& gpu_name, Precision precision, std::uint64_t batch, std::uint64_t context) {
  return estimate(gpu(gpu_name), model("llama-3.1-8b"), {precision, batch, context}).value();
}

TEST(BaselineBytes, Llama31Reads15010MegabytesInBf16) {
  // 7,504,658,432 weights in matrices and 65 norms of 4,096, two bytes each.
  const auto bytes = weight_bytes_read(model("llama-3.1-8b"), Precision::Bf16);
  EXPECT_EQ(bytes, 2U * (7'504'658'432U + 65U * 4096U));
  EXPECT_NEAR(static_cast<double>(bytes), 15.01e9, 0.005e9);
}

TEST(BaselineBytes, Llama31Reads8030MegabytesInFp8ForTheHeadStaysAt16Bits) {
  const auto bytes = weight_bytes_read(model("llama-3.1-8b"), Precision::Fp8);
  EXPECT_EQ(bytes, 6'979'321'856U + 2U * (128256U * 4096U + 65U * 4096U));
  EXPECT_NEAR(static_cast<double>(bytes), 8.03e9, 0.005e9);
  EXPECT_EQ(weight_bytes_read(model("llama-3.1-8b"), Precision::Int8), bytes);
}

TEST(BaselineBytes, Int4CountsScalesAndZerosOfGroupsOf128) {
  const auto bytes = weight_bytes_read(model("llama-3.1-8b"), Precision::Int4);
  EXPECT_EQ(bytes, 6'979'321'856U / 256 * 133 + 2U * (128256U * 4096U + 65U * 4096U));
  // What the published AWQ and GPTQ checkpoints of this model come to: 4.65 to 4.68 GB.
  EXPECT_NEAR(static_cast<double>(bytes), 4.68e9, 0.01e9);
}

TEST(BaselineBytes, Llama31Reads131072BytesOfKvForEachTokenOfContext) {
  EXPECT_EQ(kv_bytes_per_token(model("llama-3.1-8b")), 131'072U);
  EXPECT_EQ(figure("h200", Precision::Fp8, 3, 1000).kv_bytes, 3U * 1000U * 131'072U);
}

TEST(BaselineBytes, MemoryHoldsTheInputEmbeddingUnlessItIsTied) {
  const auto untied = figure("h100-sxm", Precision::Bf16, 1, 0);
  EXPECT_EQ(untied.memory_bytes, untied.weight_bytes + 2U * 128256U * 4096U);
  const auto tied = estimate(gpu("h100-sxm"), model("llama-3.2-1b"), {}).value();
  EXPECT_EQ(tied.memory_bytes, tied.weight_bytes);
}

TEST(BaselineFigures, AreTheFormula) {
  const auto h100 = figure("h100-sxm", Precision::Bf16, 1, 0);
  EXPECT_NEAR(h100.step_ms, 2.4 + 15.01 / (0.84 * 3.350), 0.002);
  EXPECT_NEAR(h100.tokens_per_s_user, 1000.0 / h100.step_ms, 1e-9);
  EXPECT_EQ(h100.engine, "median of serving engines");
  EXPECT_EQ(h100.gpu, "h100-sxm");
  EXPECT_EQ(h100.note, "");
  const auto h200 = figure("h200", Precision::Fp8, 4, 1536);
  EXPECT_NEAR(h200.step_ms, 2.4 + (8.030 + 4 * 1536 * 131072e-9) / (0.84 * 4.8), 0.002);
  EXPECT_NEAR(h200.tokens_per_s_total, 4 * h200.tokens_per_s_user, 1e-9);
}

TEST(BaselineFigures, LieNearPublishedMeasurementsOfSingleUsers) {
  struct Published {
    const char* gpu;
    Precision precision;
    std::uint64_t context;
    double tokens_per_s;
    double allowed;
  };
  // Llama-3.1-8B. The fit's mean error is 8 %, leaving one GPU out 10 %: twice that is allowed to a single point.
  const Published published[] = {
      {"h200", Precision::Bf16, 2112, 173.8, 0.2},          // TensorRT-LLM 0.15, Model Optimizer's benchmark page
      {"h200", Precision::Int4, 2112, 231.75, 0.2},         // the same
      {"h100-sxm", Precision::Fp8, 300, 228.83, 0.2},       // NVIDIA NIM 1.3.0, 4.37 ms between tokens
      {"a100-80-sxm", Precision::Bf16, 28778, 76.34, 0.2},  // vLLM 0.20.1, 13.1 ms a token
      // vLLM 0.7.3, 11.88 ms a token: the furthest of all, an early engine at a long context on a fast memory.
      {"h100-sxm", Precision::Bf16, 28778, 84.18, 0.35},
  };
  for (const auto& point : published) {
    const auto ours = figure(point.gpu, point.precision, 1, point.context);
    EXPECT_NEAR(ours.tokens_per_s_user / point.tokens_per_s, 1.0, point.allowed)
        << point.gpu << " " << point.tokens_per_s;
  }
}

TEST(BaselineFigures, SlowDownWithBatchAndContextWhileTheTotalGrows) {
  for (const auto precision : {Precision::Bf16, Precision::Fp8, Precision::Int8, Precision::Int4}) {
    auto before = figure("h100-sxm", precision, 1, 512);
    for (std::uint64_t batch = 2; batch <= 64; batch *= 2) {
      const auto now = figure("h100-sxm", precision, batch, 512);
      EXPECT_LT(now.tokens_per_s_user, before.tokens_per_s_user);
      EXPECT_GT(now.tokens_per_s_total, before.tokens_per_s_total);
      EXPECT_LT(now.tokens_per_s_user, figure("h100-sxm", precision, batch, 511).tokens_per_s_user);
      before = now;
    }
  }
}

TEST(BaselineFigures, MeanOverADecodeIsTheFigureAtTheMeanContext) {
  double sum = 0;
  for (std::uint64_t context = 1024; context <= 2048; ++context)
    sum += figure("b200", Precision::Bf16, 1, context).step_ms;
  EXPECT_NEAR(sum / 1025, figure("b200", Precision::Bf16, 1, 1536).step_ms, 1e-9);
}

TEST(BaselineFigures, FasterMemoryIsFaster) {
  const auto at = [](const char* name) { return figure(name, Precision::Bf16, 1, 1024).tokens_per_s_user; };
  EXPECT_LT(at("l40s"), at("rtx-4090"));
  EXPECT_LT(at("rtx-4090"), at("a100-80-sxm"));
  EXPECT_LT(at("a100-80-sxm"), at("h100-sxm"));
  EXPECT_LT(at("h100-sxm"), at("h200"));
  EXPECT_LT(at("h200"), at("b200"));
}

TEST(BaselineFigures, SayWhetherTheJobFitsTheMemory) {
  EXPECT_TRUE(figure("rtx-4090", Precision::Bf16, 1, 1024).fits_in_memory);
  // 16.06 GB of weights leave 7.94 GB: 60,000 tokens of KV cache fit, 61,000 do not.
  EXPECT_TRUE(figure("rtx-4090", Precision::Bf16, 1, 60'000).fits_in_memory);
  EXPECT_FALSE(figure("rtx-4090", Precision::Bf16, 1, 61'000).fits_in_memory);
}

TEST(BaselineNotes, ModelsFarFromTheCalibratedSizesSaySo) {
  const auto small = estimate(gpu("h200"), model("stories260k"), {}).value();
  EXPECT_THAT(small.note, HasSubstr("far outside the calibrated sizes (7-8 B)"));
  auto large = model("llama-3.1-8b");
  large.layers = 80;
  EXPECT_THAT(estimate(gpu("h200"), large, {}).value().note, HasSubstr("far outside"));
}

TEST(BaselineNotes, LargeBatchesSayThatComputeIsLeftOut) {
  EXPECT_EQ(figure("h200", Precision::Bf16, 16, 256).note, "");
  EXPECT_THAT(figure("h200", Precision::Bf16, 17, 256).note, HasSubstr("above batch 16"));
}

std::string refusal(const std::string& gpu_name, const config::ModelConfig& shapes, const BaselineQuery& query) {
  const auto result = estimate(gpu(gpu_name), shapes, query);
  return result ? "" : result.error().message;
}

TEST(BaselineErrors, AreSentences) {
  const auto llama = model("llama-3.1-8b");
  EXPECT_EQ(refusal("a100-80-sxm", llama, {Precision::Fp8}),
            "a100-80-sxm has no FP8 in hardware; expected bf16, int8 or int4");
  EXPECT_EQ(refusal("a100-80-sxm", llama, {Precision::Int8}), "");
  EXPECT_EQ(refusal("h200", llama, {Precision::Bf16, 0}), "batch is 0; expected 1 to 65536");
  EXPECT_EQ(refusal("h200", llama, {Precision::Bf16, 1, 16777217}),
            "context is 16777217 tokens; expected at most 16777216");
  auto bad = llama;
  bad.kv_heads = 5;
  EXPECT_THAT(refusal("h200", bad, {}), HasSubstr("model llama-3.1-8b: num_attention_heads is 32"));
  auto vast = llama;
  vast.layers = 1024;
  vast.heads = vast.kv_heads = 8192;
  EXPECT_THAT(refusal("h200", vast, {Precision::Bf16, 65536, 16777216}), HasSubstr("more than 2^63 bytes"));
}

TEST(BaselinePrecision, NamesGoBothWays) {
  for (const auto precision : {Precision::Bf16, Precision::Fp8, Precision::Int8, Precision::Int4})
    EXPECT_EQ(precision_from(name(precision)).value(), precision);
  EXPECT_EQ(precision_from("fp4").error().message, "precision is \"fp4\"; expected bf16, fp8, int8 or int4");
}

}  // namespace
}  // namespace kiln::baseline
