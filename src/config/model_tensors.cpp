#include "config/model_tensors.hpp"

namespace kiln::config {

std::array<ModelTensor, kTensorRoles> model_tensors(const ModelConfig& model) {
  const std::uint32_t hidden = model.hidden_size, ffn = model.intermediate_size;
  const std::uint32_t q = model.q_width(), kv = model.kv_width();
  return {{{TensorRole::Embedding, model.vocab_size, hidden},
           {TensorRole::Q, q, hidden},
           {TensorRole::K, kv, hidden},
           {TensorRole::V, kv, hidden},
           {TensorRole::O, hidden, q},
           {TensorRole::Gate, ffn, hidden},
           {TensorRole::Up, ffn, hidden},
           {TensorRole::Down, hidden, ffn},
           {TensorRole::LmHead, model.vocab_size, hidden},
           {TensorRole::AttentionNorm, 1, hidden},
           {TensorRole::FfnNorm, 1, hidden},
           {TensorRole::FinalNorm, 1, hidden}}};
}

ModelTensor matrix_of(const ModelConfig& model, TensorClass c) {
  return model_tensors(model)[static_cast<std::size_t>(c)];
}

}  // namespace kiln::config
