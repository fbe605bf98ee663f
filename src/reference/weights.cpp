#include "reference/weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace kiln::reference {
namespace {

using checkpoint::Role;
using checkpoint::TensorInfo;

constexpr std::uint64_t kChunk = std::uint64_t{1} << 20;  // weights that a thread reads at a time

Matrix& place_of(Weights& weights, const TensorInfo& tensor) {
  const auto layer = [&]() -> Layer& { return weights.layers[tensor.layer.value]; };
  switch (tensor.role) {
    case Role::Embedding:
      return weights.embedding;
    case Role::LmHead:
      return weights.lm_head;
    case Role::FinalNorm:
      return weights.final_norm;
    case Role::Q:
      return layer().q;
    case Role::K:
      return layer().k;
    case Role::V:
      return layer().v;
    case Role::O:
      return layer().o;
    case Role::Gate:
      return layer().gate;
    case Role::Up:
      return layer().up;
    case Role::Down:
      return layer().down;
    case Role::AttentionNorm:
      return layer().attention_norm;
    case Role::FfnNorm:
      return layer().ffn_norm;
  }
  throw base::BugError("a tensor without a place");
}

/// All rows of one tensor, in chunks spread over the pool. Of several failures the one of the first rows is returned.
base::Result<Matrix> read_matrix(const checkpoint::Checkpoint& checkpoint, const TensorInfo& tensor,
                                 base::ThreadPool& pool, const base::Progress& progress) {
  Matrix matrix{tensor.rows, tensor.columns, std::make_unique_for_overwrite<float[]>(tensor.rows * tensor.columns)};
  const std::uint64_t step = std::max<std::uint64_t>(1, kChunk / tensor.columns);
  const std::size_t chunks = base::ceil_div(tensor.rows, step);
  std::vector<std::optional<base::Error>> failures(chunks);
  pool.parallel_for(chunks, [&](std::size_t chunk) {
    if (progress.stopped()) {
      failures[chunk] = base::Error{"interrupted"};
      return;
    }
    const std::uint64_t first = chunk * step;
    const std::uint64_t count = std::min(step, tensor.rows - first);
    const std::span<float> out(matrix.values.get() + first * tensor.columns, count * tensor.columns);
    if (const auto read = checkpoint.read_rows(tensor, first, count, out); !read) failures[chunk] = read.error();
  });
  for (const auto& failure : failures)
    if (failure) return *failure;
  return matrix;
}

}  // namespace

base::Result<Weights> load_weights(const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
                                   const base::Progress& progress, std::uint64_t memory_limit_bytes) {
  std::uint64_t total = 0;
  for (const auto& tensor : checkpoint.tensors()) total += tensor.rows * tensor.columns;
  if (total > memory_limit_bytes / sizeof(float))
    return base::Error{
        fmt::format("{}: {} weights need {} bytes as float; at most {} are allowed for the fp32 reference",
                    checkpoint.path(), total, total * sizeof(float), memory_limit_bytes)};
  Weights weights;
  weights.layers.resize(checkpoint.config().layers);
  std::uint64_t done = 0;
  for (const auto& tensor : checkpoint.tensors()) {
    progress("reading weights", done, total);
    auto matrix = read_matrix(checkpoint, tensor, pool, progress);
    if (!matrix) return matrix.error();
    place_of(weights, tensor) = std::move(*matrix);
    checkpoint.release(tensor);
    done += tensor.rows * tensor.columns;
  }
  progress("reading weights", done, total);
  return weights;
}

}  // namespace kiln::reference
