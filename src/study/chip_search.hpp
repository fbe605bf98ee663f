// A search for the fastest chip within an area: from several beginnings one size after the other goes up and down its list
// as long as that helps. No chance in it: the same question gives the same chip. Private to the study module.
#pragma once

#include <cstdint>
#include <optional>

#include "kiln/base/progress.hpp"
#include "study/chip_facts.hpp"

namespace kiln::study {

struct FoundChip {
  ChipSketch sketch;
  ChipFacts facts;
};

struct SearchAnswer {
  std::optional<FoundChip> best;  ///< within the area and buildable
  double smallest_mm2 = 0;        ///< that was seen of a chip that is so but for its area; 0: none
  std::uint64_t points = 0;
};

/// Fails when interrupted, and where no chip at all can be placed.
base::Result<SearchAnswer> search_chip(const SearchQuestion& question, const base::Progress& progress);

}  // namespace kiln::study
