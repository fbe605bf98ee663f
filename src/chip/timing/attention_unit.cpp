#include "chip/timing/attention_unit.hpp"

#include <algorithm>

#include "chip/timing/reduction_tree.hpp"
#include "chip/timing/streams.hpp"

namespace kiln::chip {

AttentionUnit::AttentionUnit(const program::Placement& placement)
    : placement_(placement),
      input_cycles_(input_cycles(placement)),
      output_cycles_(cycles_per_beat(placement.chip().link, placement.chip().attention.output_lanes)),
      write_slots_(2 * beats_of(placement.chip().link, placement.model().kv_width()) * input_cycles_) {}

// Words of a token are one after the other, so those of a beat spread over the banks evenly.
std::uint64_t AttentionUnit::input_cycles(const program::Placement& placement) {
  const config::ChipConfig& chip = placement.chip();
  return std::max(cycles_per_beat(chip.link, chip.attention.input_lanes),
                  base::ceil_div(words_of_a_beat(placement), chip.kv.banks));
}

std::uint64_t AttentionUnit::softmax_cycles(std::uint64_t context) const {
  const config::AttentionConfig& a = placement_.chip().attention;
  return base::ceil_div(placement_.model().heads * context, a.softmax_lanes) + a.softmax_cycles;
}

std::uint64_t AttentionUnit::start_delay() const {
  return last_lane_group(input_cycles_) + placement_.chip().kv.write_cycles;
}

std::uint64_t AttentionUnit::output_delay() const {
  return placement_.chip().attention.reciprocal_cycles + last_lane_group(output_cycles_);
}

std::uint64_t AttentionUnit::fixed_cycles(std::uint64_t context) const {
  const config::AttentionConfig& a = placement_.chip().attention;
  const config::KvConfig& kv = placement_.chip().kv;
  return start_delay() + 2 * std::uint64_t{kv.read_cycles} + a.score_cycles + softmax_cycles(context) + a.value_cycles +
         output_delay();
}

OpTiming AttentionUnit::timing(std::uint64_t context, const ReadCost& reads) const {
  const config::ChipConfig& chip = placement_.chip();
  OpTiming t;
  t.flow = Flow::Barrier;
  t.beats_in = output_beats(placement_, program::ArrayKind::Qkv);
  t.beats_out = beats_of(chip.link, placement_.model().q_width());
  t.start_delay = start_delay();
  t.conflict_cycles = 2 * reads.conflict_cycles;
  t.latency = fixed_cycles(context) + 2 * reads.steps + t.conflict_cycles;
  t.interval = output_cycles_;
  return t;
}

void AttentionUnit::count(std::uint64_t context, const ReadCost& reads, program::Activity& activity) const {
  const config::ModelConfig& model = placement_.model();
  const std::uint64_t macs = std::uint64_t{model.q_width()} * context;
  activity.kv_words_read += 2 * reads.words;
  activity.kv_words_written += 2 * std::uint64_t{model.kv_heads} * placement_.kv().row_words;
  activity.kv_conflict_cycles += 2 * reads.conflict_cycles;
  activity.score_macs += macs;
  activity.value_macs += macs;
  activity.exponentials += std::uint64_t{model.heads} * context;
}

AttentionSteps::AttentionSteps(const AttentionUnit& unit, std::uint64_t context, base::Cycles last_in)
    : unit_(unit),
      context_(context),
      now_(last_in + base::Cycles(unit.start_delay())),
      reads_(unit.placement(), context) {}

base::Cycles AttentionSteps::next() {
  const config::ChipConfig& chip = unit_.placement().chip();
  if (const auto cycles = reads_.step()) return now_ += base::Cycles(*cycles);
  conflict_cycles_ += reads_.cost().conflict_cycles;
  if (phase_ == Phase::Scores) {  // the last score, then the softmax
    now_ +=
        base::Cycles(std::uint64_t{chip.kv.read_cycles} + chip.attention.score_cycles + unit_.softmax_cycles(context_));
    reads_ = KvStepReads(unit_.placement(), context_);
    phase_ = Phase::Values;
  } else {
    now_ += base::Cycles(std::uint64_t{chip.kv.read_cycles} + chip.attention.value_cycles + unit_.output_delay());
    phase_ = Phase::Done;
  }
  return now_;
}

}  // namespace kiln::chip
