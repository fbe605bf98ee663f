// Perplexity as llama.cpp counts it, and how far the chip's distributions are from the fp32 reference's.
// The ids are cut into chunks of `context`; where the tokenizer adds a BOS, it replaces the first id of each chunk;
// only the predictions that positions N/2 ... N-2 of a chunk make count, N/2 - 1 a chunk. KL divergence is KL(reference
// || chip) at the same positions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"
#include "kiln/evaluate/evaluation.hpp"
#include "numerics/matrix.hpp"
#include "reference/reference.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"

namespace kiln::evaluate {

/// Something that predicts: the reference or the chip's arithmetic.
class Predictor {
 public:
  virtual ~Predictor() = default;
  [[nodiscard]] virtual std::uint32_t vocab_size() const = 0;
  /// Starts a new text with `ids` and passes on the logits after each of them, in order and in the caller's thread. A
  /// stop ends it soon, whatever is left.
  virtual void predict(std::span<const base::TokenId> ids, const LogitSink& sink, const std::stop_token& stop) = 0;
};

std::unique_ptr<Predictor> reference_predictor(reference::Model& model);
/// The chip's arithmetic over a ROM image, for texts of up to `context` tokens. Needs no chip: no result depends on
/// geometry. `adapter` may be null and must outlive it.
std::unique_ptr<Predictor> chip_predictor(const rom::RomImage& rom, std::uint64_t context, base::ThreadPool& pool,
                                          numerics::Simd simd, const rom::Adapter* adapter = nullptr);

struct EvaluateRequest {
  std::vector<base::TokenId> ids;
  std::optional<base::TokenId> bos;     ///< replaces the first id of each chunk
  std::uint64_t context = 512;          ///< tokens in a chunk, at least 4
  std::optional<std::uint64_t> chunks;  ///< at most this many; all whole chunks if not given
  base::ThreadPool* pool = nullptr;  ///< for what is said of logits; null: the caller does it. No figure depends on it
  LogitSink on_logits;  ///< every position's logits, in order: the chip's where there is one, else the reference's
};

/// Either predictor may be null, not both. Fails when there are fewer ids than one chunk, an id is outside the
/// vocabulary, or the two vocabularies differ.
base::Result<Evaluation> evaluate(const EvaluateRequest& request, Predictor* reference, Predictor* chip,
                                  const base::Progress& progress = {});

}  // namespace kiln::evaluate
