// `kiln run --rtl`: the same user through the verilated chip, compared to the SystemC chip's run. Private to the study
// module.
#pragma once

#include "chip/systemc/chip.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/run.hpp"
#include "rom/rom_image.hpp"

namespace kiln::study {

/// Fails where the RTL cannot be this chip, or Verilator or a compiler is missing. The figures say whether the runs
/// agree.
base::Result<RtlFigures> run_in_rtl(const rom::RomImage& image, const program::Placement& placement,
                                    const chip::UserRequest& user, const chip::RunOutcome& systemc,
                                    const Environment& environment);

}  // namespace kiln::study
