// The parts of what `kiln run` says. A part is a file that has its keys of the document beside its lines of the screen,
// so that a figure is added to both in one place. Private to the report module.
#pragma once

#include <string>
#include <vector>

#include "kiln/study/run.hpp"
#include "report/document.hpp"
#include "report/screen.hpp"

namespace kiln::report {

// run_speed.cpp
void add_speed(Json& json, const host::RunResult& result);
void add_closed_form(Json& json, const study::RunAnswer& answer);
std::string speed_lines(const study::RunAnswer& answer);

// run_units.cpp
void add_cycles(Json& json, const study::DesignPoint& point);
std::string limit_line(const host::RunResult& result);
std::string unit_table(const study::RunAnswer& answer, const Screen& screen);

// run_load.cpp
void add_workload(Json& json, const study::RunAnswer& answer);
std::string workload_tables(const host::WorkloadFigures& figures);
std::string under_load_table(const std::vector<study::GpuUnderLoad>& rows, const Screen& screen);

// run_host.cpp
void add_rtl(Json& json, const study::RunAnswer& answer);
Json run_host_json(const study::RunAnswer& answer);
std::string host_line(const study::RunAnswer& answer);
std::string rtl_line(const study::RtlFigures& rtl);

}  // namespace kiln::report
