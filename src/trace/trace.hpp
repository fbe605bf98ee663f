// The trace of a run (`kiln run --trace FILE`): every unit's slices, written as they come, as a Perfetto trace
// (FILE ends in .pftrace or .perfetto-trace) or as Chrome trace JSON (.json). Times are clock cycles: a cycle is a
// nanosecond of the Perfetto file and a microsecond of the JSON. docs/trace.md says what is in it.
#pragma once

#include <memory>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/chip/trace_span.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::trace {

class TraceWriter {
 public:
  /// Fails on another ending, or when the file cannot be written. The file appears with finish(), or not at all.
  static base::Result<TraceWriter> create(const std::string& path);
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;
  ~TraceWriter();

  /// Names the tracks; before the first span.
  void begin(const program::Placement& placement);
  /// What RunRequest::on_span gets. Holds a few megabytes at most; finish() reports a write that failed.
  void add(const chip::TraceSpan& span);
  /// The run is over after `total` cycles.
  base::Status finish(base::Cycles total);

 private:
  struct State;
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kiln::trace
