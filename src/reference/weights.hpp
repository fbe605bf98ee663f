// A checkpoint's weights as float in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"

namespace kiln::reference {

struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::unique_ptr<float[]> values;  ///< row-major

  [[nodiscard]] const float* row(std::size_t r) const { return values.get() + r * columns; }
};

struct Layer {
  Matrix q, k, v, o, gate, up, down, attention_norm, ffn_norm;
};

struct Weights {
  Matrix embedding;
  Matrix lm_head;  ///< empty if tied
  Matrix final_norm;
  std::vector<Layer> layers;

  [[nodiscard]] const Matrix& head() const { return lm_head.values ? lm_head : embedding; }
};

base::Result<Weights> load_weights(const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
                                   const base::Progress& progress, std::uint64_t memory_limit_bytes);

}  // namespace kiln::reference
