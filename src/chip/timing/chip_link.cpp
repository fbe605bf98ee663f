#include "chip/timing/chip_link.hpp"

#include "kiln/base/units.hpp"

namespace kiln::chip {
namespace {

constexpr std::uint64_t kElementBytes = 4;  // the residual is binary32

}  // namespace

ChipLink::ChipLink(const config::ChipConfig& chip)
    : registers_(chip.chips.latency_cycles),
      way_back_(chip.chips.count > 1 ? chip.chips.latency_cycles : 0),
      beat_cycles_(base::ceil_div(kElementBytes * chip.link.beat_elements(), chip.chips.bytes_per_cycle)) {}

}  // namespace kiln::chip
