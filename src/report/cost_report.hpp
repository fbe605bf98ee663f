// What `kiln cost` says, and what a run says of area, energy and power. docs/report.md explains every key.
#pragma once

#include <string>

#include "kiln/study/cost.hpp"
#include "report/table.hpp"

namespace kiln::report {

std::string cost_json(const study::CostAnswer& report);
std::string cost_text(const study::CostAnswer& report, std::size_t columns = kTerminalColumns);
/// The picture of the die.
std::string die_svg(const study::CostAnswer& answer);

}  // namespace kiln::report
