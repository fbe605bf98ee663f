// A GPU of the memory-bound baseline, from configs/gpu/*.json: data-sheet values and the two constants of
// t_step = t0 + bytes / (eta * bandwidth). Sources stand in the file beside the values.
#pragma once

#include <cstdint>
#include <string>

namespace kiln::config {

struct GpuSpec {
  std::string name;         ///< the file's name, e.g. "h100-sxm"
  std::string description;  ///< e.g. "NVIDIA H100 SXM 80 GB HBM3"
  double memory_gb = 0;     ///< 1e9 bytes
  double bandwidth_gb_per_s = 0;
  double bf16_tflops = 0;
  double fp8_or_int8_tflops = 0;  ///< 0: neither in hardware
  bool fp8_in_hardware = false;   ///< tensor cores multiply FP8 (Ada, Hopper and later)
  double power_w = 0;
  double step_overhead_ms = 0;      ///< t0
  double bandwidth_efficiency = 0;  ///< eta, in (0, 1]
  std::string source;
};

}  // namespace kiln::config
