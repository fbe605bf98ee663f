// A checkpoint whose tensors are in memory-mapped files: what the Hugging Face and GGUF readers build after checking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mapped_file.hpp"
#include "checkpoint/checkpoint.hpp"
#include "checkpoint/format.hpp"

namespace kiln::checkpoint {

/// Where a tensor's bytes are. They are inside the file: the reader has checked.
struct Storage {
  std::size_t file = 0;
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t bytes = 0;
  const Format* format = nullptr;
  std::uint32_t interleaved_head = 0;  ///< head width if rows are in GGUF's interleaved RoPE order, else 0
};

struct MappedParts {
  std::string kind;
  std::string path;
  config::ModelConfig config;
  std::optional<tokenizer::TokenizerSpec> tokenizer;
  std::vector<base::MappedFile> files;
  std::vector<TensorInfo> tensors;  ///< sorted by (layer, role)
  std::vector<Storage> storage;     ///< of each tensor
  std::vector<float> rope_factors;
};

class MappedCheckpoint : public Checkpoint {
 public:
  explicit MappedCheckpoint(MappedParts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] const config::ModelConfig& config() const override { return parts_.config; }
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const override { return parts_.tokenizer; }
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return parts_.tensors; }
  [[nodiscard]] std::string kind() const override { return parts_.kind; }
  [[nodiscard]] const std::string& path() const override { return parts_.path; }
  [[nodiscard]] std::vector<std::string> files() const override;
  [[nodiscard]] std::string identity() const override;
  [[nodiscard]] base::Status read_rows(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                       std::span<float> out) const override;
  void expect(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count) const override;
  void release(const TensorInfo& tensor) const override;
  [[nodiscard]] const std::vector<float>& rope_factors() const override { return parts_.rope_factors; }

 private:
  [[nodiscard]] const Storage& storage_of(const TensorInfo& tensor) const;
  MappedParts parts_;
};

/// Index of the first NaN or infinity, or nothing.
std::optional<std::size_t> first_not_finite(std::span<const float> values);

}  // namespace kiln::checkpoint
