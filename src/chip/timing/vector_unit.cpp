#include "chip/timing/vector_unit.hpp"

#include <algorithm>

#include "chip/timing/chip_link.hpp"
#include "chip/timing/reduction_tree.hpp"
#include "chip/timing/streams.hpp"

namespace kiln::chip {

using program::OpKind;

VectorUnit::VectorUnit(const program::Placement& placement)
    : vector_(placement.chip().vector),
      beat_cycles_(cycles_per_beat(placement.chip().link, vector_.lanes)),
      wire_cycles_(ChipLink(placement.chip()).beat_cycles()),
      hidden_beats_(beats_of(placement.chip().link, placement.model().hidden_size)),
      q_beats_(beats_of(placement.chip().link, placement.model().q_width())),
      qkv_beats_(output_beats(placement, program::ArrayKind::Qkv)),
      ffn_beats_(beats_of(placement.chip().link, placement.model().intermediate_size)) {}

OpTiming VectorUnit::send_timing(bool between_chips) const {
  OpTiming t;
  t.beats_out = hidden_beats_;
  t.latency = 1 + last_lane_group(beat_cycles_);  // the residual's registers
  t.interval = between_chips ? std::max(beat_cycles_, wire_cycles_) : beat_cycles_;
  return t;
}

OpTiming VectorUnit::timing(OpKind kind, bool ends_token) const {
  const config::VectorConfig& v = vector_;
  OpTiming t;
  switch (kind) {
    case OpKind::StoreResidual:
    case OpKind::AddResidual:
      t.flow = Flow::Absorb;
      t.beats_in = hidden_beats_;
      t.beats_out = ends_token ? 1 : 0;
      t.latency = v.add_cycles;
      break;
    case OpKind::Norm:  // one pass for the sum of squares, one that scales, transforms and quantises
      t.flow = Flow::Barrier;
      t.beats_out = hidden_beats_;
      t.latency = hidden_beats_ * beat_cycles_ + v.sum_cycles + v.rsqrt_cycles + v.scale_cycles + v.hadamard_cycles +
                  v.quantise_cycles;
      t.interval = beat_cycles_;
      break;
    case OpKind::RopeQuantise:
      t.flow = Flow::Through;
      t.beats_in = t.beats_out = qkv_beats_;
      t.latency = v.rope_cycles + v.hadamard_cycles + v.quantise_cycles;
      break;
    case OpKind::QuantiseAttention:
      t.flow = Flow::Through;
      t.beats_in = t.beats_out = q_beats_;
      t.latency = v.quantise_cycles;
      break;
    case OpKind::SiluMultiply:
      t.flow = Flow::Through;
      t.beats_in = 2 * ffn_beats_;
      t.beats_out = ffn_beats_;
      t.gather = 2;
      t.latency = v.silu_cycles + v.hadamard_cycles + v.quantise_cycles;
      break;
    default:
      base::check(false, "vector unit: an operation of another unit");
  }
  t.latency += last_lane_group(beat_cycles_);
  return t;
}

void VectorUnit::count(const program::Op& op, program::Activity& activity) const {
  activity.vector_elements += op.elements_in > 0 ? op.elements_in : op.elements_out;
}

}  // namespace kiln::chip
