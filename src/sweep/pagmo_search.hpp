// What the adaptive search takes from pagmo2, and nothing else of Kiln does: NSGA-II and hypervolumes. Without pagmo2
// Kiln has neither; then has_pagmo() is false and nothing else here may be called. Private to the sweep module.
#pragma once

#include <functional>
#include <vector>

#include "sweep/space.hpp"

namespace kiln::sweep {

bool has_pagmo();

/// The objectives of a point, less is better in each.
using Guess = std::function<std::vector<double>(const Levels&)>;

/// Breeds points from `first` by NSGA-II (Deb et al. 2002) for so many generations and shows each to `guess`, the bred
/// ones and the first. At least 8 points, a multiple of 4; `guess` gives `objectives` values. One seed, the same points.
void breed(const Space& space, const std::vector<Levels>& first, std::size_t objectives, std::uint64_t seed,
           unsigned generations, const Guess& guess);

/// At most `count` of the candidates, each the one that adds most to the volume that `front` and those before it
/// dominate; none that adds nothing. All values count from 0, the best, to 1, the reference point's.
std::vector<std::size_t> widest(std::vector<std::vector<double>> front,
                                const std::vector<std::vector<double>>& candidates, std::size_t count);

}  // namespace kiln::sweep
