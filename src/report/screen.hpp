// What of an answer the screen shows. The JSON document has all of it, whatever is said here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/table.hpp"

namespace kiln::report {

struct Screen {
  std::size_t columns = kTerminalColumns;  ///< prose is broken there
  std::vector<std::string> gpus = {};      ///< GpuSpec::name of those to show; empty: kDefaultGpus
  bool all_gpus = false;
  bool all_units = false;  ///< cycles of every unit, not only of those that matter
};

inline constexpr std::size_t kMostGpus = 4;  ///< unless more are asked for

/// Those of `known` (each once, in order) that the screen shows: what was asked for; else the GPUs that most people
/// compare with, and where there are fewer than kMostGpus of these, the first of the others.
std::vector<std::string> shown_gpus(const Screen& screen, const std::vector<std::string>& known);

/// "4 of 13 GPUs: --gpu all or --gpu NAME shows more" where some are not shown, or nothing.
std::string hidden_gpus_line(std::size_t shown, std::size_t known, bool several_precisions);

}  // namespace kiln::report
