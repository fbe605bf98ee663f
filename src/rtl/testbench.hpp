// The C++ program beside a whole chip in RTL: the host. Plain Verilator, nothing of Kiln's.
#pragma once

#include <string>

#include "kiln/program/placement.hpp"
#include "rtl/rtl.hpp"
#include "rtl/unit_design.hpp"

namespace kiln::rtl {

std::string testbench(const Expected& expected, const program::Placement& placement,
                      const std::vector<RomContent>& roms);

}  // namespace kiln::rtl
