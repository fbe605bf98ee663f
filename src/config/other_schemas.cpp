// The keys of models (Hugging Face's names), bake recipes, GPUs and other machines.
#include <array>

#include "config/fields.hpp"
#include "config/model_limits.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::config {
namespace {

constexpr auto kRopeTypes = base::enum_names<RopeScalingKind>(
    {{RopeScalingKind::None, "null"}, {RopeScalingKind::Linear, "linear"}, {RopeScalingKind::Llama3, "llama3"}});
constexpr std::array<int, 5> kCodeWidths = {2, 3, 4, 6, 8};
constexpr auto kCodebooks =
    base::enum_names<CodebookKind>({{CodebookKind::Uniform, "uniform"}, {CodebookKind::KMeans, "kmeans"}});

void describe(FieldVisitor& v, RopeScaling& scaling) {
  // The words start after RopeScalingKind::None, which JSON writes as null.
  auto type = scaling.kind == RopeScalingKind::Linear ? std::size_t{0} : std::size_t{1};
  v.word("rope_type", type, std::span<const std::string_view>(kRopeTypes).subspan(1));
  scaling.kind = static_cast<RopeScalingKind>(type + 1);
  v.real("factor", scaling.factor, "", kRopeFactors);
  if (scaling.kind != RopeScalingKind::Llama3 && !v.wants_all()) return;
  v.real("low_freq_factor", scaling.low_freq_factor, "", kRopeFactors);
  v.real("high_freq_factor", scaling.high_freq_factor, "", kRopeFactors);
  v.integer("original_max_position_embeddings", scaling.original_max_position_embeddings, "tokens", kTokenCounts);
}

void describe(FieldVisitor& v, GpuEngine& engine) {
  v.real("step_overhead_ms", engine.step_overhead_ms, "ms", {0, 1000});
  v.real("bandwidth_efficiency", engine.bandwidth_efficiency, "", {0, 1, true});
  v.real("kv_efficiency", engine.kv_efficiency, "", {0, 1, true});
  v.real("error_mean_percent", engine.error_mean_percent, "%", {0, 1e6});
  v.real("error_p90_percent", engine.error_p90_percent, "%", {0, 1e6});
  v.integer("error_rows", engine.error_rows, "rows", {0, 1U << 20});
  v.text("dates", engine.dates, Text::Note);
}

void describe(FieldVisitor& v, TensorFormat& format, Need need) {
  v.one_of("bits", format.bits, "bits", kCodeWidths, need);
  v.choice("codebook", format.codebook, kCodebooks, need);
}

}  // namespace

void describe(FieldVisitor& v, ModelConfig& model) {
  v.text("name", model.name, Text::Name);
  v.integer("hidden_size", model.hidden_size, "elements", kWidths);
  v.integer("intermediate_size", model.intermediate_size, "elements", kWidths);
  v.integer("num_hidden_layers", model.layers, "layers", kLayerCounts);
  v.integer("num_attention_heads", model.heads, "heads", kHeadCounts);
  v.integer("num_key_value_heads", model.kv_heads, "heads", kHeadCounts);
  const bool given = v.integer("head_dim", model.head_dim, "elements", kHeadWidths, Need::Optional);
  if (!given && model.heads > 0 && model.hidden_size % model.heads == 0)
    model.head_dim = model.hidden_size / model.heads;
  v.integer("vocab_size", model.vocab_size, "tokens", kTokenCounts);
  v.integer("max_position_embeddings", model.max_context, "tokens", kTokenCounts);
  v.real("rms_norm_eps", model.rms_norm_eps, "", kEpsilons);
  v.real("rope_theta", model.rope_theta, "", kThetas);
  bool scaled = model.rope_scaling.kind != RopeScalingKind::None;
  v.object_or_null(
      "rope_scaling", scaled, [&] { describe(v, model.rope_scaling); }, Need::Optional);
  v.flag("tie_word_embeddings", model.tied_embeddings);
}

void describe(FieldVisitor& v, BakeRecipe& recipe) {
  v.text("name", recipe.name, Text::Name);
  std::string description;
  v.text("description", description, Text::Note, Need::Optional);
  // With a base a class has only what differs; canonical JSON has all of every class and no base.
  std::array<TensorFormat, kTensorClasses>& formats = recipe.formats;
  bool based = false;
  if (v.takes_shorthand()) {
    TensorFormat base;
    based = v.object(
        "base", [&] { describe(v, base, Need::Required); }, Need::Optional);
    if (based) formats.fill(base);
  }
  const Need need = based ? Need::Optional : Need::Required;
  v.object(
      "classes",
      [&] {
        for (std::size_t c = 0; c < kTensorClasses; ++c)
          v.object(
              kTensorClassNames[c], [&] { describe(v, formats[c], need); }, need);
      },
      need);
}

void describe(FieldVisitor& v, GpuSpec& gpu) {
  v.text("name", gpu.name, Text::Name);
  v.text("description", gpu.description, Text::Note);
  v.real("memory_gb", gpu.memory_gb, "GB", {0, 1e6, true});
  v.real("bandwidth_gb_per_s", gpu.bandwidth_gb_per_s, "GB/s", {0, 1e6, true});
  v.real("bf16_tflops", gpu.bf16_tflops, "TFLOPS", {0, 1e6, true});
  v.real("fp8_or_int8_tflops", gpu.fp8_or_int8_tflops, "TFLOPS", {0, 1e6});
  v.flag("fp8_in_hardware", gpu.fp8_in_hardware);
  v.real("power_w", gpu.power_w, "W", {0, 1e5, true});
  v.real("link_gb_per_s", gpu.link_gb_per_s, "GB/s", {0, 1e6, true});
  bool priced = gpu.price_usd_per_h.has_value();
  PriceRange price = gpu.price_usd_per_h.value_or(PriceRange{});
  v.object_or_null(
      "price_usd_per_h", priced,
      [&] {
        v.real("low", price.low, "USD/h", {0, 1e6, true});
        v.real("high", price.high, "USD/h", {0, 1e6, true});
      },
      Need::Optional);
  if (priced) gpu.price_usd_per_h = price;
  v.integer("measurements", gpu.measurements, "rows", {0, 1U << 20});
  v.integer("single_measurements", gpu.single_measurements, "rows", {0, 1U << 20});
  v.real("compute_efficiency", gpu.compute_efficiency, "", {0, 1, true});
  v.real("fp8_compute_efficiency", gpu.fp8_compute_efficiency, "", {0, 1, true});
  v.real("sequence_overhead_ms", gpu.sequence_overhead_ms, "ms", {0, 1000});
  v.real("fp8_efficiency", gpu.fp8_efficiency, "", {0, 2, true});
  v.real("int8_efficiency", gpu.int8_efficiency, "", {0, 2, true});
  v.real("int4_efficiency", gpu.int4_efficiency, "", {0, 2, true});
  v.real("power_base", gpu.power_base, "", {0, 1, true});
  v.real("power_memory", gpu.power_memory, "", {0, 10});
  v.real("power_compute", gpu.power_compute, "", {0, 10});
  v.real("energy_error_mean_percent", gpu.energy_error_mean_percent, "%", {0, 1e6});
  v.real("batch_error_mean_percent", gpu.batch_error_mean_percent, "%", {0, 1e6});
  v.real("batch_error_p90_percent", gpu.batch_error_p90_percent, "%", {0, 1e6});
  v.integer("batch_error_rows", gpu.batch_error_rows, "rows", {0, 1U << 20});
  v.object("engines", [&] {
    for (std::size_t i = 0; i < kGpuEngines.size(); ++i) v.object(kGpuEngines[i], [&] { describe(v, gpu.engines[i]); });
  });
  v.text("source", gpu.source, Text::Note);
}

void describe(FieldVisitor& v, ReferenceMachine& machine) {
  v.text("name", machine.name, Text::Name);
  v.text("description", machine.description, Text::Note);
  v.text("model", machine.model, Text::Note);
  v.real("tokens_per_s_user_low", machine.tokens_per_s_user_low, "tokens/s", {0, 1e9, true});
  v.real("tokens_per_s_user_high", machine.tokens_per_s_user_high, "tokens/s", {0, 1e9, true});
  v.choice("tag", machine.tag, kMachineTags);
  v.text("date", machine.date, Text::Note);
  v.text("source", machine.source, Text::Note);
}

}  // namespace kiln::config
