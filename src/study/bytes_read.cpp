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

}  // namespace kiln::study
