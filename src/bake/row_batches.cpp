#include "bake/row_batches.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

namespace kiln::bake {
namespace {

constexpr std::uint64_t kBatchWeights = std::uint64_t{1} << 22;    ///< 4 M weights: a tenth of a second
constexpr std::uint64_t kReleaseWeights = std::uint64_t{1} << 26;  ///< source pages are given back this often

}  // namespace

std::uint64_t total_weights(const config::ModelConfig& model) {
  std::uint64_t sum = 0;
  for (const auto& shape : rom::tensor_shapes(model)) sum += shape.weights();
  return sum;
}

base::Status RowBatches::batches(const RowSource& source,
                                 const std::function<base::Status(std::uint64_t, std::uint64_t)>& body) {
  const std::uint64_t unit = source.unit_rows();
  const std::uint64_t step = std::max<std::uint64_t>(1, kBatchWeights / (unit * source.columns())) * unit;
  std::uint64_t kept = 0;
  for (std::uint64_t first = 0; first < source.rows(); first += step) {
    if (progress_.stopped()) return base::Error{"interrupted"};
    progress_(what_, done_, total_);
    const std::uint64_t count = std::min(step, source.rows() - first);
    const std::uint64_t next = first + count;
    if (next < source.rows()) source.expect(next, std::min(step, source.rows() - next));
    if (auto status = body(first, count); !status) return status;
    done_ += count * source.columns();
    kept += count * source.columns();
    if (kept < kReleaseWeights) continue;
    source.release();
    kept = 0;
  }
  source.release();
  progress_(what_, done_, total_);
  return {};
}

base::Status RowBatches::units(const RowSource& source, base::ThreadPool& pool, std::uint64_t first,
                               std::uint64_t count,
                               const std::function<void(std::span<const float>, std::size_t, std::size_t)>& body,
                               SourceHash* hash) {
  const std::size_t unit = source.unit_rows();
  std::mutex mutex;
  std::optional<std::pair<std::uint64_t, base::Error>>
      failure;  // the first in row order, so that the message is always the same
  pool.parallel_for(base::ceil_div(count, unit), [&](std::size_t i) {
    const std::uint64_t at = i * unit;
    const std::uint64_t rows = std::min<std::uint64_t>(unit, count - at);
    std::vector<float> values;
    if (auto status = source.read(first + at, rows, values, hash); !status) {
      const std::lock_guard lock(mutex);
      if (!failure || at < failure->first) failure = {at, status.error()};
      return;
    }
    body(values, at, rows);
  });
  if (failure) return failure->second;
  return {};
}

}  // namespace kiln::bake
