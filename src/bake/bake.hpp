// Checkpoint -> ROM image: transform (Hadamard in blocks of inputs; see docs/numerics.md), quantise, write, streaming
// row panels so that a checkpoint larger than memory bakes. The same inputs give the same bytes on every host and for
// any number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint/lora.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"

namespace kiln::bake {

/// How far a decoded matrix is from the checkpoint's, in the transformed basis.
struct TensorDistortion {
  config::TensorClass tensor_class = config::TensorClass::Embedding;
  base::LayerId layer;
  double bits_per_weight = 0;  ///< codes, scales, codebook
  double relative_rms = 0;     ///< sqrt(sum (w - decoded)^2 / sum w^2); 0 for a matrix of zeros
  double max_error = 0;        ///< largest |w - decoded|
};

struct BakeReport {
  std::string content_hash;
  std::uint64_t file_bytes = 0;
  std::uint64_t weights = 0;
  double bits_per_weight = 0;  ///< over all matrices
  std::vector<TensorDistortion> tensors;
};

/// Writes `output` by rename; nothing is written on failure.
base::Result<BakeReport> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, base::ThreadPool& pool, const base::Progress& progress = {});

/// The adapter as the chip's SRAM holds it: A in the basis of the quantised input, B times its scale in the basis of
/// the output, both at 8 bits with covering scales. Fails where the transform leaves the range of a float.
base::Result<rom::Adapter> bake_adapter(const checkpoint::LoraAdapter& adapter, const config::ModelConfig& model);

struct Comparison {
  bool same_model = false;               ///< shapes, norms, RoPE and tokenizer agree exactly
  std::vector<std::string> differences;  ///< sentences, for what does not
  std::vector<TensorDistortion> tensors;
  /// A relative RMS error above the bound that its code width allows: the image does not hold this checkpoint.
  std::vector<std::string> beyond_bound;
  [[nodiscard]] bool matches() const { return same_model && beyond_bound.empty(); }
};

/// Decodes the image back and compares it, tensor by tensor, with the checkpoint.
base::Result<Comparison> compare(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint,
                                 base::ThreadPool& pool, const base::Progress& progress = {});

}  // namespace kiln::bake
