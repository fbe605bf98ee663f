// What a chip does with prompts: the question of `kiln run`. Answers, cycles by unit and cause, speeds, area and
// energy, GPUs beside it; an answer owns all of it. Sentences of errors use the command's words for the parts of the
// question
// ("--users is 0; at least 1 is expected").
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/chip/request.hpp"
#include "kiln/chip/trace_span.hpp"
#include "kiln/host/workload_figures.hpp"
#include "kiln/study/design_point.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "kiln/study/inputs/host_figures.hpp"
#include "kiln/study/sampling.hpp"

namespace kiln::study {

struct RunQuestion {
  std::string rom;              ///< file of a ROM image, or
  std::string model;            ///< shapes alone: a config's name or file; timing only
  std::string recipe = "w3w6";  ///< with a model: code widths
  std::string chip;
  std::string lora;  ///< directory of an adapter, or empty
  bool timing_only = false;
  // Who asks what: one of the first three.
  std::optional<std::string> prompt;           ///< a text
  std::optional<std::uint64_t> prompt_tokens;  ///< that many seeded ids; each user its own
  std::optional<std::string> workload;         ///< file of requests over time; docs/workload.md
  std::uint64_t new_tokens = 128;              ///< of an answer, at most
  std::uint64_t users = 1;                     ///< at the same time
  SamplingWish sampling;
  chip::TransferMode transfer_mode = chip::TransferMode::Bursts;
  bool limits = false;   ///< what would help, of a run without values: up to 24 closed points more
  bool by_tile = false;  ///< matrices tile by tile, as the arrays compute them: the same values, much slower
  bool rtl = false;      ///< the verilated chip as well
  /// Before the run, and what every unit did when; either may be empty.
  std::function<void(const program::Placement&)> on_start;
  std::function<void(const chip::TraceSpan&)> on_span;
};

/// How fast a run was simulated; absent where no time passed or no token did.
struct SimulationPace {
  std::optional<double> cycles_per_s;
  std::optional<double> tokens_per_s;
  std::optional<double> kernel_events_per_token;
};

/// The same run in RTL.
struct RtlFigures {
  std::uint64_t tokens = 0;             ///< whose ids and cycles were compared
  std::uint64_t cycles_total = 0;       ///< as in the run
  std::optional<std::string> mismatch;  ///< the first difference
  double build_s = 0;                   ///< Verilator and the compiler
  double run_s = 0;
  [[nodiscard]] SimulationPace pace() const;  ///< without kernel events: there is no kernel
};

/// The first answer token if this many tokens of the prompt shared each pass of the arrays.
struct BatchRegisterPoint {
  std::uint64_t tokens = 0;
  base::Cycles first_answer;
  double ttft_us = 0;
};

struct RunAnswer : DesignPoint {
  using DesignPoint::DesignPoint;

  std::optional<ChipCost> cost;  ///< none: the chip has no /silicon, or no token went through it
  std::optional<std::string> rom_hash;
  std::optional<std::uint64_t> bytes_read_per_token;  ///< with values: of weights, that the host reads for a token
  bool timing_only = false;
  std::string lora;  ///< as asked
  std::uint64_t seed = 0;
  numerics::Sampling sampling;
  std::vector<base::TokenId> token_ids;  ///< of the first user's answer; empty when timing only
  std::string text;                      ///< as above
  std::string prompt;                    ///< as given, or empty
  std::optional<host::WorkloadFigures> workload;
  std::vector<GpuUnderLoad> baseline_under_load;   ///< with a workload
  std::vector<BatchRegisterPoint> batch_register;  ///< one user on one stage, from two prompt tokens on
  std::optional<RtlFigures> rtl;
  HostFigures host;  ///< of the run alone: loading and checking the image is not the chip's

  [[nodiscard]] SimulationPace pace() const;
  /// Why no figure of this answer is good: simulation and formulas, or simulation and RTL differ.
  [[nodiscard]] const std::optional<std::string>& mismatch() const {
    return rtl && rtl->mismatch ? rtl->mismatch : result.mismatch;
  }
};

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const RunQuestion& question);
/// Fails as check() does, where a file is not what the question says, where the chip cannot run it, and when
/// interrupted. A mismatch does not fail: the answer says so.
base::Result<RunAnswer> run(const RunQuestion& question, Environment& environment);

}  // namespace kiln::study
