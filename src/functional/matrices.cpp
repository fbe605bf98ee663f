// An array and its tree, row by row on the fast paths and many threads; what an adapter adds; how often bits change.
#include <algorithm>
#include <functional>

#include "functional/execution.hpp"
#include "functional/switching.hpp"

namespace kiln::functional {
namespace {

constexpr std::uint64_t kFewestWeights = std::uint64_t{1} << 18;  // that one call multiplies, or a panel

/// A matrix, and the column of the results where its outputs begin.
struct Target {
  numerics::MatrixView matrix;
  std::size_t column;
};

/// Consecutive panels of one matrix.
struct Part {
  std::size_t target, first, last;
};

/// What threads do beside a product: `one(i)` for each i below `count`.
struct Beside {
  std::size_t count = 0;
  std::function<void(std::size_t)> one = {};
};

/// Row t of `out`: all targets times x[t]. The weights are read once for all vectors.
void multiply_rows(SharedState& shared, std::span<const Target> targets, std::span<const numerics::QuantisedVector> x,
                   Rows& out, const Beside& beside = {}) {
  std::uint64_t weights = 0;
  std::size_t panels = 0;
  std::vector<std::span<float>> results;  // [target][vector]
  results.reserve(targets.size() * x.size());
  for (const Target& target : targets) {
    weights += std::uint64_t{target.matrix.rows} * target.matrix.columns;
    panels += target.matrix.panels();
    for (std::size_t t = 0; t < x.size(); ++t) results.push_back(out.row(t).subspan(target.column, target.matrix.rows));
  }
  const bool whole = shared.pool.threads() == 1 || weights * x.size() < kParallelWeights;
  // Ever smaller parts, so that threads which start them one after the other are done at nearly the same time.
  std::vector<Part> parts;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::size_t all = targets[i].matrix.panels();
    const std::size_t fewest =
        std::max<std::size_t>(1, kFewestWeights / (numerics::kPanelRows * targets[i].matrix.columns));
    for (std::size_t first = 0; first < all; first = parts.back().last) {
      std::size_t step = whole ? all : std::max(fewest, panels / (2 * shared.pool.threads()));
      step += step % 2;  // many vectors are multiplied with two panels at a time
      parts.push_back({i, first, std::min(all, first + step)});
      panels -= parts.back().last - first;
    }
  }
  shared.prepared.assign(x, shared.simd);
  const auto one = [&](std::size_t i) {
    if (i < beside.count) return beside.one(i);
    const Part& part = parts[i - beside.count];
    numerics::multiply(targets[part.target].matrix, shared.prepared, part.first, part.last,
                       std::span(results).subspan(part.target * x.size(), x.size()));
  };
  const std::size_t all = beside.count + parts.size();
  if (!whole) return shared.pool.parallel_for(all, one);
  for (std::size_t i = 0; i < all; ++i) one(i);
}

void multiply_array(const Execution& e, const Beside& beside) {
  std::vector<Target> targets;
  std::size_t column = 0;
  for (const auto& section : e.shared.dataflow.sections(*e.op.array)) {
    targets.push_back({e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix, column});
    column += section.rows;
  }
  e.batch.stream.reshape(e.batch.tokens(), column);
  multiply_rows(e.shared, targets, e.batch.inputs(), e.batch.stream, beside);
}

/// Reads one row of each matrix, which lies scattered.
void count_switching(const Execution& e, std::size_t token) {
  program::Switching& counted = e.batch.switching[token];
  const numerics::QuantisedVector& x = e.batch.x[token];
  counted += activation_switching(x);
  for (const auto& section : e.shared.dataflow.sections(*e.op.array))
    counted += product_switching(e.shared.rom.tensor(section.tensor_class, e.op.layer).matrix, x,
                                 e.batch.position(token).value % section.rows);
}

/// y += B quantise(A x) for each section that the adapter has something for.
void add_adapter(const Execution& e, const rom::Adapter& adapter) {
  SharedState& shared = e.shared;
  const std::size_t tokens = e.batch.tokens();
  const auto multiply = [&](const rom::StoredMatrix& stored, std::span<const numerics::QuantisedVector> in) {
    const Target target{stored.view(), 0};
    shared.low_rank.reshape(tokens, stored.rows);
    multiply_rows(shared, {&target, 1}, in, shared.low_rank);
  };
  if (shared.inner.size() < tokens) shared.inner.resize(tokens);
  std::size_t row = 0;
  for (const auto& section : shared.dataflow.sections(*e.op.array)) {
    const std::size_t first = row;
    row += section.rows;
    const rom::AdapterTarget* target = adapter.find(section.tensor_class, e.op.layer);
    if (target == nullptr) continue;
    multiply(target->down, e.batch.inputs());
    for (std::size_t t = 0; t < tokens; ++t)
      numerics::quantise_input(shared.low_rank.row(t), 1, shared.inner[t], shared.simd);
    multiply(target->up, std::span(shared.inner).first(tokens));
    for_each_token(e, [&](const TokenExecution& t) {
      numerics::add(t.stream().subspan(first, section.rows), shared.low_rank.row(t.token), shared.simd);
    });
  }
}

}  // namespace

void multiply(const Execution& e) {
  Beside counting;
  if (e.shared.switching) counting = {e.batch.tokens(), [&](std::size_t token) { count_switching(e, token); }};
  if (e.shared.by_tile == nullptr) return multiply_array(e, counting);
  for (std::size_t token = 0; token < counting.count; ++token) counting.one(token);
  multiply_tiles(e);
}

void reduce(const Execution& e) {
  if (e.shared.by_tile != nullptr) reduce_tiles(e);
  if (e.shared.adapter != nullptr) add_adapter(e, *e.shared.adapter);
}

}  // namespace kiln::functional
