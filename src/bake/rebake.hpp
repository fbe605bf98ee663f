// Baking matrix after matrix again and holding what comes out against an image: every code, group scale, row scale and
// level of a codebook; on demand every byte of the file. It uses the baker's own steps: what it proves is that the
// image is what they make of this checkpoint; that codes decode to the weights is compare()'s to show.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bake/panels.hpp"
#include "bake/row_source.hpp"
#include "bake/tensor_fit.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "rom/image_sink.hpp"
#include "rom/layout.hpp"
#include "rom/rom_image.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {

class Rebake {
 public:
  Rebake(const rom::RomImage& image, base::ThreadPool& pool) : image_(image), pool_(pool) {}
  /// Before the first matrix: every byte is compared, too, with those of an image that has this head, and a record of
  /// what it was baked from if this one has.
  base::Status compare_bytes(rom::ImageHead head);

  /// The next matrix of the image, then its batches of rows from top to bottom.
  base::Status begin(const RowSource& source, const rom::TensorShape& place);
  void begin_batch(std::uint64_t first, std::uint64_t rows);
  /// `count` transformed rows of the batch from its row `at` on; from any thread.
  void quantise(std::span<const float> rows, std::size_t at, std::size_t count);
  base::Status end_batch();
  /// What differs first in this matrix, as a sentence; empty if nothing does.
  [[nodiscard]] const std::string& difference() const { return difference_; }

  /// After the last matrix, with compare_bytes(): the first byte that differs, if one does.
  base::Result<std::optional<std::uint64_t>> finish(const rom::Provenance& provenance);

 private:
  [[nodiscard]] std::string difference_in_batch() const;
  [[nodiscard]] std::string difference_in_row(const numerics::MatrixView& again, std::uint32_t row) const;

  const rom::RomImage& image_;
  base::ThreadPool& pool_;
  numerics::Simd simd_ = numerics::best_simd();
  const rom::ComparingSink* sink_ = nullptr;  // the writer's
  std::optional<rom::RomWriter> writer_;
  const rom::RomTensor* tensor_ = nullptr;
  std::string name_;
  std::optional<TensorFit> fit_;
  std::vector<std::int8_t> levels_;
  std::uint64_t first_ = 0;  // row of the matrix with which the batch begins
  Panels batch_;
  std::string difference_;
};

}  // namespace kiln::bake
