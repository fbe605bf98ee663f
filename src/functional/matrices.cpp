// An array and its tree, row by row on the fast paths and many threads; what an adapter adds; how often bits change.
#include <algorithm>

#include "functional/execution.hpp"
#include "functional/switching.hpp"

namespace kiln::functional {
namespace {

/// Panels that one call multiplies at least: each prepares the vector anew.
constexpr std::size_t kFewestPanels = 8;
constexpr std::size_t kPartsPerThread = 8;  // threads that are done early take what is left

/// Consecutive panels of one matrix, and where its results go.
struct Part {
  const numerics::MatrixView* matrix;
  std::span<float> y;
  std::size_t first, last;
};

void multiply_rows(const Execution& e) {
  const program::ArrayKind array = *e.op.array;
  const program::Dataflow& dataflow = e.shared.dataflow;
  base::ThreadPool& pool = e.shared.pool;
  std::vector<float>& stream = e.token.stream;
  std::vector<Part> parts;
  stream.resize(dataflow.outputs(array));
  const std::uint64_t weights = std::uint64_t{dataflow.inputs(array)} * stream.size();
  const bool whole = pool.threads() == 1 || weights < kParallelWeights;
  const std::size_t panels = base::ceil_div(stream.size(), numerics::kPanelRows);
  const std::size_t share = std::max(kFewestPanels, base::ceil_div(panels, pool.threads() * kPartsPerThread));
  std::size_t row = 0;
  for (const auto& section : dataflow.sections(array)) {
    const numerics::MatrixView& matrix = e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix;
    const std::span<float> y = std::span<float>(stream).subspan(row, section.rows);
    row += section.rows;
    const std::size_t step = whole ? matrix.panels() : share;
    for (std::size_t first = 0; first < matrix.panels(); first += step)
      parts.push_back({&matrix, y, first, std::min(matrix.panels(), first + step)});
  }
  const auto one = [&](std::size_t i) {
    numerics::multiply(*parts[i].matrix, e.token.x, parts[i].first, parts[i].last, parts[i].y, e.shared.simd);
  };
  if (!whole) return pool.parallel_for(parts.size(), one);
  for (std::size_t i = 0; i < parts.size(); ++i) one(i);
}

void count_switching(const Execution& e, program::Switching& switching) {
  switching += activation_switching(e.token.x);
  for (const auto& section : e.shared.dataflow.sections(*e.op.array))
    switching += product_switching(e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix, e.token.x,
                                   e.token.position.value % section.rows);
}

/// y += B quantise(A x) for each section that the adapter has something for.
void add_adapter(const Execution& e, const rom::Adapter& adapter) {
  std::vector<float>& work = e.shared.work;
  const auto multiply = [&](const rom::StoredMatrix& stored, const numerics::QuantisedVector& in) {
    const numerics::MatrixView matrix = stored.view();
    work.resize(matrix.rows);
    numerics::multiply(matrix, in, 0, matrix.panels(), work, e.shared.simd);
  };
  std::size_t row = 0;
  for (const auto& section : e.shared.dataflow.sections(*e.op.array)) {
    const std::span<float> y = std::span<float>(e.token.stream).subspan(row, section.rows);
    row += section.rows;
    const rom::AdapterTarget* target = adapter.find(section.tensor_class, e.op.layer);
    if (target == nullptr) continue;
    multiply(target->down, e.token.x);
    numerics::quantise_input(work, 1, e.shared.inner);
    multiply(target->up, e.shared.inner);
    numerics::add(y, work);
  }
}

}  // namespace

void multiply(const Execution& e) {
  if (e.shared.switching) count_switching(e, *e.shared.switching);
  e.shared.by_tile != nullptr ? multiply_tiles(e) : multiply_rows(e);
}

void reduce(const Execution& e) {
  if (e.shared.by_tile != nullptr) reduce_tiles(e);
  if (e.shared.adapter != nullptr) add_adapter(e, *e.shared.adapter);
}

}  // namespace kiln::functional
