// --temperature, --top-k and --seed, which several commands have. Private to the cli module.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/numerics/sample.hpp"

namespace kiln::cli {

struct SamplingOptions {
  double temperature = 0;
  std::optional<std::uint64_t> top_k;
  std::uint64_t seed = 1;

  /// `seeds`: what else the seed is for, for the help.
  void add_to(CLI::App& command, const std::string& seeds);
  [[nodiscard]] base::Status check() const;
  /// As many candidates as the chip keeps where nothing was said.
  [[nodiscard]] numerics::Sampling on(const config::ChipConfig& chip) const;
};

}  // namespace kiln::cli
