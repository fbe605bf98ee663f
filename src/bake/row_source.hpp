// A matrix of the image as it comes from the checkpoint: rows in the basis in which they are baked, a few at a time,
// from any thread. A unit is the fewest rows that can be made independently and end on a panel: 16, or the 32 or 64
// that a head's transform mixes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bake/source_hash.hpp"
#include "checkpoint/checkpoint.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "numerics/matrix.hpp"

namespace kiln::bake {

/// Blocks of the transform over a matrix' inputs, as numerics::quantise_input makes them of the vector that meets it.
std::size_t input_block(const config::ModelConfig& model, config::TensorClass c);
/// Blocks of the transform over its outputs: 1 but for v, whose heads attention leaves in the transformed basis.
std::size_t output_block(const config::ModelConfig& model, config::TensorClass c);
bool all_finite(std::span<const float> values);

class RowSource {
 public:
  /// A bug if the checkpoint lacks the tensor: checkpoint::open has checked that. A tied LM head reads the embedding.
  RowSource(const checkpoint::Checkpoint& checkpoint, config::TensorClass tensor_class, base::LayerId layer,
            numerics::Simd simd);

  [[nodiscard]] std::uint64_t rows() const { return info_->rows; }
  [[nodiscard]] std::uint64_t columns() const { return info_->columns; }
  [[nodiscard]] std::size_t groups() const { return stride_ / numerics::kGroup; }
  [[nodiscard]] std::size_t stride() const { return stride_; }  ///< columns padded to whole groups
  [[nodiscard]] std::size_t unit_rows() const { return unit_rows_; }
  [[nodiscard]] std::size_t units() const { return (rows() + unit_rows_ - 1) / unit_rows_; }
  /// The fewest rows that read() takes at once: 1, or a head's block. The first row is a multiple of it.
  [[nodiscard]] std::size_t granule() const { return row_block_; }

  /// The checkpoint's tensor.
  [[nodiscard]] const checkpoint::TensorInfo& tensor() const { return *info_; }

  /// Rows [first, first + count), transformed, `stride` floats each, padded with zeros. Fails where the checkpoint
  /// does, and on weights so large that the transform leaves the range of a float. `hash` gets the rows as they are in
  /// the checkpoint.
  base::Status read(std::uint64_t first, std::uint64_t count, std::vector<float>& out,
                    SourceHash* hash = nullptr) const;
  /// These rows will be read soon.
  void expect(std::uint64_t first, std::uint64_t count) const { checkpoint_->expect(*info_, first, count); }
  void release() const { checkpoint_->release(*info_); }

 private:
  const checkpoint::Checkpoint* checkpoint_;
  const checkpoint::TensorInfo* info_;
  std::size_t column_block_;
  std::size_t row_block_;
  std::size_t unit_rows_;
  std::size_t stride_;
  numerics::Simd simd_;
};

}  // namespace kiln::bake
