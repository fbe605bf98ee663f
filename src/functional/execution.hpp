// One operation of one token, and what it works on: the words in which transformer.cpp writes the arithmetic. Private to
// the functional module.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "functional/token_state.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/dataflow.hpp"
#include "kiln/program/placement.hpp"
#include "numerics/vector_ops.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"

namespace kiln::functional {

/// Less work than this in one array, or in attention, is not worth waking threads.
inline constexpr std::uint64_t kParallelWeights = std::uint64_t{1} << 18;

/// What all tokens share.
struct SharedState {
  SharedState(const rom::RomImage& image, base::ThreadPool& threads, numerics::Simd path,
              const program::Placement* tiles, const rom::Adapter* resident)
      : rom(image), pool(threads), simd(path), by_tile(tiles), adapter(resident), dataflow(image.model()) {}

  const rom::RomImage& rom;
  base::ThreadPool& pool;
  numerics::Simd simd;
  const program::Placement* by_tile;  ///< null: row by row
  const rom::Adapter* adapter;        ///< or null
  program::Dataflow dataflow;
  std::vector<std::vector<numerics::KvStore>> kv;  ///< [slot][layer]
  std::optional<program::Switching> switching;     ///< where somebody asked for it
  std::vector<float> work;                         ///< inside one operation
  numerics::QuantisedVector inner;                 ///< A x of the adapter
};

struct Execution {
  SharedState& shared;
  TokenState& token;
  const program::Op& op;

  // Parameters of the model.
  [[nodiscard]] const config::ModelConfig& model() const { return shared.rom.model(); }
  [[nodiscard]] std::span<const float> attention_gamma() const { return shared.rom.attention_norm(op.layer); }
  [[nodiscard]] std::span<const float> ffn_gamma() const { return shared.rom.ffn_norm(op.layer); }
  [[nodiscard]] std::span<const float> final_gamma() const { return shared.rom.final_norm(); }

  // Sections of the stream: k, v, q from one array, gate and up from another.
  [[nodiscard]] std::span<float> k() const { return section(0, model().kv_width()); }
  [[nodiscard]] std::span<float> v() const { return section(model().kv_width(), model().kv_width()); }
  [[nodiscard]] std::span<float> q() const { return section(2 * std::size_t{model().kv_width()}, model().q_width()); }
  [[nodiscard]] std::span<float> gate() const { return section(0, model().intermediate_size); }
  [[nodiscard]] std::span<float> up() const { return section(model().intermediate_size, model().intermediate_size); }

  // What operations are made of; what is returned is in `work`.
  [[nodiscard]] std::span<const float> rms_norm(std::span<const float> x, std::span<const float> gamma) const;
  [[nodiscard]] std::span<const float> silu_multiply(std::span<const float> gate, std::span<const float> up) const;
  /// -> x: in the Hadamard basis, or as it is, where the transform is in the weights before.
  void hadamard_quantise(std::span<const float> values) const;
  void quantise(std::span<const float> values) const;
  /// Of every head, in place.
  void rope(std::span<float> heads) const;
  void append_to_cache(std::span<const float> k, std::span<const float> v) const;
  /// softmax(q k / sqrt(head_dim)) v over all tokens of the cache -> attended
  void attend(std::span<const float> q) const;
  void read_embedding() const;  ///< -> stream
  void sample() const;          ///< -> next

 private:
  [[nodiscard]] std::span<float> section(std::size_t first, std::size_t size) const {
    return std::span<float>(token.stream).subspan(first, size);
  }
  [[nodiscard]] numerics::KvStore& cache() const { return shared.kv[token.slot][op.layer.value]; }
  [[nodiscard]] std::span<float> work(std::size_t size) const;
};

/// x -> stream, all sections of the array one after the other. Row by row `multiply` gives all of it; tile by tile it
/// leaves S of each tile, and `reduce` adds them as the tree does and applies the row scales. Then `reduce` adds the
/// adapter's B quantise(A x).
void multiply(const Execution& e);
void reduce(const Execution& e);
void multiply_tiles(const Execution& e);
void reduce_tiles(const Execution& e);

}  // namespace kiln::functional
