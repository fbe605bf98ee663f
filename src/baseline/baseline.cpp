#include "kiln/baseline/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kiln/base/enum_table.hpp"
#include "kiln/base/units.hpp"

namespace kiln::baseline {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr auto kNames = base::enum_names<Precision>(
    {{Precision::Bf16, "bf16"}, {Precision::Fp8, "fp8"}, {Precision::Int8, "int8"}, {Precision::Int4, "int4"}});
/// The names of Engine are the keys of a GPU's config.
constexpr auto kEngineNames = base::enum_names<Engine>({{Engine::Median, "median"},
                                                        {Engine::Vllm, "vllm"},
                                                        {Engine::TrtLlm, "trt-llm"},
                                                        {Engine::Sglang, "sglang"},
                                                        {Engine::GptFast, "gpt-fast"},
                                                        {Engine::Lmdeploy, "lmdeploy"},
                                                        {Engine::Mlc, "mlc"},
                                                        {Engine::Exllama, "exllama"},
                                                        {Engine::LlamaCpp, "llama.cpp"}});
static_assert(std::ranges::equal(kEngineNames, config::kGpuEngines));
constexpr std::uint64_t kMaximumBatch = 65536;
constexpr std::uint64_t kMaximumContext = 1U << 24;
constexpr std::uint64_t kBytesOf16Bits = 2;

constexpr std::uint64_t kMaximumGpus = 64;
constexpr double kLayersOfOverhead = 32;  // those of the models that t0 was fitted on

// What the constants were fitted on: 7-8 B models (trusted from half of that to twice that), batches
// to 512, contexts to 28,778 tokens.
constexpr std::uint64_t kFewestCalibratedWeights = 3'500'000'000;
constexpr std::uint64_t kMostCalibratedWeights = 16'000'000'000;
constexpr std::uint64_t kMostCalibratedBatch = 512;
constexpr std::uint64_t kMostCalibratedContext = 28'778;
constexpr double kPoorErrorPercent = 50;

// Tensor parallelism adds all activations up twice a layer. A choice, there is no measurement of it here: 10 us each,
// and 2 (n - 1) / n times the activations' 16-bit bytes at half the link's peak.
constexpr double kAllReduceMs = 0.01;
constexpr double kLinkEfficiency = 0.5;

/// 4 bits, and 16 + 4 bits for each 128 weights: 532 bits = 66.5 bytes for 128, so 133 for 256.
constexpr std::uint64_t int4_bytes(std::uint64_t weights) { return base::ceil_div(weights * 133, 256); }

std::uint64_t head_weights(const config::ModelConfig& model) {
  return std::uint64_t{model.hidden_size} * model.vocab_size;
}

/// Matrices of a valid model hold below 2^53 weights, so these products stay below 2^64.
std::uint64_t layer_bytes(const config::ModelConfig& model, Precision precision) {
  const std::uint64_t weights = model.active_matrix_weights() - head_weights(model);
  switch (precision) {
    case Precision::Bf16:
      return weights * kBytesOf16Bits;
    case Precision::Fp8:
    case Precision::Int8:
      return weights;
    case Precision::Int4:
      return int4_bytes(weights);
  }
  base::check(false, "a precision that does not exist");
  return 0;
}

std::vector<Doubt> doubts_of(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query) {
  std::vector<Doubt> doubts;
  const auto weights = model.active_matrix_weights();
  if (weights < kFewestCalibratedWeights || weights > kMostCalibratedWeights)
    doubts.push_back(
        {"", fmt::format("{:.3g} B active weights are far outside the calibrated sizes (7-8 B)", weights * 1e-9)});
  if (query.batch > kMostCalibratedBatch)
    doubts.push_back({"", fmt::format("batches above {} are outside the calibrated range", kMostCalibratedBatch)});
  if (query.context > kMostCalibratedContext)
    doubts.push_back(
        {"", fmt::format("contexts above {} tokens are outside the calibrated range", kMostCalibratedContext)});
  if (gpu.measurements == 0) {
    doubts.push_back({gpu.name, "has no measurements: it has the common constants"});
  } else if (gpu.single_measurements == 0 && query.batch == 1) {
    doubts.push_back({gpu.name, "has no measurements of one sequence: the error is that of GPUs left out of the fit"});
  } else if (query.batch > 1 && gpu.batch_error_mean_percent > kPoorErrorPercent) {
    doubts.push_back({"", fmt::format("the {} measurements of {} at several sequences are {:.0f} % off on average",
                                      gpu.batch_error_rows, gpu.name, gpu.batch_error_mean_percent)});
  }
  if (query.precision == Precision::Fp8 && !gpu.fp8_in_hardware)
    doubts.push_back({gpu.name,
                      "has no FP8 in hardware: the weights are widened and multiplied at 16 bits, as with "
                      "int8"});
  if (query.gpus > 1)
    doubts.push_back(
        {"", fmt::format("{} GPUs: the time of the links between them is assumed, not measured", query.gpus)});
  return doubts;
}

std::string note_of(const std::vector<Doubt>& doubts) {
  std::string note;
  for (const auto& doubt : doubts)
    note += (note.empty() ? "" : "; ") + (doubt.gpu.empty() ? "" : doubt.gpu + " ") + doubt.sentence;
  return note;
}

double precision_efficiency(const config::GpuSpec& gpu, Precision precision) {
  switch (precision) {
    case Precision::Bf16:
      return 1;
    case Precision::Fp8:
      return gpu.fp8_in_hardware ? gpu.fp8_efficiency : gpu.int8_efficiency;
    case Precision::Int8:
      return gpu.int8_efficiency;
    case Precision::Int4:
      return gpu.int4_efficiency;
  }
  base::check(false, "a precision that does not exist");
  return 0;
}

double flops_per_ms(const config::GpuSpec& gpu, Precision precision) {
  if (precision == Precision::Fp8 && gpu.fp8_in_hardware)
    return gpu.fp8_compute_efficiency * gpu.fp8_or_int8_tflops * 1e9;
  return gpu.compute_efficiency * gpu.bf16_tflops * 1e9;
}

double link_ms(const config::GpuSpec& gpu, const config::ModelConfig& model, double gpus, double tokens) {
  if (gpus == 1) return 0;
  const double bytes = 2 * (gpus - 1) / gpus * tokens * model.hidden_size * kBytesOf16Bits;
  return 2.0 * model.layers * (kAllReduceMs + bytes / (kLinkEfficiency * gpu.link_gb_per_s * 1e6));
}

/// Of all GPUs: the limit times a constant part and the shares of the step that read and compute.
double power_w(const config::GpuSpec& gpu, const StepParts& parts, std::uint64_t gpus) {
  const double total = parts.total();
  const double reading = std::min(1.0, (parts.weights + parts.kv) / total);
  const double computing = std::min(1.0, parts.compute / total);
  const double share = gpu.power_base + gpu.power_memory * reading + gpu.power_compute * computing;
  return static_cast<double>(gpus) * gpu.power_w * std::min(1.0, share);
}

base::Status check_query(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query) {
  if (const auto status = model.validate(); !status)
    return base::Error{fmt::format("model {}: {}", model.name, status.error().message)};
  if (query.batch < 1 || query.batch > kMaximumBatch)
    return base::Error{fmt::format("batch is {}; expected 1 to {}", query.batch, kMaximumBatch)};
  if (query.context > kMaximumContext)
    return base::Error{fmt::format("context is {} tokens; expected at most {}", query.context, kMaximumContext)};
  if (query.gpus < 1 || query.gpus > kMaximumGpus)
    return base::Error{fmt::format("the number of GPUs is {}; expected 1 to {}", query.gpus, kMaximumGpus)};
  if (query.precision == Precision::Fp8 && gpu.fp8_in_hardware && gpu.fp8_or_int8_tflops <= 0)
    return base::Error{
        fmt::format("{} has FP8 in hardware and no /fp8_or_int8_tflops; expected its dense rate", gpu.name)};
  return {};
}

}  // namespace

std::string_view name(Precision precision) { return kNames[precision]; }

base::Result<Precision> precision_from(std::string_view text) {
  if (const auto precision = kNames.find(text)) return *precision;
  return base::Error{fmt::format("precision is \"{}\"; expected bf16, fp8, int8 or int4", text)};
}

std::string_view name(Engine engine) { return engine == Engine::Median ? kMedianEngine : kEngineNames[engine]; }

std::uint64_t weight_bytes_read(const config::ModelConfig& model, Precision precision) {
  const std::uint64_t norms = (2 * std::uint64_t{model.layers} + 1) * model.hidden_size;
  return layer_bytes(model, precision) + (head_weights(model) + norms) * kBytesOf16Bits;
}

std::uint64_t kv_bytes_per_token(const config::ModelConfig& model) {
  return 2 * kBytesOf16Bits * model.layers * model.kv_width();
}

double StepParts::total() const {
  return overhead + std::sqrt(weights * weights + compute * compute) + kv + sequences + links;
}

StepParts step(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query, double tokens,
               double sequences, double kv_bytes) {
  const auto& engine = gpu.engines[static_cast<std::size_t>(query.engine)];
  const auto gpus = static_cast<double>(query.gpus);
  const double bytes_per_ms = gpu.bandwidth_gb_per_s * 1e6 * gpus;  // 1 GB/s is 1e6 bytes a millisecond
  const double efficiency = std::min(1.0, engine.bandwidth_efficiency * precision_efficiency(gpu, query.precision));
  const double flops = 2.0 * static_cast<double>(model.active_matrix_weights()) * tokens;
  StepParts parts;
  parts.overhead = engine.step_overhead_ms * model.layers / kLayersOfOverhead;
  parts.weights = static_cast<double>(weight_bytes_read(model, query.precision)) / (efficiency * bytes_per_ms);
  parts.compute = flops / (flops_per_ms(gpu, query.precision) * gpus);
  parts.kv = kv_bytes / (engine.kv_efficiency * bytes_per_ms);
  parts.sequences = gpu.sequence_overhead_ms * sequences;
  parts.links = link_ms(gpu, model, gpus, tokens);
  return parts;
}

base::Result<BaselineFigure> estimate(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                      const BaselineQuery& query) {
  if (const auto status = check_query(gpu, model, query); !status) return status.error();
  const Wide kv = Wide{kv_bytes_per_token(model)} * query.context * query.batch;
  if (kv > std::numeric_limits<std::uint64_t>::max() / 2)
    return base::Error{fmt::format("{} sequences of {} tokens need more than 2^63 bytes of KV cache; expected fewer",
                                   query.batch, query.context)};

  BaselineFigure figure;
  figure.gpu = gpu.name;
  figure.precision = query.precision;
  figure.engine = query.engine;
  figure.gpus = query.gpus;
  figure.weight_bytes = weight_bytes_read(model, query.precision);
  figure.kv_bytes = static_cast<std::uint64_t>(kv);
  const std::uint64_t embedding = model.tied_embeddings ? 0 : head_weights(model) * kBytesOf16Bits;
  figure.memory_bytes = figure.weight_bytes + embedding + figure.kv_bytes;
  figure.fits_in_memory =
      static_cast<double>(figure.memory_bytes) <= gpu.memory_gb * 1e9 * static_cast<double>(query.gpus);

  const auto batch = static_cast<double>(query.batch);
  const StepParts parts = step(gpu, model, query, batch, batch, static_cast<double>(figure.kv_bytes));
  figure.step_ms = parts.total();
  figure.tokens_per_s_user = 1e3 / figure.step_ms;
  figure.tokens_per_s_total = figure.tokens_per_s_user * batch;
  figure.energy_j_per_token = power_w(gpu, parts, query.gpus) / figure.tokens_per_s_total;
  figure.energy_error_mean_percent = gpu.energy_error_mean_percent;
  const auto& engine = gpu.engines[static_cast<std::size_t>(query.engine)];
  const bool single = query.batch == 1;
  figure.error_mean_percent = single ? engine.error_mean_percent : gpu.batch_error_mean_percent;
  figure.error_p90_percent = single ? engine.error_p90_percent : gpu.batch_error_p90_percent;
  figure.error_rows = single ? engine.error_rows : gpu.batch_error_rows;
  figure.dates = engine.dates;
  figure.doubts = doubts_of(gpu, model, query);
  figure.note = note_of(figure.doubts);
  return figure;
}

base::Result<BaselineFigure> best_case(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                       const BaselineQuery& query) {
  config::GpuSpec ideal = gpu;
  double weights = kBestCaseEfficiency, kv = kBestCaseEfficiency;
  for (std::size_t e = 0; e <= config::kServingEngines; ++e) {
    const auto& engine = gpu.engines[e];
    weights = std::max(weights, engine.bandwidth_efficiency * precision_efficiency(gpu, query.precision));
    kv = std::max(kv, engine.kv_efficiency);
  }
  ideal.engines[static_cast<std::size_t>(Engine::Median)] = {
      kBestCaseOverheadMs, std::min(1.0, weights), std::min(1.0, kv), 0, 0, 0, ""};
  ideal.sequence_overhead_ms = 0;
  ideal.compute_efficiency = std::max(kBestCaseCompute, gpu.compute_efficiency);
  ideal.fp8_compute_efficiency = std::max(kBestCaseCompute, gpu.fp8_compute_efficiency);
  ideal.fp8_efficiency = ideal.int8_efficiency = ideal.int4_efficiency = 1;
  ideal.batch_error_mean_percent = ideal.batch_error_p90_percent = 0;
  ideal.batch_error_rows = 0;
  BaselineQuery with = query;
  with.engine = Engine::Median;
  auto figure = estimate(ideal, model, with);
  if (!figure) return figure.error();
  figure->best_case = true;
  figure->doubts.clear();
  figure->note.clear();  // those of the fit; the figure beside it has them
  return figure;
}

std::string_view label(const BaselineFigure& figure) { return figure.best_case ? kBestCase : name(figure.engine); }

base::Result<std::vector<BaselineFigure>> band(const config::GpuSpec& gpu, const config::ModelConfig& model,
                                               const BaselineQuery& query) {
  std::vector<BaselineFigure> figures;  // of the median and the serving engines
  for (std::size_t e = 0; e <= config::kServingEngines; ++e) {
    BaselineQuery with = query;
    with.engine = static_cast<Engine>(e);
    auto figure = estimate(gpu, model, with);
    if (!figure) return figure.error();
    figures.push_back(*std::move(figure));
  }
  auto best = *std::min_element(figures.begin() + 1, figures.end(),
                                [](const auto& a, const auto& b) { return a.step_ms < b.step_ms; });
  best.best = true;
  auto ideal = best_case(gpu, model, query);
  if (!ideal) return ideal.error();
  return std::vector<BaselineFigure>{std::move(figures.front()), std::move(best), *std::move(ideal)};
}

}  // namespace kiln::baseline
