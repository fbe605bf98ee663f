#include "closed_form/token_path.hpp"

#include <algorithm>
#include <numeric>

#include "closed_form/array_formulas.hpp"
#include "closed_form/context_cost.hpp"
#include "kiln/base/units.hpp"

namespace kiln::closed_form {
namespace {

using base::ceil_div;
using config::Link;
using program::ArrayKind;
using program::Unit;

/// Beats on their way, the last of them available where the path has come to.
struct Stream {
  std::uint64_t beats = 0;
  std::uint64_t interval = 0;
};

class PathSum {
 public:
  explicit PathSum(const program::Placement& placement)
      : placement_(placement),
        chip_(placement.chip()),
        width_(chip_.link.beat_elements()),
        lane_slot_(slot(chip_.vector.lanes)) {}

  Path head() {
    begin();
    add(Unit::Sequencer, chip_.sequencer.issue_cycles);
    add(Unit::Links, chip_.link[Link::SequencerToEmbedding]);
    auto row =
        emit(Unit::EmbeddingRom, chip_.embedding.read_cycles, hidden_beats(), slot(chip_.embedding.elements_per_cycle));
    receive(row, chip_.link[Link::EmbeddingToVector], Unit::VectorUnit, lane_slot_);
    add(Unit::VectorUnit, lane_slot_ - 1 + chip_.vector.add_cycles);
    return path_;
  }

  /// Without the KV reads and the softmax.
  Path layer() {
    begin();
    const auto& vector = chip_.vector;
    auto qkv = multiply(ArrayKind::Qkv, norm());
    receive(qkv, chip_.link[Link::TreeToVector], Unit::VectorUnit, lane_slot_);
    add(Unit::VectorUnit, lane_slot_ - 1 + vector.rope_cycles + vector.hadamard_cycles + vector.quantise_cycles);
    auto result = attend(qkv);
    receive(result, chip_.link[Link::AttentionToVector], Unit::VectorUnit, lane_slot_);
    add(Unit::VectorUnit, lane_slot_ - 1 + vector.quantise_cycles);
    add_residual(multiply(ArrayKind::O, result));

    auto pairs = multiply(ArrayKind::GateUp, norm());
    receive(pairs, chip_.link[Link::TreeToVector], Unit::VectorUnit, lane_slot_);
    add(Unit::VectorUnit, lane_slot_ - 1 + vector.silu_cycles + vector.hadamard_cycles + vector.quantise_cycles);
    add_residual(multiply(ArrayKind::Down, Stream{pairs.beats / 2, pairs.interval * 2}));
    return path_;
  }

  Path tail_without_logits() {
    begin();
    add(Unit::Links, chip_.link[Link::VectorToSequencer] + way_back());
    add(Unit::Sequencer, chip_.sequencer.commit_cycles);
    return path_;
  }

  Path tail_with_logits() {
    begin();
    auto logits = multiply(ArrayKind::LmHead, norm());
    receive(logits, chip_.link[Link::TreeToSampler], Unit::Sampler, slot(chip_.sampler.lanes));
    add(Unit::Sampler, slot(chip_.sampler.lanes) - 1 + chip_.sampler.compare_cycles);
    add(Unit::Links, chip_.link[Link::SamplerToSequencer] + way_back());
    add(Unit::Sequencer, chip_.sequencer.commit_cycles);
    return path_;
  }

  /// Cycles for a result from the last chip to the first.
  [[nodiscard]] std::uint64_t way_back() const { return chip_.chips.count > 1 ? chip_.chips.latency_cycles : 0; }
  [[nodiscard]] StageTerms::ResidualTransfer residual_transfer(std::uint64_t registers, std::uint64_t pace) const {
    const std::uint64_t interval = std::max(lane_slot_, pace);
    return {lane_slot_ + (hidden_beats() - 1) * interval, registers, lane_slot_ - 1 + chip_.vector.add_cycles};
  }
  [[nodiscard]] std::uint64_t wire_pace() const { return ceil_div(4 * width_, chip_.chips.bytes_per_cycle); }

 private:
  void begin() { path_ = {}; }
  void add(Unit unit, std::uint64_t cycles) { path_[static_cast<std::size_t>(unit)] += cycles; }

  [[nodiscard]] std::uint64_t slot(std::uint64_t elements_per_cycle) const {
    return ceil_div(width_, elements_per_cycle);
  }
  [[nodiscard]] std::uint64_t beats(std::uint64_t elements) const { return ceil_div(elements, width_); }
  [[nodiscard]] std::uint64_t hidden_beats() const { return beats(placement_.model().hidden_size); }

  /// The first element after `latency`, a beat every `interval`, in which the last of its elements is there.
  Stream emit(Unit unit, std::uint64_t latency, std::uint64_t count, std::uint64_t interval) {
    add(unit, latency + count * interval - 1);
    return {count, interval};
  }

  void receive(Stream& stream, std::uint64_t registers, Unit unit, std::uint64_t interval) {
    add(Unit::Links, registers);
    const std::uint64_t paced = std::max(stream.interval, interval);
    add(unit, (stream.beats - 1) * (paced - stream.interval));
    stream.interval = paced;
  }

  Stream norm() {
    const auto& v = chip_.vector;
    const std::uint64_t squares = hidden_beats() * lane_slot_ + v.sum_cycles + v.rsqrt_cycles;
    return emit(Unit::VectorUnit, squares + v.scale_cycles + v.hadamard_cycles + v.quantise_cycles, hidden_beats(),
                lane_slot_);
  }

  Stream multiply(ArrayKind kind, Stream input) {
    const Unit array = program::array_unit(kind);
    const auto& plan = placement_.array(kind);
    receive(input, chip_.link[Link::VectorToArray], array, 1);
    const std::uint64_t product = product_cycles(placement_.tile(kind), plan.inputs, plan.outputs);
    add(array, 1 + product);  // 1: the barrier after the last beat
    add(Unit::Lora, std::max(adapter_cycles(kind), product) - product);
    add(Unit::Links, chip_.link[Link::ArrayToTree]);
    std::uint64_t count = 0;  // each section begins with a beat of its own
    for (const auto& section : placement_.dataflow().sections(kind)) count += beats(section.rows);
    const auto& tree = chip_.reduction;
    const std::uint64_t levels = tree_depth(plan.tiles_over_inputs, tree.fan_in);
    const std::uint64_t sum = placement_.adapts(kind) ? chip_.lora->add_cycles : 0;
    return emit(program::tree_unit(kind), levels * tree.level_cycles + tree.scale_cycles + sum, count,
                slot(tree.outputs_per_cycle));
  }

  /// From the start of the array's product to B (A x), for the sections that have an adapter.
  [[nodiscard]] std::uint64_t adapter_cycles(ArrayKind kind) const {
    if (!placement_.adapts(kind)) return 0;
    const config::LoraConfig& lora = *chip_.lora;
    std::uint64_t inner = 0, outer = 0;
    for (const auto& section : placement_.dataflow().sections(kind)) {
      const std::uint64_t rank = placement_.dataflow().adapter().rank(section.tensor_class);
      inner += rank * placement_.dataflow().inputs(kind);
      outer += rank * section.rows;
    }
    return ceil_div(inner, lora.macs) + ceil_div(outer, lora.macs) + lora.quantise_cycles +
           2 * (std::uint64_t{lora.read_cycles} + lora.multiply_cycles + lora.accumulate_cycles);
  }

  Stream attend(Stream& qkv) {
    const auto& a = chip_.attention;
    const auto& kv = chip_.kv;
    const std::uint64_t input_slot = std::max(slot(a.input_lanes), ceil_div(words_in_a_beat(placement_), kv.banks));
    receive(qkv, chip_.link[Link::VectorToAttention], Unit::Attention, input_slot);
    const std::uint64_t latency = input_slot - 1 + kv.write_cycles + kv.read_cycles + a.score_cycles +
                                  a.softmax_cycles + kv.read_cycles + a.value_cycles + a.reciprocal_cycles;
    return emit(Unit::Attention, latency, beats(placement_.model().q_width()), slot(a.output_lanes));
  }

  void add_residual(Stream stream) {
    receive(stream, chip_.link[Link::TreeToVector], Unit::VectorUnit, lane_slot_);
    add(Unit::VectorUnit, lane_slot_ - 1 + chip_.vector.add_cycles);
  }

  const program::Placement& placement_;
  const config::ChipConfig& chip_;
  std::uint64_t width_;      ///< elements of a beat
  std::uint64_t lane_slot_;  ///< cycles of a beat in the vector unit
  Path path_{};
};

}  // namespace

std::uint64_t total(const Path& path) { return std::accumulate(path.begin(), path.end(), std::uint64_t{0}); }

Path plus(const Path& a, const Path& b, std::uint64_t times) {
  Path sum = a;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += times * b[i];
  return sum;
}

StageTerms stage_terms(const program::Placement& placement) {
  PathSum path(placement);
  const auto& chip = placement.chip();
  StageTerms terms;
  terms.enter = total(path.head());
  terms.layer = total(path.layer());
  terms.head_home = chip.link[Link::SamplerToSequencer] + path.way_back() + chip.sequencer.commit_cycles;
  terms.head = total(path.tail_with_logits()) - terms.head_home;
  terms.draw = chip.sampler.draw_cycles;
  terms.plain_home = total(path.tail_without_logits());
  terms.on_chip = path.residual_transfer(chip.link[Link::VectorToVector], 1);
  terms.between_chips = path.residual_transfer(chip.chips.latency_cycles, path.wire_pace());
  return terms;
}

Path layer_path(const program::Placement& placement) { return PathSum(placement).layer(); }

TokenPaths fixed_paths(const program::Placement& placement) {
  PathSum path(placement);
  const Path body = plus(path.head(), path.layer(), placement.model().layers);
  return {plus(body, path.tail_without_logits()), plus(body, path.tail_with_logits())};
}

}  // namespace kiln::closed_form
