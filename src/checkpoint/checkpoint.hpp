// A Llama checkpoint: named tensors, shapes and a tokenizer, from a Hugging Face directory, a GGUF file or a seed.
// Files are memory-mapped and a tensor is decoded when its rows are read, so a checkpoint larger than memory can be
// walked. Whatever the source, rows are outputs, columns inputs, and q/k rows are in Hugging Face's rotate-half
// order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/model_tensors.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::checkpoint {

using Role = config::TensorRole;

struct TensorInfo {
  Role role = Role::Embedding;
  base::LayerId layer;     ///< 0 for tensors that belong to no layer
  std::string name;        ///< as the source names it
  std::string format;      ///< "BF16", "Q4_K", "synthetic", ...
  std::uint64_t rows = 0;  ///< 1 for a norm
  std::uint64_t columns = 0;
  double bits_per_weight = 0;  ///< as stored in the source; 0 if nothing is stored
};

class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  [[nodiscard]] virtual const config::ModelConfig& config() const = 0;
  /// Nothing if the checkpoint has no tokenizer: only text in or out is then impossible.
  [[nodiscard]] virtual const std::optional<tokenizer::TokenizerSpec>& tokenizer() const = 0;
  /// All tensors of the model, sorted by (layer, role); tied embeddings have no LmHead entry.
  [[nodiscard]] virtual const std::vector<TensorInfo>& tensors() const = 0;
  /// "hf", "gguf" or "synthetic", for people.
  [[nodiscard]] virtual std::string kind() const = 0;
  [[nodiscard]] virtual const std::string& path() const = 0;

  /// The files that hold the weights, in order: one, or shards, or parts; none if nothing is stored.
  [[nodiscard]] virtual std::vector<std::string> files() const { return {}; }

  /// A text that is the same only where the weights are, found without reading them; empty if there is none.
  [[nodiscard]] virtual std::string identity() const { return ""; }

  /// Decodes rows [first, first + count) of a tensor of tensors() into `out` (count x columns floats, row-major).
  /// Fails, with file, tensor and index, on a NaN or an infinity. Thread-safe.
  [[nodiscard]] virtual base::Status read_rows(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                               std::span<float> out) const = 0;
  /// Tells that these rows will be read soon: a disk may bring them meanwhile.
  virtual void expect(const TensorInfo& /*tensor*/, std::uint64_t /*first*/, std::uint64_t /*count*/) const {}
  /// Tells that the tensor's pages are not needed again soon.
  virtual void release(const TensorInfo& tensor) const = 0;

  /// RoPE frequency divisors, head_dim / 2 of them, from a GGUF's rope_freqs.weight; empty where config().rope_scaling
  /// says all.
  [[nodiscard]] virtual const std::vector<float>& rope_factors() const = 0;

  /// The tensor with this role and layer, or null.
  [[nodiscard]] const TensorInfo* find(Role role, base::LayerId layer = {}) const;
};

/// `source`: a Hugging Face directory or a .gguf file (any part of a split one). ("synthetic:..." has no file: the caller resolves its model to a
/// config and calls synthetic().) Everything is checked before it returns: architecture, shapes, offsets, overlaps,
/// missing tensors. Values are checked when they are read.
base::Result<std::unique_ptr<Checkpoint>> open(const std::string& source);

/// The checkpoint's tokenizer, ready to use. The error names the file that it is from.
base::Result<std::optional<tokenizer::Tokenizer>> make_tokenizer(const Checkpoint& checkpoint);

/// A sentence about a directory whose tokenizer is not read: what was looked for, and which files there have the name of
/// a tokenizer's. Empty for any other checkpoint.
std::string missing_tokenizer(const Checkpoint& checkpoint);

struct SyntheticSource {
  std::string model;
  std::uint64_t seed = 1;
};
/// Nothing if `source` does not start with "synthetic:"; an error if its seed is not a number.
base::Result<std::optional<SyntheticSource>> parse_synthetic(const std::string& source);
/// Real shapes, seeded weights, nothing on disk: each weight is a sum of four uniform 16-bit numbers (close to normal),
/// scaled by 1 / sqrt(columns); norms are ones with a little noise. The same values on every host, for any order of
/// reading.
std::unique_ptr<Checkpoint> synthetic(const config::ModelConfig& config, std::uint64_t seed);

}  // namespace kiln::checkpoint
