// One operation of the dataflow inside a unit: how its beats in become beats out, and the state of one that is under
// way. A unit's core says how (OpTiming, from its page's formulas); Operation follows it, in bursts or beat by beat,
// and knows no SystemC. Four events make its life:
//
//   begin ──▶ taking ──────────▶ working ──────────▶ emitting ─────────▶ over
//             take: a beat in    (the barrier, or    emit: a beat out    depart: a beat out has left
//             was taken          the latency)        is available        the output buffer; the last
//                                                    (or the result is)  one ends the operation
//
// begin is the first beat taken, or leave to start where nothing streams in. With Flow::Through taking and emitting
// overlap. Where nothing streams out the operation is over when its result is there.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "chip/timing/beat_schedule.hpp"
#include "kiln/base/units.hpp"

namespace kiln::chip {

/// Through: beat out j is available `latency` after beat in (j + 1) * gather - 1.
/// Absorb: beats are worked on as they come; the result is there `latency` after the last.
/// Barrier: work starts `start_delay` after the last beat in; the result is there `latency` after the last beat in.
/// Absorb, Barrier: beats out are available `interval` apart, the first when the result is there.
/// Without beats in, the operation begins by itself and `latency` counts from there.
enum class Flow { Through, Absorb, Barrier };

struct OpTiming {
  Flow flow = Flow::Barrier;
  std::uint64_t beats_in = 0;
  std::uint64_t beats_out = 0;
  std::uint64_t latency = 0;
  std::uint64_t interval = 1;         ///< of the beats out (Absorb, Barrier)
  std::uint64_t gather = 1;           ///< beats in for one out (Through)
  std::uint64_t start_delay = 0;      ///< part of `latency` (Barrier)
  std::uint64_t conflict_cycles = 0;  ///< part of `latency` that KV bank conflicts cost
  std::uint64_t adapter_cycles = 0;   ///< last part of `latency`, in which an array waits for the LoRA unit
};

/// What one operation did; all cycles absolute. Where nothing streams in, last_in = start, and first_in too unless it
/// had to wait for leave to begin.
struct OpRecord {
  std::uint32_t op = 0;
  OpTiming timing;
  base::Cycles first_in, last_in;
  base::Cycles start;
  base::Cycles end;                  ///< the last beat out is available, or, where there is none, the result is there
  base::Cycles first_out, last_out;  ///< beats leave the output buffer; = end where nothing streams out
  /// [from, to) in which the unit was ready for a beat that had not come; only if watch_gaps() was called.
  std::vector<std::pair<base::Cycles, base::Cycles>> gaps;
};

class Operation {
 public:
  /// The operation takes its first beat, or begins, at `now`.
  Operation(std::uint32_t op, const OpTiming& timing, base::Cycles now);

  /// It had to wait for leave to begin, since `asked`.
  void held_up_since(base::Cycles asked) { record_.first_in = asked; }

  /// For traces: keeps the gaps between beats in, of which each takes `interval` cycles. Before the first beat.
  void watch_gaps(std::uint64_t interval) { gap_interval_ = interval; }

  /// Bursts: all beats in at once (none of them: leave out); returns the beats out, which may be none.
  BeatSchedule run(const BeatSchedule& pops);
  BeatSchedule run();

  /// Beats: a beat in is taken. Returns when the beat out that it completes is available (Through).
  std::optional<base::Cycles> take(base::Cycles now);
  /// All beats in are taken.
  [[nodiscard]] bool all_taken() const { return taken_ == record_.timing.beats_in; }
  /// Absorb and Barrier, all taken: the cycle of the result, first beat out or end.
  [[nodiscard]] base::Cycles result_at() const;
  /// Replaces latency and conflicts where they were found step by step. Only before result_at().
  void set_latency(std::uint64_t latency, std::uint64_t conflict_cycles);
  /// Beats: one more beat out is available / has left.
  void emit(base::Cycles now);
  void depart(base::Cycles now);
  [[nodiscard]] bool all_emitted() const { return emitted_ == record_.timing.beats_out; }
  [[nodiscard]] bool all_departed() const { return departed_ == record_.timing.beats_out; }

  /// The result is there, or the last beat out is available.
  void ends_at(base::Cycles now) { record_.end = now; }
  /// Bursts: when the beats out leave.
  void set_departures(const BeatSchedule& departures);
  [[nodiscard]] std::uint32_t index() const { return record_.op; }
  [[nodiscard]] const OpTiming& timing() const { return record_.timing; }
  [[nodiscard]] const OpRecord& record() const { return record_; }

 private:
  [[nodiscard]] BeatSchedule results() const;
  void add_gap(base::Cycles before, base::Cycles beat);
  std::optional<std::uint64_t> gap_interval_;
  OpRecord record_;
  std::uint64_t taken_ = 0, emitted_ = 0, departed_ = 0;
};

}  // namespace kiln::chip
