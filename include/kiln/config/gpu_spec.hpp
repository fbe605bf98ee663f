// A GPU of the baseline, from configs/gpu/*.json: data-sheet values, and what scripts/gpu-calibration fitted to
// published measurements. docs/validation/gpu.md has the formula, the fit and its errors. Efficiencies are shares of
// the data sheet's peak.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::config {

/// The serving engines come first after "median", which has the median of each of their parameters.
inline constexpr std::array<std::string_view, 9> kGpuEngines = {"median",   "vllm", "trt-llm", "sglang",   "gpt-fast",
                                                                "lmdeploy", "mlc",  "exllama", "llama.cpp"};
inline constexpr std::size_t kServingEngines = 6;  ///< kGpuEngines[1] to [6]

struct GpuEngine {
  double step_overhead_ms = 0;      ///< t0, of 32 layers
  double bandwidth_efficiency = 0;  ///< of reading 16-bit weights, in (0, 1]
  double kv_efficiency = 0;         ///< of reading keys and values, in (0, 1]
  double error_mean_percent = 0;    ///< of one user's tokens/s, against published measurements at batch 1
  double error_p90_percent = 0;     ///< its 90th percentile
  std::uint32_t error_rows = 0;     ///< how many measurements
  std::string dates;                ///< when they were published
};

/// What clouds ask for a GPU and its share of the host.
struct PriceRange {
  double low = 0, high = 0;
};

struct GpuSpec {
  std::string name;         ///< the file's name, e.g. "h100-sxm"
  std::string description;  ///< e.g. "NVIDIA H100 SXM 80 GB HBM3"
  double memory_gb = 0;     ///< 1e9 bytes
  double bandwidth_gb_per_s = 0;
  double bf16_tflops = 0;
  double fp8_or_int8_tflops = 0;  ///< 0: neither in hardware
  bool fp8_in_hardware = false;   ///< tensor cores multiply FP8 (Ada, Hopper and later)
  double power_w = 0;
  double link_gb_per_s = 0;                                    ///< to other GPUs, one direction
  std::optional<PriceRange> price_usd_per_h;                   ///< absent where no source has one
  std::uint32_t measurements = 0;                              ///< of this GPU in the fit
  std::uint32_t single_measurements = 0;                       ///< those of one sequence
  double compute_efficiency = 0;                               ///< of the 16-bit peak
  double fp8_compute_efficiency = 0;                           ///< of the 8-bit peak
  double sequence_overhead_ms = 0;                             ///< what a sequence of the batch adds to a step
  double fp8_efficiency = 0;                                   ///< reading FP8 weights, relative to 16-bit ones
  double int8_efficiency = 0, int4_efficiency = 0;             ///< as above
  double power_base = 0, power_memory = 0, power_compute = 0;  ///< of the limit: always, while reading, computing
  double energy_error_mean_percent = 0;
  double batch_error_mean_percent = 0, batch_error_p90_percent = 0;  ///< at batches above 1, see docs/validation/gpu.md
  std::uint32_t batch_error_rows = 0;
  std::array<GpuEngine, kGpuEngines.size()> engines;  ///< in the order of kGpuEngines
  std::string source;
};

}  // namespace kiln::config
