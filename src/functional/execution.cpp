#include "functional/execution.hpp"

namespace kiln::functional {

std::span<float> Execution::work(std::size_t size) const {
  shared.work.resize(size);
  return shared.work;
}

std::span<const float> Execution::rms_norm(std::span<const float> x, std::span<const float> gamma) const {
  const std::span<float> out = work(x.size());
  numerics::rms_norm(x, gamma, static_cast<float>(model().rms_norm_eps), out);
  return out;
}

std::span<const float> Execution::silu_multiply(std::span<const float> gate, std::span<const float> up) const {
  const std::span<float> out = work(gate.size());
  numerics::silu_multiply(gate, up, out);
  return out;
}

void Execution::read_embedding() const {
  token.stream.resize(model().hidden_size);
  numerics::embedding_row(shared.rom.tensor(config::TensorClass::Embedding).matrix, token.token, token.stream);
}

void Execution::rope(std::span<float> heads) const {
  const std::size_t width = model().head_dim;
  for (std::size_t first = 0; first < heads.size(); first += width)
    numerics::rope(heads.subspan(first, width), shared.rom.rope_increments(), token.position.value);
}

void Execution::append_to_cache(std::span<const float> k, std::span<const float> v) const {
  base::check(token.position.value == cache().tokens(), "values: tokens come in order, each at the next position");
  cache().append(k, v);
}

void Execution::attend(std::span<const float> q) const {
  const numerics::KvStore& store = cache();
  if (store.tokens() * model().q_width() < kParallelWeights)
    return numerics::attend(store, q, model().heads, token.attended, shared.simd);
  shared.pool.parallel_ranges(model().kv_heads, [&](std::size_t first, std::size_t last) {
    numerics::attend_heads(store, q, model().heads, first, last, token.attended, shared.simd);
  });
}

void Execution::hadamard_quantise(std::span<const float> values) const {
  numerics::quantise_input(values, numerics::hadamard_block(values.size()), token.x);
}

void Execution::quantise(std::span<const float> values) const { numerics::quantise_input(values, 1, token.x); }

void Execution::sample() const { token.next = numerics::sample(token.stream, token.sampling, token.position.value); }

}  // namespace kiln::functional
