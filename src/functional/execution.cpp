#include "functional/execution.hpp"

namespace kiln::functional {
namespace {

std::span<float> work(Buffers& buffers, std::size_t size) {
  buffers.work.resize(size);
  return buffers.work;
}

}  // namespace

std::span<const float> TokenExecution::rms_norm(std::span<const float> x, std::span<const float> gamma) const {
  const std::span<float> out = work(buffers, x.size());
  numerics::rms_norm(x, gamma, static_cast<float>(model().rms_norm_eps), out, all.shared.simd);
  return out;
}

std::span<const float> TokenExecution::silu_multiply(std::span<const float> gate, std::span<const float> up) const {
  const std::span<float> out = work(buffers, gate.size());
  numerics::silu_multiply(gate, up, out, all.shared.simd);
  return out;
}

void TokenExecution::read_embedding() const {
  numerics::embedding_row(rom().tensor(config::TensorClass::Embedding).matrix, all.batch.ids[token], stream());
}

void TokenExecution::rope(std::span<float> heads) const {
  const std::size_t width = model().head_dim;
  for (std::size_t first = 0; first < heads.size(); first += width)
    numerics::rope(heads.subspan(first, width), all.batch.turns.row(token), all.shared.simd);
}

void TokenExecution::hadamard_quantise(std::span<const float> values) const {
  numerics::quantise_input(values, numerics::hadamard_block(values.size()), all.batch.x[token], all.shared.simd);
}

void TokenExecution::quantise(std::span<const float> values) const {
  numerics::quantise_input(values, 1, all.batch.x[token], all.shared.simd);
}

void TokenExecution::sample() const {
  all.batch.next[token] = numerics::sample(stream(), all.batch.sampling, all.batch.position(token).value);
}

void rotate(const Execution& e) {
  BatchState& batch = e.batch;
  if (!batch.has_turns) {
    batch.turns.reshape(batch.tokens(), e.model().head_dim);
    for_each_token(e, [&](const TokenExecution& t) {
      numerics::rope_turns(t.rom().rope_increments(), batch.position(t.token).value, batch.turns.row(t.token));
    });
    batch.has_turns = true;
  }
  for_each_token(e, [](const TokenExecution& t) {
    t.rope(t.k());
    t.rope(t.q());
  });
}

void append_to_cache(const Execution& e) {
  numerics::KvStore& cache = e.cache();
  const std::size_t first = cache.tokens();
  base::check(e.batch.first.value == first, "values: tokens come in order, each at the next position");
  cache.extend(e.batch.tokens());
  for_each_token(e, [&](const TokenExecution& t) {
    cache.set(first + t.token, t.k(), t.v(), t.buffers.quantised, e.shared.simd);
  });
}

void attend(const Execution& e) {
  const numerics::KvStore& cache = e.cache();
  const std::size_t tokens = e.batch.tokens();
  e.batch.attended.reshape(tokens, e.model().q_width());
  // Head by head: all tokens' queries meet the same keys and values.
  e.shared.spread(cache.kv_heads() * tokens, tokens * cache.tokens() * e.model().q_width() >= kParallelWeights,
                  [&](std::size_t i, Buffers& buffers) {
                    const TokenExecution t{e, i % tokens, buffers};
                    const std::size_t head = i / tokens;
                    numerics::attend_heads(cache, e.batch.position(t.token).value + 1, t.q(), e.model().heads, head,
                                           head + 1, t.attended(), buffers.attention, e.shared.simd);
                  });
}

}  // namespace kiln::functional
