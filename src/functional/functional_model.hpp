// The values half of the chip: the arithmetic of every operation of the dataflow, for any number of users and of tokens
// on their way, without any clock. The SystemC units call it when their operation ends; evaluation calls it alone.
// Nothing here knows lanes or banks, nor, without a placement, tile shapes. Tokens that are known beforehand pass the
// operations many at a time, so that the weights are read once for all of them; that changes no bit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"
#include "kiln/numerics/sample.hpp"
#include "kiln/program/activity.hpp"
#include "kiln/program/dataflow.hpp"
#include "kiln/program/placement.hpp"
#include "numerics/matrix.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"

namespace kiln::functional {

inline constexpr std::size_t kMostTogether = 64;  ///< tokens

class FunctionalModel {
 public:
  /// `capacity_tokens`: positions that the KV cache holds. With a placement the matrices are computed tile by tile, as
  /// that chip's arrays and trees do (slow: the specification); without one, row by row by the fast paths. Both give
  /// the same bits. `adapter` (or null) is added to every user's tokens.
  FunctionalModel(const rom::RomImage& rom, std::uint64_t capacity_tokens, base::ThreadPool& pool, numerics::Simd simd,
                  const program::Placement* by_tile = nullptr, const rom::Adapter* adapter = nullptr);
  ~FunctionalModel();
  FunctionalModel(FunctionalModel&&) noexcept;

  /// Known tokens pass the operations at most this many at a time: kMostTogether unless told otherwise, one with a
  /// placement, whatever is told.
  void set_most_together(std::size_t tokens);

  /// A token on its way through the operations; numbers of tokens that ended are used again.
  using Handle = std::size_t;

  /// The KV cache for the user in this slot: empty, or as it is with `cached_prefix` in it (any other number is a bug).
  void open(std::size_t slot, std::uint64_t cached_prefix = 0);
  /// Leaves the first `tokens` tokens in the slot's KV cache, as if no other had ever been there; those of it on their
  /// way are given up. Each layer has at least as many; 0 is well before open(), too.
  void rewind(std::size_t slot, std::uint64_t tokens);
  /// The tokens that will enter the slot behind those in its KV cache, all of which have passed every layer. When one of
  /// them enters, it and those after it pass the layers at once, and execute() has nothing to do for them before the
  /// last norm. Forgotten by open() and rewind(). `stopped` (or nothing) is asked between the operations of such a pass, and
  /// kept until the next announcement of the slot: it then ends as if it had not begun, nothing is announced any more, and each
  /// token goes its own way.
  void announce(std::size_t slot, std::span<const base::TokenId> ids, std::function<bool()> stopped = {});
  /// A token of that user enters. At each layer its tokens come in order.
  Handle begin(std::size_t slot, base::TokenId token, base::TokenPos position, const numerics::Sampling& sampling = {});
  void execute(Handle handle, const program::Op& op);
  void end(Handle handle);
  /// Behind the LM head's Reduce / Sample.
  [[nodiscard]] std::span<const float> logits(Handle handle);
  [[nodiscard]] base::TokenId successor(Handle handle);

  /// From now on counts how the bits of activations and products change (one row of each matrix a token, in turn), of
  /// tokens that end: some per cent of the time. docs/cost.md
  void count_switching();
  [[nodiscard]] const program::Switching& switching() const;

  /// Logits behind the token with this index, of those that were given.
  using LogitSink = std::function<void(std::size_t index, std::span<const float> logits)>;

  /// One user alone: forgets its tokens.
  void reset();
  /// One user alone: all operations of tokens at the next positions; passes on the logits after each of them, in order
  /// (an empty sink: there are none). A stop ends it between two operations, and nothing more is passed on; then only
  /// reset() may follow.
  void forward(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop = {});
  /// The same for one; then its logits or the largest one's id.
  void forward(base::TokenId token, bool with_logits);
  [[nodiscard]] std::span<const float> logits();
  [[nodiscard]] base::TokenId argmax();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::functional
