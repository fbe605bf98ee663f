#include "kiln/closed_form/activity.hpp"

#include <algorithm>

#include "closed_form/context_cost.hpp"

namespace kiln::closed_form {
namespace {

using base::ceil_div;
using config::Link;
using program::Activity;
using program::ArrayKind;

constexpr std::uint64_t kInputsOfAScale = 64;

/// Counts of one token: what every token does, and what only one with logits does.
class TokenCounts {
 public:
  explicit TokenCounts(const program::Placement& placement)
      : placement_(placement), model_(placement.model()), chip_(placement.chip()) {}

  [[nodiscard]] Activity of(bool with_logits) const {
    Activity a;
    a.embedding_reads = model_.hidden_size;
    a.vector_elements = hidden() + layers() * layer_elements();
    a.kv_words_written = layers() * 2 * model_.kv_heads * placement_.kv().row_words;
    a.link_beats = chip_.link[Link::SequencerToEmbedding] + beats(hidden()) * chip_.link[Link::EmbeddingToVector] +
                   layers() * layer_beats();
    for (const auto kind : {ArrayKind::Qkv, ArrayKind::O, ArrayKind::GateUp, ArrayKind::Down})
      add_array(kind, layers(), a);
    const std::uint64_t home = way_back();
    if (with_logits) {
      add_array(ArrayKind::LmHead, 1, a);
      a.vector_elements += hidden();
      a.logits_compared = model_.vocab_size;
      a.link_beats += beats(hidden()) * chip_.link[Link::VectorToArray] + chip_.link[Link::ArrayToTree] +
                      output_beats(ArrayKind::LmHead) * chip_.link[Link::TreeToSampler] +
                      chip_.link[Link::SamplerToSequencer] + home;
    } else {
      a.link_beats += chip_.link[Link::VectorToSequencer] + home;
    }
    add_stages(with_logits, a);
    return a;
  }

 private:
  [[nodiscard]] std::uint64_t hidden() const { return model_.hidden_size; }
  [[nodiscard]] std::uint64_t layers() const { return model_.layers; }
  [[nodiscard]] std::uint64_t beats(std::uint64_t elements) const {
    return ceil_div(elements, std::uint64_t{chip_.link.beat_elements()});
  }
  [[nodiscard]] std::uint64_t way_back() const { return chip_.chips.count > 1 ? chip_.chips.latency_cycles : 0; }
  /// Each section begins a new beat.
  [[nodiscard]] std::uint64_t output_beats(ArrayKind kind) const {
    std::uint64_t count = 0;
    for (const auto& section : placement_.dataflow().sections(kind)) count += beats(section.rows);
    return count;
  }

  /// Two norms, two additions to the residual, q, k and v rotated, the attention's result, gate and up.
  [[nodiscard]] std::uint64_t layer_elements() const {
    const std::uint64_t q = model_.q_width();
    return 4 * hidden() + (q + 2 * std::uint64_t{model_.kv_width()}) + q + 2 * std::uint64_t{model_.intermediate_size};
  }
  [[nodiscard]] std::uint64_t layer_beats() const {
    const std::uint64_t q = beats(model_.q_width());
    const std::uint64_t into_arrays = 2 * beats(hidden()) + q + beats(model_.intermediate_size);
    std::uint64_t out_of_trees = 0;
    for (const auto kind : {ArrayKind::Qkv, ArrayKind::O, ArrayKind::GateUp, ArrayKind::Down})
      out_of_trees += output_beats(kind);
    return into_arrays * chip_.link[Link::VectorToArray] + std::uint64_t{4} * chip_.link[Link::ArrayToTree] +
           out_of_trees * chip_.link[Link::TreeToVector] +
           output_beats(ArrayKind::Qkv) * chip_.link[Link::VectorToAttention] + q * chip_.link[Link::AttentionToVector];
  }

  void add_array(ArrayKind kind, std::uint64_t times, Activity& a) const {
    const auto& plan = placement_.array(kind);
    a.group_scales += times * plan.outputs * ceil_div(plan.inputs, kInputsOfAScale);
    a.tree_additions += times * plan.outputs * (plan.tiles_over_inputs - 1);
    a.row_results += times * plan.outputs;
    if (!placement_.adapts(kind)) return;
    for (const auto& section : placement_.dataflow().sections(kind)) {
      const std::uint64_t rank = placement_.dataflow().adapter().rank(section.tensor_class);
      a.lora_macs += times * rank * (std::uint64_t{placement_.dataflow().inputs(kind)} + section.rows);
      if (rank > 0) a.lora_additions += times * section.rows;
    }
  }

  /// Between two stages the residual is sent and stored.
  void add_stages(bool with_logits, Activity& a) const {
    const auto& stages = placement_.dataflow().stages();
    const std::size_t last = with_logits ? stages.size() - 1 : placement_.dataflow().last_layer_stage();
    for (std::size_t s = 0; s < last; ++s) {
      const bool on_chip = stages[s].chip == stages[s + 1].chip;
      a.vector_elements += 2 * hidden();
      a.link_beats +=
          beats(hidden()) * (on_chip ? chip_.link[Link::VectorToVector] : std::uint64_t{chip_.chips.latency_cycles});
    }
  }

  const program::Placement& placement_;
  const config::ModelConfig& model_;
  const config::ChipConfig& chip_;
};

void add_times(const Activity& of_one, std::uint64_t times, Activity& sum) {
  for (const auto& counter : program::kActivityCounters) sum.*counter.value += times * (of_one.*counter.value);
}

}  // namespace

bool of_a_tile_kind(const program::Counter<Activity>& counter) {
  for (const auto value :
       {&Activity::products, &Activity::selections, &Activity::plane_bits, &Activity::counted_bits,
        &Activity::constant_multiplications, &Activity::rom_rows_read, &Activity::multiply_accumulates})
    if (counter.value == value) return true;
  return false;
}

RunCounts run_counts(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t answer_tokens,
                     std::uint64_t cached_prefix) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  base::check(prompt_tokens >= 1 && answer_tokens >= 1 && cached_prefix <= capacity &&
                  prompt_tokens <= capacity - cached_prefix,
              "closed form: the prompt has a place in the KV cache");
  const std::uint64_t prompt_end = cached_prefix + prompt_tokens;
  RunCounts counts;
  counts.logits_tokens = std::min(answer_tokens, capacity - prompt_end + 1);
  counts.tokens = prompt_tokens - 1 + counts.logits_tokens;
  Activity& a = counts.activity;
  const TokenCounts token(placement);
  add_times(token.of(false), prompt_tokens - 1, a);
  add_times(token.of(true), counts.logits_tokens, a);

  // A token sees itself and all before it.
  const auto up_to = [](std::uint64_t n) { return Wide{n} * (n + 1) / 2; };
  const std::uint64_t positions = cached_prefix + counts.tokens;
  const auto& model = placement.model();
  const Wide layers = model.layers, contexts = up_to(positions) - up_to(cached_prefix);
  a.kv_words_read = narrow(layers * 2 * model.kv_heads * placement.kv().row_words * contexts);
  a.score_macs = a.value_macs = narrow(layers * model.q_width() * contexts);
  a.exponentials = narrow(layers * model.heads * contexts);
  const ContextCost context(placement, positions);
  a.kv_conflict_cycles = narrow(layers * (context.up_to(positions).conflicts - context.up_to(cached_prefix).conflicts));
  a.host_tokens = prompt_tokens + counts.logits_tokens;
  return counts;
}

}  // namespace kiln::closed_form
