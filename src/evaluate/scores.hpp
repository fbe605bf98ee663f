// Private to the evaluate module: what the logits of a chunk's scored positions say. Positions are scored side by side; the
// sums of one are formed in the order of the vocabulary, and those of all in the order of positions, so that no figure
// depends on threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"

namespace kiln::evaluate {

/// Of one chunk: nats a scored position.
struct ChunkMeans {
  double reference_nll = 0;
  double chip_nll = 0;
};

/// Over all scored positions.
struct Sums {
  double reference_nll = 0;
  double chip_nll = 0;
  double kl = 0;
  double max_kl = 0;
  std::uint64_t same_top1 = 0;
  std::uint64_t scored = 0;
  std::vector<ChunkMeans> chunks;
  std::vector<double> kls;  ///< with both, of each position
};

class Scores {
 public:
  /// Without a pool all is done by the caller. With `compare` the reference's logits of a chunk are kept for the chip's.
  Scores(base::ThreadPool* pool, bool compare) : pool_(pool), compare_(compare) {}

  /// The next scored position's logits (copied) and the token that follows it; all of the reference's, then the chip's.
  void add_reference(std::span<const float> logits, base::TokenId next);
  void add_chip(std::span<const float> logits, base::TokenId next);
  /// No more logits of the reference in this chunk; of the chip; of both.
  void end_reference();
  void end_chip();
  void end_chunk();

  [[nodiscard]] const Sums& sums() const { return sums_; }

 private:
  /// Logits of some positions. What is cleared keeps its memory.
  struct Batch {
    std::vector<std::vector<float>> logits;
    std::vector<base::TokenId> next;

    void add(std::span<const float> values, base::TokenId token);
    [[nodiscard]] std::size_t size() const { return next.size(); }
  };

  void score_reference();
  void score_chip();
  template <class Body>
  void for_each(std::size_t count, const Body& body);

  base::ThreadPool* pool_;
  bool compare_;
  Batch reference_;  // with `compare` of the whole chunk
  Batch chip_;
  std::vector<double> reference_log_sums_;
  std::size_t compared_ = 0;  // positions of the chunk
  ChunkMeans chunk_;          // still sums, of
  std::uint64_t before_ = 0;  // ... the positions that were scored since
  Sums sums_;
};

}  // namespace kiln::evaluate
