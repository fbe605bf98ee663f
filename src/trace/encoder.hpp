// How a trace looks as bytes: one encoder a format, both told the same tracks and slices. Encoders append to a string
// that the writer empties into the file. Private to the report module.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/chip/trace_span.hpp"

namespace kiln::trace {

/// A row of the trace, or a group of rows: parents come before their children, siblings in the order of display.
struct TraceTrack {
  std::uint64_t id = 0;      ///< above 0
  std::uint64_t parent = 0;  ///< 0: the run's row, which is above all
  bool group = false;        ///< holds rows, no slices
  std::string name;
};

struct TraceHead {
  std::string model, chip;
  std::uint32_t clock_mhz = 1;
  std::string title(const char* unit) const;  ///< of the run's row; `unit`: what a cycle is in the file
};

inline constexpr std::uint64_t kRunTrack = 1;

class TraceEncoder {
 public:
  virtual ~TraceEncoder() = default;
  virtual void begin(const TraceHead& head, const std::vector<TraceTrack>& tracks, std::string& out) = 0;
  virtual void span(std::uint64_t track, const chip::TraceSpan& span, std::string& out) = 0;
  virtual void end(base::Cycles total, std::string& out) = 0;
};

std::unique_ptr<TraceEncoder> perfetto_encoder();
std::unique_ptr<TraceEncoder> chrome_encoder();

/// "norm for qkv", "to attend", "prompt".
std::string span_name(const chip::TraceSpan& span);
/// What it lasts and belongs to: layer, token, user where it has them, then CAUSE_cycles where not 0.
std::vector<std::pair<std::string, std::uint64_t>> span_figures(const chip::TraceSpan& span);

}  // namespace kiln::trace
