#include "chip/attention_unit.hpp"

#include "chip/reduction_tree.hpp"
#include "chip/streams.hpp"

namespace kiln::chip {

AttentionUnit::AttentionUnit(const program::Placement& placement) : placement_(placement) {
  const config::ChipConfig& chip = placement.chip();
  write_slots_ =
      2 * beats_of(chip.link, placement.model().kv_width()) * cycles_per_beat(chip.link, chip.attention.input_lanes);
}

std::uint64_t AttentionUnit::softmax_cycles(std::uint64_t context) const {
  const config::AttentionConfig& a = placement_.chip().attention;
  return base::ceil_div(placement_.model().heads * context, a.softmax_lanes) + a.softmax_cycles;
}

std::uint64_t AttentionUnit::fixed_cycles(std::uint64_t context) const {
  const config::AttentionConfig& a = placement_.chip().attention;
  const config::KvConfig& kv = placement_.chip().kv;
  return std::uint64_t{kv.write_cycles} + 2 * std::uint64_t{kv.read_cycles} + a.score_cycles + softmax_cycles(context) +
         a.value_cycles + a.reciprocal_cycles;
}

OpTiming AttentionUnit::timing(std::uint64_t context, const ReadCost& reads) const {
  const config::ChipConfig& chip = placement_.chip();
  OpTiming t;
  t.flow = Flow::Barrier;
  t.beats_in = output_beats(placement_, program::ArrayKind::Qkv);
  t.beats_out = beats_of(chip.link, placement_.model().q_width());
  t.start_delay = chip.kv.write_cycles;
  t.conflict_cycles = 2 * reads.conflict_cycles;
  t.latency = fixed_cycles(context) + 2 * reads.steps + t.conflict_cycles;
  t.interval = cycles_per_beat(chip.link, chip.attention.output_lanes);
  return t;
}

void AttentionUnit::count(std::uint64_t context, const ReadCost& reads, Activity& activity) const {
  const config::ModelConfig& model = placement_.model();
  const std::uint64_t macs = std::uint64_t{model.q_width()} * context;
  activity.kv_words_read += 2 * reads.words;
  activity.kv_words_written += 2 * std::uint64_t{model.kv_heads} * placement_.kv().row_words;
  activity.kv_conflict_cycles += 2 * reads.conflict_cycles;
  activity.score_macs += macs;
  activity.value_macs += macs;
  activity.exponentials += std::uint64_t{model.heads} * context;
}

AttentionWalk::AttentionWalk(const AttentionUnit& unit, std::uint64_t context, base::Cycles last_in)
    : unit_(unit),
      context_(context),
      now_(last_in + base::Cycles(unit.placement().chip().kv.write_cycles)),
      walk_(unit.placement(), context) {}

base::Cycles AttentionWalk::next() {
  const config::ChipConfig& chip = unit_.placement().chip();
  if (const auto cycles = walk_.step()) return now_ += base::Cycles(*cycles);
  conflict_cycles_ += walk_.cost().conflict_cycles;
  if (phase_ == Phase::Scores) {  // the last score, then the softmax
    now_ +=
        base::Cycles(std::uint64_t{chip.kv.read_cycles} + chip.attention.score_cycles + unit_.softmax_cycles(context_));
    walk_ = KvWalk(unit_.placement(), context_);
    phase_ = Phase::Values;
  } else {
    now_ += base::Cycles(std::uint64_t{chip.kv.read_cycles} + chip.attention.value_cycles +
                         chip.attention.reciprocal_cycles);
    phase_ = Phase::Done;
  }
  return now_;
}

}  // namespace kiln::chip
