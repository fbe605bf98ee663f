// What `kiln run` says: JSON for machines, tables for people. docs/report.md explains every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/run.hpp"
#include "host/workload.hpp"
#include "kiln/base/units.hpp"
#include "kiln/baseline/baseline.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/machine.hpp"
#include "kiln/program/placement.hpp"
#include "report/screen.hpp"

namespace kiln::report {

struct ChipCost;

/// What depends on the machine and the moment; everything else is the same on every host.
struct HostFigures {
  double wall_s = 0;
  double elaboration_s = 0;
  std::uint64_t kernel_events = 0;
  double peak_memory_mib = 0;
  std::size_t threads = 1;
  std::string simd;
};

/// GPUs on the same job: one question, an answer for each GPU and precision.
struct BaselineRows {
  std::uint64_t batch = 1;
  std::uint64_t context = 0;  ///< tokens in the KV cache
  std::vector<baseline::BaselineFigure> figures;
  std::vector<config::ReferenceMachine> machines = {};  ///< published points, where they were asked for
};

/// A GPU under a workload; docs/workload.md.
struct GpuUnderLoad {
  std::string gpu;
  baseline::Precision precision = baseline::Precision::Bf16;
  std::size_t refused = 0;
  std::uint64_t most_in_batch = 0;
  double tokens_per_s_total = 0;
  host::Percentiles ttft_us, time_per_token_us;  ///< as host::WorkloadFigures has them
};

/// The same run in RTL.
struct RtlFigures {
  std::uint64_t tokens = 0;             ///< whose ids and cycles were compared
  std::uint64_t cycles_total = 0;       ///< as in the run
  std::optional<std::string> mismatch;  ///< the first difference
  double build_s = 0;                   ///< Verilator and the compiler
  double run_s = 0;
};

struct RunReport {
  RunReport(const program::Placement& placed, const config::BakeRecipe& baked, const host::RunResult& ran)
      : placement(placed), recipe(baked), result(ran) {}

  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  const host::RunResult& result;
  std::optional<std::string> rom_hash;
  bool timing_only = false;
  std::string lora;  ///< the adapter's directory, or empty
  std::uint64_t seed = 0;
  numerics::Sampling sampling;
  std::size_t prompt_tokens = 0;
  std::vector<base::TokenId> token_ids;  ///< of the answer; empty when timing only
  std::string text;                      ///< likewise
  std::string prompt;                    ///< as given, or empty
  std::optional<host::WorkloadFigures> workload;
  std::vector<GpuUnderLoad> baseline_under_load;  ///< with a workload
  BaselineRows baseline;
  std::optional<RtlFigures> rtl;
  const ChipCost* cost = nullptr;  ///< none: the chip does not say what it is made of
  HostFigures host;
};

std::string run_json(const RunReport& report);
std::string run_text(const RunReport& report, const Screen& screen = {});

/// The chip's line in the table of GPUs.
struct ChipRate {
  std::string name;
  double tokens_per_s = 0;
  std::optional<double> mj_per_token = {};
};

/// What `kiln baseline` says; with a chip the GPUs are beside it.
std::string baseline_json(const config::ModelConfig& model, const BaselineRows& rows);
std::string baseline_table(const BaselineRows& rows, const std::optional<ChipRate>& chip, const Screen& screen = {});

}  // namespace kiln::report
