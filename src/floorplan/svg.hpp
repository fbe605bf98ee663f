// A floorplan as a picture that a browser opens on its own: SVG 1.1, in millimetres, without scripts, fonts or anything
// else from outside. Every block is a <rect> with `data-name` and `data-area-mm2` (its width times its height) and a
// tooltip; the white space is a <g> with the same two; the root has `data-die-mm2`. The same floorplan gives the same
// bytes in every locale.
#pragma once

#include <string>
#include <vector>

#include "kiln/floorplan/floorplan.hpp"

namespace kiln::floorplan {

/// Plain text; what XML does not allow is escaped.
struct SvgLabels {
  std::string title;                ///< "hc1: llama-3.1-8b"
  std::string subtitle;             ///< one line below it
  std::vector<std::string> legend;  ///< lines of up to 140 characters below the picture; the colours explain themselves
};
std::string floorplan_svg(const Floorplan& plan, const SvgLabels& labels);

}  // namespace kiln::floorplan
