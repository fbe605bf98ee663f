#include "kiln/baseline/baseline.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "kiln/base/units.hpp"

namespace kiln::baseline {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::array<std::string_view, 4> kNames = {"bf16", "fp8", "int8", "int4"};
constexpr std::uint64_t kMaximumBatch = 65536;
constexpr std::uint64_t kMaximumContext = 1U << 24;
constexpr std::uint64_t kBytesOf16Bits = 2;

// The constants were fitted on 7-8 B models; half of that and twice that is as far as they are believed.
constexpr std::uint64_t kFewestCalibratedWeights = 3'500'000'000;
constexpr std::uint64_t kMostCalibratedWeights = 16'000'000'000;
// Published decode rates of H100 and B200 (vLLM 0.11.1, BF16): 7 % off at 16, 8 and 31 % at 32, 31 and 78 % at 64.
constexpr std::uint64_t kMostMemoryBoundBatch = 16;

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

std::string caution(const config::ModelConfig& model, const BaselineQuery& query) {
  std::string note;
  const auto weights = model.active_matrix_weights();
  if (weights < kFewestCalibratedWeights || weights > kMostCalibratedWeights)
    note = fmt::format("{:.3g} B active weights are far outside the calibrated sizes (7-8 B)", weights * 1e-9);
  if (query.batch > kMostMemoryBoundBatch)
    note +=
        fmt::format("{}above batch {} compute counts too, which this memory-bound figure leaves out: it is too fast",
                    note.empty() ? "" : "; ", kMostMemoryBoundBatch);
  return note;
}

base::Status check_query(const config::GpuSpec& gpu, const config::ModelConfig& model, const BaselineQuery& query) {
  if (const auto status = model.validate(); !status)
    return base::Error{fmt::format("model {}: {}", model.name, status.error().message)};
  if (query.batch < 1 || query.batch > kMaximumBatch)
    return base::Error{fmt::format("batch is {}; expected 1 to {}", query.batch, kMaximumBatch)};
  if (query.context > kMaximumContext)
    return base::Error{fmt::format("context is {} tokens; expected at most {}", query.context, kMaximumContext)};
  if (query.precision == Precision::Fp8 && !gpu.fp8_in_hardware)
    return base::Error{fmt::format("{} has no FP8 in hardware; expected bf16, int8 or int4", gpu.name)};
  return {};
}

}  // namespace

std::string_view name(Precision precision) { return kNames[static_cast<std::size_t>(precision)]; }

base::Result<Precision> precision_from(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == text) return static_cast<Precision>(i);
  return base::Error{fmt::format("precision is \"{}\"; expected bf16, fp8, int8 or int4", text)};
}

std::uint64_t weight_bytes_read(const config::ModelConfig& model, Precision precision) {
  const std::uint64_t norms = (2 * std::uint64_t{model.layers} + 1) * model.hidden_size;
  return layer_bytes(model, precision) + (head_weights(model) + norms) * kBytesOf16Bits;
}

std::uint64_t kv_bytes_per_token(const config::ModelConfig& model) {
  return 2 * kBytesOf16Bits * model.layers * model.kv_width();
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
  figure.engine = kMedianEngine;
  figure.weight_bytes = weight_bytes_read(model, query.precision);
  figure.kv_bytes = static_cast<std::uint64_t>(kv);
  const std::uint64_t embedding = model.tied_embeddings ? 0 : head_weights(model) * kBytesOf16Bits;
  figure.memory_bytes = figure.weight_bytes + embedding + figure.kv_bytes;
  figure.fits_in_memory = static_cast<double>(figure.memory_bytes) <= gpu.memory_gb * 1e9;

  const double bytes = static_cast<double>(figure.weight_bytes + figure.kv_bytes);
  // 1 GB/s is 1e6 bytes a millisecond.
  figure.step_ms = gpu.step_overhead_ms + bytes / (gpu.bandwidth_efficiency * gpu.bandwidth_gb_per_s * 1e6);
  figure.tokens_per_s_user = 1e3 / figure.step_ms;
  figure.tokens_per_s_total = figure.tokens_per_s_user * static_cast<double>(query.batch);
  figure.note = caution(model, query);
  return figure;
}

}  // namespace kiln::baseline
