// How a checkpoint is quantised: a code width for every class of tensors. From configs/recipe/*.json.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "kiln/base/enum_table.hpp"

namespace kiln::config {

enum class TensorClass { Embedding, Q, K, V, O, Gate, Up, Down, LmHead };
inline constexpr std::size_t kTensorClasses = 9;
inline constexpr auto kTensorClassNames = base::enum_names<TensorClass>({{TensorClass::Embedding, "embedding"},
                                                                         {TensorClass::Q, "q"},
                                                                         {TensorClass::K, "k"},
                                                                         {TensorClass::V, "v"},
                                                                         {TensorClass::O, "o"},
                                                                         {TensorClass::Gate, "gate"},
                                                                         {TensorClass::Up, "up"},
                                                                         {TensorClass::Down, "down"},
                                                                         {TensorClass::LmHead, "lm_head"}});
static_assert(kTensorClassNames.size() == kTensorClasses);

/// How the codebook of a tensor (2^bits values of INT8) is made.
enum class CodebookKind {
  Uniform,  ///< evenly spaced, symmetric
  KMeans,   ///< k-means on the scaled weights of the tensor
};

struct TensorFormat {
  int bits = 3;  ///< 2, 3, 4, 6 or 8
  CodebookKind codebook = CodebookKind::KMeans;
};

struct BakeRecipe {
  std::string name;
  std::array<TensorFormat, kTensorClasses> formats;
  [[nodiscard]] const TensorFormat& of(TensorClass c) const { return formats[static_cast<std::size_t>(c)]; }
};

}  // namespace kiln::config
