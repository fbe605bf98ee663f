// Checkpoint -> ROM image: transform (Hadamard in blocks of inputs; see docs/numerics.md), quantise, write, streaming
// row panels so that a checkpoint larger than memory bakes. The same inputs give the same bytes on every host and for
// any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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

/// The number of the method by which codes are found (docs/formats/rom-image.md, "Quantisation"). Raised with every
/// change after which the same checkpoint and recipe give other codes, so that an image baked before is not taken for
/// one that was tampered with.
inline constexpr std::uint32_t kMethod = 1;

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

struct BakeOptions {
  /// A bake that is killed or interrupted leaves OUTPUT.partial, with which the next one of the same checkpoint and recipe
  /// goes on to the same bytes and the same report. If the checkpoint has an identity().
  bool resumable = false;
  std::function<void(const std::string& sentence)> tell = {};  ///< what was there, and what is left; may be empty
};

/// Writes `output` by rename; nothing is written on failure.
base::Result<BakeReport> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, base::ThreadPool& pool, const base::Progress& progress = {},
                              const BakeOptions& options = {});

/// The adapter as the chip's SRAM holds it: A in the basis of the quantised input, B times its scale in the basis of
/// the output, both at 8 bits with covering scales. Fails where the transform leaves the range of a float.
base::Result<rom::Adapter> bake_adapter(const checkpoint::LoraAdapter& adapter, const config::ModelConfig& model);

struct Comparison {
  bool same_model = false;               ///< shapes, norms, RoPE, tokenizer and recipe agree exactly
  std::vector<std::string> differences;  ///< sentences, for what does not
  std::vector<TensorDistortion> tensors;
  /// A relative RMS error above the bound that its code width allows: the image does not hold this checkpoint.
  std::vector<std::string> beyond_bound;
  /// False in an image of an older Kiln: then a change of the checkpoint too small for other codes cannot be seen.
  bool hashes_recorded = false;
  std::size_t hashes_checked = 0;  ///< tensors of the checkpoint; none if no hashes are recorded
  /// Those whose hash is not the recorded one, as sentences in the record's order: another checkpoint.
  std::vector<std::string> other_hashes;
  std::size_t codes_checked = 0;  ///< matrices that were baked again; none from the first other hash on
  /// What differs first in each matrix of the image that is not as baking again makes it: another image.
  std::vector<std::string> other_codes;
  struct Bytes {
    bool equal = false;
    std::string difference = "not baked again to the end, since the checkpoint or its recipe is another";
  };
  std::optional<Bytes> bytes;  ///< with Proof::Bytes
  [[nodiscard]] bool matches() const {
    return same_model && beyond_bound.empty() && other_hashes.empty() && other_codes.empty() &&
           (!bytes || bytes->equal);
  }
};

enum class Proof {
  Codes,  ///< hashes of the tensors as read, then all codes and scales by baking again
  Bytes,  ///< and every byte of the image
};

struct CompareOptions {
  Proof proof = Proof::Codes;
  const config::BakeRecipe* recipe = nullptr;  ///< by which the image must have been baked; null: by whichever
};

/// Proves that the image is what baking makes of this checkpoint, in one pass over its weights: their hashes against
/// those that the image records, the codes by baking again; and decodes the image for the distortions. Fails for an
/// image whose record is of another version or method; without a record it proves less and says so.
base::Result<Comparison> compare(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint,
                                 base::ThreadPool& pool, const base::Progress& progress = {},
                                 const CompareOptions& options = {});

}  // namespace kiln::bake
