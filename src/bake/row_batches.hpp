// Walking all matrices of a model in the image's order, a batch of rows at a time, units in parallel: what baking and
// comparing share. Looks at the progress between batches, so it stops within a fraction of a second, and gives source
// pages back as it goes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bake/row_source.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/config/model_config.hpp"
#include "rom/layout.hpp"

namespace kiln::bake {

/// Of all matrices of the image.
std::uint64_t total_weights(const config::ModelConfig& model);

class RowBatches {
 public:
  /// `what` must outlive the walk.
  RowBatches(std::string_view what, const base::Progress& progress, std::uint64_t weights)
      : what_(what), progress_(progress), total_(weights) {}

  /// Calls body(first row, rows) for the matrix from top to bottom; first is a multiple of 16.
  base::Status batches(const RowSource& source, const std::function<base::Status(std::uint64_t, std::uint64_t)>& body);

  /// So many weights need no work any more.
  void skip(std::uint64_t weights) { done_ += weights; }

  /// Reads the units of a batch in parallel and calls body(rows, place of the first row in the batch, count) for each.
  /// `hash` gets the rows as they are in the checkpoint.
  static base::Status units(const RowSource& source, base::ThreadPool& pool, std::uint64_t first, std::uint64_t count,
                            const std::function<void(std::span<const float>, std::size_t, std::size_t)>& body,
                            SourceHash* hash = nullptr);

 private:
  std::string_view what_;
  const base::Progress& progress_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

}  // namespace kiln::bake
