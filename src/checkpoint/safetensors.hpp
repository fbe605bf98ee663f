// One safetensors file: eight bytes of header length, a JSON header, data. Everything the header says is checked
// against the file before it is returned; tensors cover the data without a gap, as the format demands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mapped_file.hpp"
#include "checkpoint/format.hpp"
#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

struct SafeTensor {
  std::string name;
  std::string dtype;               ///< as in the header: one that the format defines
  const Format* format = nullptr;  ///< null if Kiln reads no weights of this type
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t bytes = 0;
};

/// Tensors in order of their offsets.
base::Result<std::vector<SafeTensor>> read_safetensors(const base::MappedFile& file);

}  // namespace kiln::checkpoint
