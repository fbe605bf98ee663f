// One operation of a batch of tokens, and what it works on: the words in which transformer.cpp writes the arithmetic.
// Private to the functional module.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "functional/batch_state.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/dataflow.hpp"
#include "kiln/program/placement.hpp"
#include "numerics/vector_ops.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"

namespace kiln::functional {

/// Less work than this in one array, or in attention, is not worth waking threads; nor are fewer elements.
inline constexpr std::uint64_t kParallelWeights = std::uint64_t{1} << 18;
inline constexpr std::uint64_t kParallelElements = std::uint64_t{1} << 12;
inline constexpr std::size_t kPartsPerThread = 4;  ///< threads that are done early take what is left

/// What one part of a loop needs for itself.
struct Buffers {
  std::vector<float> work;
  numerics::QuantisedVector quantised;
  numerics::AttentionBuffers attention;
};

/// What all tokens share.
struct SharedState {
  SharedState(const rom::RomImage& image, base::ThreadPool& threads, numerics::Simd path,
              const program::Placement* tiles, const rom::Adapter* resident)
      : rom(image),
        pool(threads),
        simd(path),
        by_tile(tiles),
        adapter(resident),
        dataflow(image.model()),
        buffers(threads.threads() == 1 ? 1 : threads.threads() * kPartsPerThread) {}

  const rom::RomImage& rom;
  base::ThreadPool& pool;
  numerics::Simd simd;
  const program::Placement* by_tile;  ///< null: row by row
  const rom::Adapter* adapter;        ///< or null
  program::Dataflow dataflow;
  std::vector<std::vector<numerics::KvStore>> kv;  ///< [slot][layer]
  std::optional<program::Switching> switching;     ///< where somebody asked for it: of tokens that ended
  std::vector<Buffers> buffers;                    ///< by part
  numerics::PreparedBatch prepared;                ///< inputs of the array that is multiplied
  std::vector<numerics::QuantisedVector> inner;    ///< A x of the adapter, quantised
  Rows low_rank;                                   ///< A x, then B of it

  /// body(i, buffers) for all i below `count`, in contiguous parts; on several threads where that is `worth` it.
  template <class Body>
  void spread(std::size_t count, bool worth, const Body& body) {
    const std::size_t parts = worth ? std::min(count, buffers.size()) : 1;
    const auto part = [&](std::size_t p) {
      for (std::size_t i = count * p / parts; i < count * (p + 1) / parts; ++i) body(i, buffers[p]);
    };
    if (parts <= 1) return part(0);
    pool.parallel_for(parts, part);
  }
};

struct Execution {
  SharedState& shared;
  BatchState& batch;
  const program::Op& op;

  [[nodiscard]] const config::ModelConfig& model() const { return shared.rom.model(); }
  [[nodiscard]] numerics::KvStore& cache() const { return shared.kv[batch.slot][op.layer.value]; }
};

/// One token of the batch.
struct TokenExecution {
  const Execution& all;
  std::size_t token;
  Buffers& buffers;

  // Parameters of the model.
  [[nodiscard]] const config::ModelConfig& model() const { return all.model(); }
  [[nodiscard]] const rom::RomImage& rom() const { return all.shared.rom; }
  [[nodiscard]] std::span<const float> attention_gamma() const { return rom().attention_norm(all.op.layer); }
  [[nodiscard]] std::span<const float> ffn_gamma() const { return rom().ffn_norm(all.op.layer); }
  [[nodiscard]] std::span<const float> final_gamma() const { return rom().final_norm(); }

  // The token's rows, and sections of the stream: k, v, q from one array, gate and up from another.
  [[nodiscard]] std::span<float> residual() const { return all.batch.residual.row(token); }
  [[nodiscard]] std::span<float> stream() const { return all.batch.stream.row(token); }
  [[nodiscard]] std::span<float> attended() const { return all.batch.attended.row(token); }
  [[nodiscard]] std::span<float> k() const { return section(0, model().kv_width()); }
  [[nodiscard]] std::span<float> v() const { return section(model().kv_width(), model().kv_width()); }
  [[nodiscard]] std::span<float> q() const { return section(2 * std::size_t{model().kv_width()}, model().q_width()); }
  [[nodiscard]] std::span<float> gate() const { return section(0, model().intermediate_size); }
  [[nodiscard]] std::span<float> up() const { return section(model().intermediate_size, model().intermediate_size); }

  // What operations are made of; what is returned is in `buffers`.
  [[nodiscard]] std::span<const float> rms_norm(std::span<const float> x, std::span<const float> gamma) const;
  [[nodiscard]] std::span<const float> silu_multiply(std::span<const float> gate, std::span<const float> up) const;
  /// -> x of the batch: in the Hadamard basis, or as it is, where the transform is in the weights before.
  void hadamard_quantise(std::span<const float> values) const;
  void quantise(std::span<const float> values) const;
  /// Of every head, in place, by the batch's turns.
  void rope(std::span<float> heads) const;
  void read_embedding() const;  ///< -> stream
  void sample() const;          ///< -> next

 private:
  [[nodiscard]] std::span<float> section(std::size_t first, std::size_t size) const {
    return stream().subspan(first, size);
  }
};

/// body(token) for each token of the batch, which may be at the same time.
template <class Body>
void for_each_token(const Execution& e, const Body& body) {
  const std::size_t tokens = e.batch.tokens();
  e.shared.spread(tokens, tokens * e.model().hidden_size >= kParallelElements,
                  [&](std::size_t token, Buffers& buffers) {
                    body(TokenExecution{e, token, buffers});
                  });
}

/// RoPE of k and q of all tokens.
void rotate(const Execution& e);
/// k and v of all tokens -> KV cache.
void append_to_cache(const Execution& e);
/// softmax(q k / sqrt(head_dim)) v over the tokens of the cache up to one's own -> attended
void attend(const Execution& e);

/// x -> stream, all sections of the array one after the other. Row by row `multiply` gives all of it; tile by tile it
/// leaves S of each tile, and `reduce` adds them as the tree does and applies the row scales. Then `reduce` adds the
/// adapter's B quantise(A x).
void multiply(const Execution& e);
void reduce(const Execution& e);
/// Of one token, not of many.
void multiply_tiles(const Execution& e);
void reduce_tiles(const Execution& e);

}  // namespace kiln::functional
