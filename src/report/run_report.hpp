// What `kiln run` says: JSON for machines, tables for people. docs/report.md explains every key.
#pragma once

#include <optional>
#include <string>

#include "kiln/study/run.hpp"
#include "report/screen.hpp"

namespace kiln::report {

std::string run_json(const study::RunAnswer& answer);
std::string run_text(const study::RunAnswer& answer, const Screen& screen = {});

/// The chip's line in the table of GPUs.
struct ChipRate {
  std::string name;
  double tokens_per_s = 0;
  bool buildable = false;  ///< else it is called faster than nothing
  std::optional<double> mj_per_token = {};
};

/// What `kiln baseline` says; with a chip the GPUs are beside it.
std::string baseline_json(const config::ModelConfig& model, const study::BaselineRows& rows);
std::string baseline_table(const study::BaselineRows& rows, const std::optional<ChipRate>& chip,
                           const Screen& screen = {});

}  // namespace kiln::report
