// The figures of a design point by their paths in its document: "area_mm2.typical", "kv.capacity_tokens". Numbers, words
// and yes or no; lists are left out, but the verdict's reasons are counted by kind. What sweeps keep.
#pragma once

#include "json/value.hpp"
#include "kiln/study/closed_point.hpp"
#include "kiln/study/cost.hpp"
#include "kiln/study/evaluate.hpp"
#include "study/images.hpp"

namespace kiln::report {

/// Sorted by path; each value is a number, a text or a boolean.
using FigureMap = json::Object;

/// Of a simulated point: those that `kiln run --json` and `kiln cost --json` have.
FigureMap figures(const study::CostAnswer& answer);
/// Those of the same paths that the closed form and the cost model know, with the same values.
FigureMap closed_figures(const study::ClosedPoint& point);

/// Of a recipe, baked and held against the fp32 reference: what `kiln eval --json` says of both and of the chip, the
/// latter without "chip." before it, and the bits of a weight.
FigureMap accuracy_figures(const study::BakeAnswer& baked, const study::EvaluateAnswer& evaluated);

}  // namespace kiln::report
