#include "study/bytes_read.hpp"

namespace kiln::study {

std::uint64_t bytes_read_per_token(const rom::RomImage& rom) {
  std::uint64_t bytes = 0;
  for (const auto& tensor : rom.tensors()) {
    const auto& m = tensor.matrix;
    bytes += m.codebook.size();
    if (tensor.tensor_class == config::TensorClass::Embedding) {
      // A row's codes are a sixteenth of its panel's.
      bytes += (m.codes.size() + m.scales.size()) / (m.panels() * numerics::kPanelRows) + sizeof(float);
    } else {
      bytes += m.codes.size() + m.scales.size() + m.row_scales.size_bytes();
    }
  }
  return bytes;
}

std::uint64_t products_of(const rom::RomImage& rom, std::uint64_t tokens, std::uint64_t logits) {
  std::uint64_t products = 0;
  for (const auto& tensor : rom.tensors()) {
    const std::uint64_t one = std::uint64_t{tensor.matrix.rows} * tensor.matrix.columns;
    if (config::in_layer(tensor.tensor_class)) products += tokens * one;
    if (tensor.tensor_class == config::TensorClass::LmHead) products += logits * one;
  }
  return products;
}

}  // namespace kiln::study
