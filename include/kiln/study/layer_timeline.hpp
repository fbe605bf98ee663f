// When a layer's operations are open, and what their units do in it: one answer token on an otherwise empty chip, from
// the chip's own records of a simulated token.
#pragma once

#include <cstdint>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/chip/trace_span.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::study {

struct LayerTimeline {
  std::uint64_t context = 0;  ///< tokens that the token sees, itself included
  std::uint32_t layer = 0;    ///< which was recorded; all take the same cycles
  base::Cycles cycles;        ///< from the first operation's first beat to the last one's end
  /// Operations in the order in which they begin, and the links' ways to them; cycle 0: the first begins.
  std::vector<chip::TraceSpan> spans;
};

/// Of a token that sees `context` tokens, 1 to the KV cache's capacity.
base::Result<LayerTimeline> layer_timeline(const program::Placement& placement, std::uint64_t context);

}  // namespace kiln::study
