// What `kiln cost` says, and what a run says of area, energy and power. docs/report.md explains every key.
#pragma once

#include <string>

#include "kiln/study/cost.hpp"
#include "report/table.hpp"

namespace kiln::report {

std::string cost_json(const study::CostAnswer& report);
std::string cost_text(const study::CostAnswer& report, std::size_t columns = kTerminalColumns);
/// What limits a chip: the groups with the best one or two changes of each, and what removes bank conflicts.
std::string limits_text(const study::Limits& limits, std::size_t columns);
/// The picture of the die.
std::string die_svg(const study::CostAnswer& answer);

}  // namespace kiln::report
