// State of FunctionalModel, shared by its two ways of multiplying.
#pragma once

#include <optional>
#include <vector>

#include "functional/functional_model.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::functional {

/// What there is of one token between its operations.
struct TokenState {
  std::size_t slot = 0;
  base::TokenId token = 0;
  base::TokenPos position;
  numerics::Sampling sampling;
  std::vector<float> residual;
  std::vector<float> stream;  ///< what the embedding ROM, an array's tree or the stage before sends: sections one
                              ///< after the other
  std::vector<float> work;    ///< inside the vector unit
  std::vector<float> attended;
  numerics::QuantisedVector x;      ///< input of the next array
  numerics::QuantisedVector inner;  ///< A x of the adapter
  std::vector<std::int64_t> sums;   ///< S of each tile over inputs, by output
  std::uint32_t next = 0;           ///< what the sampler chose
};

/// Inherits the state of the token that it works on now; those of the others wait in `tokens`.
struct FunctionalModel::Impl : TokenState {
  Impl(const rom::RomImage& image, std::uint64_t capacity_tokens, base::ThreadPool& threads, numerics::Simd path,
       const program::Placement* tiles, const rom::Adapter* resident);

  void open(std::size_t slot, std::uint64_t cached_prefix);
  void rewind(std::size_t slot, std::uint64_t cached_prefix);
  Handle begin(std::size_t slot, base::TokenId token, base::TokenPos position, const numerics::Sampling& sampling);
  void end(Handle handle);
  /// Makes that token the one that is worked on.
  void activate(Handle handle);

  void execute(const program::Op& op);
  void norm(const program::Op& op);
  void rope_heads(std::size_t first, std::size_t heads);
  void attend(const program::Op& op);
  /// y = all sections of the array, one after the other.
  void multiply_rows(const program::Op& op);
  /// The same tile by tile: S of each tile, then, in reduce_tiles, the tree and the row scale.
  void multiply_tiles(const program::Op& op);
  void reduce_tiles(const program::Op& op);
  void count_switching(const program::Op& op);
  /// y += B quantise(A x) for each section that has an adapter.
  void add_adapter(const program::Op& op);

  const rom::RomImage& rom;
  base::ThreadPool& pool;
  numerics::Simd simd;
  const program::Placement* by_tile;
  const rom::Adapter* adapter;
  program::Dataflow dataflow;
  std::size_t capacity;
  std::vector<std::vector<numerics::KvStore>> kv;  ///< [slot][layer]
  std::vector<TokenState> tokens;                  ///< by handle; the active one's is moved from
  std::vector<Handle> unused;
  Handle active = 0;
  std::optional<Handle> alone;  ///< of forward()
  std::uint32_t next_position = 0;
  std::optional<program::Switching> switching;  ///< where somebody asked for it
};

}  // namespace kiln::functional
