// The C++ program beside a whole chip in RTL: the host. Plain Verilator, nothing of Kiln's.
#pragma once

#include <string>

#include "kiln/config/chip_config.hpp"
#include "kiln/rtl/rtl.hpp"

namespace kiln::rtl {

std::string testbench(const Expected& expected, const config::HostConfig& host);

}  // namespace kiln::rtl
