// What limits a chip and what would help, and a layer over time: keys of the document beside lines of the screen. Private
// to the report module.
#pragma once

#include <string>

#include "kiln/study/layer_timeline.hpp"
#include "kiln/study/limits.hpp"
#include "report/cost_report.hpp"
#include "report/document.hpp"

namespace kiln::report {

// limits_report.cpp
Json limits_json(const study::Limits& limits);
/// The best change of all that can be built, and what removes bank conflicts: a few lines, or nothing.
std::string help_lines(const study::Limits& limits, std::size_t columns);

// timeline_report.cpp
Json timeline_json(const study::LayerTimeline& timeline);
/// A row an operation without the wires between them, bars to scale, at most 80 columns.
std::string timeline_text(const study::LayerTimeline& timeline, std::uint64_t users);

}  // namespace kiln::report
