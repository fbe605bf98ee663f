// The ROM image: what a baked checkpoint is. One memory-mapped file with codes, codebooks, scales, norms, RoPE
// increments and the tokenizer; it knows no chip. Format: docs/formats/rom-image.md. Little-endian; every section has
// an XXH3-64 checksum.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"
#include "numerics/matrix.hpp"
#include "rom/provenance.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::rom {

/// One matrix of the image and its bits.
struct RomTensor {
  config::TensorClass tensor_class = config::TensorClass::Embedding;
  base::LayerId layer;
  numerics::MatrixView matrix;
  /// Bits that the chip's ROM holds for it: codes of real weights, 8-bit scales, 32-bit row scales, the codebook.
  [[nodiscard]] std::uint64_t rom_bits() const;
  [[nodiscard]] double bits_per_weight() const;
};

class RomImage {
 public:
  /// Maps the file and checks everything: magic, version, sizes (before memory is taken), checksums of all sections,
  /// ranges.
  static base::Result<RomImage> open(const std::string& path, base::ThreadPool& pool,
                                     const base::Progress& progress = {});
  RomImage(RomImage&&) noexcept;
  RomImage& operator=(RomImage&&) noexcept;
  ~RomImage();

  [[nodiscard]] const config::ModelConfig& model() const;
  [[nodiscard]] const config::BakeRecipe& recipe() const;
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const;
  /// XXH3-128 over the contents (not the path, not the time), 32 hex digits.
  [[nodiscard]] const std::string& content_hash() const;
  [[nodiscard]] std::uint64_t file_bytes() const;
  [[nodiscard]] const std::string& path() const;  ///< as it was opened
  [[nodiscard]] std::span<const std::byte> bytes() const;
  /// Has the system read the matrices of a layer, or the LM head, while the caller goes on, where they are not in memory.
  void need_soon(base::LayerId layer) const;
  void need_head_soon() const;
  /// What is in memory of the file, from 0 to 1, by looking here and there. All of it was read when it was opened: what is not
  /// in memory then did not find room.
  [[nodiscard]] double share_in_memory() const;
  /// What a byte of the file belongs to: "header", "directory", "codes of layer 3 gate", ...
  [[nodiscard]] std::string part_at(std::uint64_t byte) const;
  /// What the image was baked from; nothing in one that an older Kiln baked.
  [[nodiscard]] const std::optional<Provenance>& provenance() const;

  /// All matrices: embedding, then each layer's q k v o gate up down, then the LM head (there is always one: a tied
  /// table is stored twice, once for each use).
  [[nodiscard]] std::span<const RomTensor> tensors() const;
  [[nodiscard]] const RomTensor& tensor(config::TensorClass c, base::LayerId layer = {}) const;
  [[nodiscard]] std::span<const float> attention_norm(base::LayerId layer) const;
  [[nodiscard]] std::span<const float> ffn_norm(base::LayerId layer) const;
  [[nodiscard]] std::span<const float> final_norm() const;
  /// numerics::rope_increments of the model, head_dim / 2 of them.
  [[nodiscard]] std::span<const std::uint64_t> rope_increments() const;
  /// The bytes of the section that was added under this name, if there is one.
  [[nodiscard]] std::optional<std::span<const std::byte>> added(std::string_view name) const;

 private:
  struct Impl;
  explicit RomImage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::rom
