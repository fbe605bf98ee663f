// `kiln run --rtl`: the same user through the verilated chip, held against the SystemC chip's run. Private to the cli
// module.
#pragma once

#include "cli/session.hpp"
#include "kiln/chip/chip.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/report/run_report.hpp"
#include "kiln/rom/rom_image.hpp"

namespace kiln::cli {

/// Fails where the RTL cannot be this chip, or Verilator or a compiler is missing. The figures say whether the runs agree.
base::Result<report::RtlFigures> run_in_rtl(const rom::RomImage& image, const program::Placement& placement,
                                            const chip::UserRequest& user, const chip::RunOutcome& systemc,
                                            Session& session);

}  // namespace kiln::cli
