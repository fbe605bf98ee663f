#include "chip/timing/activity.hpp"

#include "chip/timing/attention_unit.hpp"
#include "chip/timing/embedding_rom.hpp"
#include "chip/timing/link_map.hpp"
#include "chip/timing/lm_head.hpp"
#include "chip/timing/lora_unit.hpp"
#include "chip/timing/reduction_tree.hpp"
#include "chip/timing/tile_array.hpp"
#include "chip/timing/vector_unit.hpp"

namespace kiln::chip {
namespace {

using program::Activity;
using program::Op;
using program::OpKind;
using program::Unit;

void add(Activity& to, const Activity& more, std::uint64_t times) {
  for (const auto& counter : program::kActivityCounters) to.*counter.value += times * (more.*counter.value);
}

/// A token, but for what attention counts, which depends on its position.
class Counts {
 public:
  explicit Counts(const program::Placement& placement) : placement_(placement), links_(placement), vector_(placement) {}

  Activity token(bool with_logits) {
    Activity activity;
    const auto& ops = placement_.dataflow().token(with_logits);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const Op* next = i + 1 < ops.size() ? &ops[i + 1] : nullptr;
      count(ops[i], activity);
      const std::uint64_t beats = next != nullptr ? beats_out(ops[i], *next) : 0;
      if (beats > 0) activity.link_beats += beats * links_.between(ops[i], *next).registers;
    }
    return activity;
  }

 private:
  void count(const Op& op, Activity& activity) const {
    switch (op.kind) {
      case OpKind::EmbeddingRead:
        return EmbeddingRom(placement_).count(activity);
      case OpKind::Multiply:
        TileArray(placement_, *op.array).count(activity);
        if (placement_.adapts(*op.array)) LoraUnit(placement_, *op.array).count(activity);
        return;
      case OpKind::Reduce:
        return ReductionTree(placement_, *op.array).count(activity);
      case OpKind::Sample:
        return Sampler(placement_).count(true, activity);
      default:
        if (op.unit == Unit::VectorUnit) vector_.count(op, activity);
    }
  }

  std::uint64_t beats_out(const Op& op, const Op& next) const {
    switch (op.kind) {
      case OpKind::Issue:
      case OpKind::Multiply:
      case OpKind::Sample:
        return 1;
      case OpKind::EmbeddingRead:
        return EmbeddingRom(placement_).timing().beats_out;
      case OpKind::Reduce:
        return ReductionTree(placement_, *op.array).timing().beats_out;
      case OpKind::Attend:
        return AttentionUnit(placement_).timing(1, {}).beats_out;
      case OpKind::SendResidual:
        return vector_.send_timing(false).beats_out;
      case OpKind::Commit:
        return 0;
      default:
        return vector_.timing(op.kind, next.kind == OpKind::Commit).beats_out;
    }
  }

  const program::Placement& placement_;
  LinkMap links_;
  VectorUnit vector_;
};

}  // namespace

Activity activity_of(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens) {
  const std::uint64_t tokens = prompt_tokens + answer_tokens - 1;  // the last answer token never enters the chip
  base::check(prompt_tokens > 0 && answer_tokens > 0 && tokens <= placement.kv().capacity_tokens,
              "activity: tokens that the KV cache does not hold");
  Activity activity;
  Counts counts(placement);
  if (prompt_tokens > 1) add(activity, counts.token(false), prompt_tokens - 1);
  add(activity, counts.token(true), answer_tokens);
  Activity layer;
  KvReads reads(placement);
  const AttentionUnit attention(placement);
  for (std::uint64_t context = 1; context <= tokens; ++context) attention.count(context, reads.phase(context), layer);
  add(activity, layer, placement.model().layers);
  activity.host_tokens = prompt_tokens + answer_tokens;
  return activity;
}

}  // namespace kiln::chip
