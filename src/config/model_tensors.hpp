// The tensors of a Llama: which ones, how large, and whether each layer has one. Checkpoints are checked against this
// list, images are laid out by it, chips are cut by it; only the fp32 reference, an oracle, knows its shapes for
// itself. Rows are outputs, columns inputs; a norm is one row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::config {

/// Matrices first, in TensorClass order.
enum class TensorRole { Embedding, Q, K, V, O, Gate, Up, Down, LmHead, AttentionNorm, FfnNorm, FinalNorm };
inline constexpr std::size_t kTensorRoles = 12;
static_assert(static_cast<std::size_t>(TensorRole::LmHead) == static_cast<std::size_t>(TensorClass::LmHead) &&
              static_cast<std::size_t>(TensorClass::LmHead) + 1 == kTensorClasses &&
              static_cast<std::size_t>(TensorRole::FinalNorm) + 1 == kTensorRoles);

constexpr TensorRole role_of(TensorClass c) { return static_cast<TensorRole>(c); }
constexpr bool is_norm(TensorRole role) { return static_cast<std::size_t>(role) >= kTensorClasses; }
/// Of a matrix.
constexpr TensorClass class_of(TensorRole role) { return static_cast<TensorClass>(role); }

/// Whether each layer has one; else the model has one.
constexpr bool in_layer(TensorRole role) {
  return role != TensorRole::Embedding && role != TensorRole::LmHead && role != TensorRole::FinalNorm;
}
constexpr bool in_layer(TensorClass c) { return in_layer(role_of(c)); }

struct ModelTensor {
  TensorRole role = TensorRole::Embedding;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
};

/// Each kind once, in TensorRole order. A tied table is one tensor in a checkpoint, but still two matrices: the
/// embedding and the LM head.
std::array<ModelTensor, kTensorRoles> model_tensors(const ModelConfig& model);
ModelTensor matrix_of(const ModelConfig& model, TensorClass c);

}  // namespace kiln::config
