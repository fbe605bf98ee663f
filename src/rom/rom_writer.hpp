// Writes a ROM image as a stream: small sections first, then one matrix at a time, in panels of 16 rows. Nothing
// is at the path until finish(); destroyed before that, the writer leaves no files. Memory: the scales of one
// matrix and a MiB.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"
#include "rom/image_sink.hpp"
#include "rom/layout.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::rom {

/// What a later version of the format adds to an image, under a name of 1 to 16 lower-case letters, digits and
/// underscores. A reader that does not know the name skips it if it is optional and else refuses the image.
struct AddedSection {
  std::string name;
  bool optional = true;
  std::vector<std::byte> bytes;
};

/// All that an image holds beside its matrices.
struct ImageHead {
  config::ModelConfig model;
  config::BakeRecipe recipe;
  std::optional<tokenizer::TokenizerSpec> tokenizer;
  std::vector<std::uint64_t> rope_increments;  ///< head_dim / 2
  std::vector<float>
      norms;  ///< layer by layer attention norm and FFN norm, then the final norm: (2 layers + 1) x hidden_size
  std::vector<AddedSection> added = {};  ///< sorted by name, each once
};

/// The checksums of a matrix' sections: codebook, codes, scales, row scales.
using TensorChecksums = std::array<std::uint64_t, kSectionsPerTensor>;

/// The sections of an image of this head, with the contents and checksums of those in front of the matrices. Fails if
/// open() would refuse the head; `path` is for the sentence.
struct ImagePlan {
  std::vector<Section> sections;
  std::array<std::vector<std::byte>, kFixedSections> fixed;
};
base::Result<ImagePlan> plan_image(const std::string& path, const ImageHead& head);

struct WrittenImage {
  std::string content_hash;
  std::uint64_t file_bytes = 0;
};

class RomWriter {
 public:
  /// Fails if the file cannot be created or if open() would refuse the head.
  static base::Result<RomWriter> create(const std::string& path, const ImageHead& head);
  static base::Result<RomWriter> create(std::unique_ptr<ImageSink> sink, const ImageHead& head);
  /// `plan`: of this head.
  static base::Result<RomWriter> create(std::unique_ptr<ImageSink> sink, const ImageHead& head, ImagePlan plan);
  RomWriter(RomWriter&&) noexcept;
  RomWriter& operator=(RomWriter&&) noexcept;
  ~RomWriter();

  /// Starts the next matrix, in RomImage::tensors() order; the one before it must be complete.
  base::Status begin_tensor(std::span<const std::int8_t> codebook);
  /// The next panels of this matrix: packed codes, scales as [panel][group][row of panel], one row scale for each real
  /// row.
  base::Status append_panels(std::span<const std::byte> codes, std::span<const std::uint8_t> scales,
                             std::span<const float> row_scales);
  /// Of the matrix that was completed last.
  [[nodiscard]] TensorChecksums checksums() const;
  /// Instead of begin_tensor() and append_panels(): the sink has the next matrix already, with these checksums.
  base::Status keep_tensor(const TensorChecksums& checksums);
  /// Other bytes, as many, for a section that the head added: those that are known only after the matrices.
  void replace_added(std::string_view name, std::vector<std::byte> bytes);
  /// After the last matrix: what was added, header, directory, and the file appears at its path.
  base::Result<WrittenImage> finish();

 private:
  struct Impl;
  explicit RomWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::rom
