// `kiln run --rtl`: the same user through the verilated chip, held against the SystemC chip's run. Private to the cli
// module.
#pragma once

#include "chip/systemc/chip.hpp"
#include "cli/session.hpp"
#include "kiln/program/placement.hpp"
#include "report/run_report.hpp"
#include "rom/rom_image.hpp"

namespace kiln::cli {

/// Fails where the RTL cannot be this chip, or Verilator or a compiler is missing. The figures say whether the runs
/// agree.
base::Result<report::RtlFigures> run_in_rtl(const rom::RomImage& image, const program::Placement& placement,
                                            const chip::UserRequest& user, const chip::RunOutcome& systemc,
                                            Session& session);

}  // namespace kiln::cli
