// Parts of a JSON document that tell area, energy and power. Private to the report module.
#pragma once

#include "report/cost_report.hpp"
#include "report/document.hpp"

namespace kiln::report {

Json range_json(const base::Range& range);
/// area_mm2, transistors, power_w, energy_mj_per_token: what a run carries; each with low, typical, high.
void add_cost_figures(Json& json, const study::ChipCost& cost);
/// The same in a line or two, for people.
std::string cost_line(const study::ChipCost& cost);
Json money_json(const study::ChipMoney& money);
/// parts, clock paths, links.
Json silicon_json(const study::ChipCost& cost, const config::ChipConfig& chip);

}  // namespace kiln::report
