// How a whole matrix is quantised: its codebook and its search for scales, found on a seeded sample of its rows.
#pragma once

#include <cstdint>

#include "bake/codebook.hpp"
#include "bake/row_fit.hpp"
#include "bake/row_source.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/config/bake_recipe.hpp"

namespace kiln::bake {

struct TensorFit {
  Codebook book;
  ScaleSearch search;
};

/// Picks the sampled rows: the same for the same tensor in every bake.
std::uint64_t sample_seed(config::TensorClass tensor_class, base::LayerId layer);

/// `seed` picks the sampled rows.
base::Result<TensorFit> fit_tensor(const RowSource& source, const config::TensorFormat& format, std::uint64_t seed,
                                   base::ThreadPool& pool, numerics::Simd simd);

}  // namespace kiln::bake
