// Far from the measurements the model stays a model: every GPU, precision and engine, 1 to 256 sequences, contexts to
// 131,072 tokens.
#include <gtest/gtest.h>

#include <cmath>

#include "baseline/shipped.hpp"
#include "kiln/baseline/baseline.hpp"

namespace kiln::baseline {
namespace {

constexpr Precision kPrecisions[] = {Precision::Bf16, Precision::Fp8, Precision::Int8, Precision::Int4};
constexpr std::uint64_t kBatches[] = {1, 2, 3, 7, 16, 33, 64, 100, 256};
constexpr std::uint64_t kContexts[] = {0, 1, 128, 1000, 4096, 32'768, 131'072};

class Extrapolation : public testing::Test {
 protected:
  template <class Body>
  void for_each_gpu_and_engine(Body body) const {
    for (const auto& name : config::ConfigPath(kConfigs, "").list("gpu")) {
      const auto gpu = baseline::gpu(name);
      for (std::size_t e = 0; e < kEngines; ++e) body(gpu, static_cast<Engine>(e));
    }
  }
  [[nodiscard]] double step_ms(const config::GpuSpec& gpu, const BaselineQuery& query) const {
    return estimate(gpu, llama_, query).value().step_ms;
  }

  const config::ModelConfig llama_ = model("llama-3.1-8b");
};

TEST_F(Extrapolation, EveryFigureIsFiniteAndNoFasterThanThePeaks) {
  for_each_gpu_and_engine([&](const auto& gpu, Engine engine) {
    for (const auto precision : kPrecisions) {
      for (const auto batch : kBatches) {
        for (const auto context : kContexts) {
          const auto figure = estimate(gpu, llama_, {precision, batch, context, engine}).value();
          const double reading =
              static_cast<double>(figure.weight_bytes + figure.kv_bytes) / gpu.bandwidth_gb_per_s / 1e6;
          const double peak =
              precision == Precision::Fp8 && gpu.fp8_in_hardware ? gpu.fp8_or_int8_tflops : gpu.bf16_tflops;
          const double computing = 2 * 7.504658432 * static_cast<double>(batch) / peak;
          ASSERT_TRUE(std::isfinite(figure.step_ms) && std::isfinite(figure.energy_j_per_token)) << gpu.name;
          ASSERT_GT(figure.step_ms, std::max(reading, computing)) << gpu.name << " " << name(engine);
          ASSERT_LT(figure.step_ms, 10 + 8 * (reading + computing) + 0.1 * static_cast<double>(batch)) << gpu.name;
          ASSERT_GT(figure.energy_j_per_token, 0) << gpu.name;
          ASSERT_LE(figure.energy_j_per_token * figure.tokens_per_s_total, gpu.power_w * (1 + 1e-9)) << gpu.name;
        }
      }
    }
  });
}

TEST_F(Extrapolation, MoreContextOrMoreSequencesAreNeverFaster) {
  for_each_gpu_and_engine([&](const auto& gpu, Engine engine) {
    for (const auto precision : kPrecisions) {
      for (std::size_t b = 0; b < std::size(kBatches); ++b) {
        for (std::size_t n = 0; n < std::size(kContexts); ++n) {
          const double here = step_ms(gpu, {precision, kBatches[b], kContexts[n], engine});
          if (b > 0) {
            ASSERT_GT(here, step_ms(gpu, {precision, kBatches[b - 1], kContexts[n], engine})) << gpu.name;
          }
          if (n > 0) {
            ASSERT_GT(here, step_ms(gpu, {precision, kBatches[b], kContexts[n - 1], engine})) << gpu.name;
          }
        }
      }
    }
  });
}

TEST_F(Extrapolation, FewerBytesAreFasterAtOneSequence) {
  for_each_gpu_and_engine([&](const auto& gpu, Engine engine) {
    for (const auto context : kContexts) {
      const auto at = [&](Precision precision) { return step_ms(gpu, {precision, 1, context, engine}); };
      EXPECT_LT(at(Precision::Int4), at(Precision::Int8)) << gpu.name << " " << name(engine);
      EXPECT_LT(at(Precision::Int8), at(Precision::Bf16)) << gpu.name << " " << name(engine);
      EXPECT_LT(at(Precision::Fp8), at(Precision::Bf16)) << gpu.name;
    }
  });
}

TEST_F(Extrapolation, TheBandIsInOrder) {
  for_each_gpu_and_engine([&](const auto& gpu, Engine engine) {
    if (engine != Engine::Median) return;
    for (const auto precision : kPrecisions) {
      for (const auto batch : kBatches) {
        for (const auto context : kContexts) {
          const auto figures = band(gpu, llama_, {precision, batch, context}).value();
          ASSERT_EQ(figures.size(), 3U);
          ASSERT_LE(figures[1].step_ms, figures[0].step_ms * 1.02) << gpu.name << " " << name(precision);
          ASSERT_LT(figures[2].step_ms, figures[1].step_ms) << gpu.name << " " << name(precision);
        }
      }
    }
  });
}

TEST_F(Extrapolation, WhatDoesNotFitTheMemorySaysSo) {
  for_each_gpu_and_engine([&](const auto& gpu, Engine engine) {
    for (const auto batch : kBatches) {
      for (const auto context : kContexts) {
        const auto figure = estimate(gpu, llama_, {Precision::Bf16, batch, context, engine}).value();
        const double bytes = 16.06e9 + 131072.0 * static_cast<double>(batch * context);
        if (std::abs(bytes / 1e9 - gpu.memory_gb) < 0.1) continue;
        ASSERT_EQ(figure.fits_in_memory, bytes < gpu.memory_gb * 1e9) << gpu.name << " " << batch << " " << context;
      }
    }
  });
  // 256 sequences of 131,072 tokens are 4.4 TB of keys and values.
  const auto b200 = gpu("b200");
  EXPECT_FALSE(estimate(b200, llama_, {Precision::Int4, 256, 131'072}).value().fits_in_memory);
}

}  // namespace
}  // namespace kiln::baseline
