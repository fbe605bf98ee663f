// Shapes and constants of a Llama model, from configs/model/*.json, a Hugging Face config.json or GGUF metadata.
// All widths are in elements. validate() holds for every ModelConfig that a loader returns.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/base/result.hpp"

namespace kiln::config {

enum class RopeScalingKind { None, Linear, Llama3 };

/// Llama 3.1's scaling as in its config.json; `factor` alone for Linear. `Factors` of a GGUF are held by the
/// checkpoint.
struct RopeScaling {
  RopeScalingKind kind = RopeScalingKind::None;
  double factor = 1.0;
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  std::uint32_t original_max_position_embeddings = 8192;
};

struct ModelConfig {
  std::string name;
  std::uint32_t hidden_size = 0;
  std::uint32_t intermediate_size = 0;
  std::uint32_t layers = 0;
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;  ///< even
  std::uint32_t vocab_size = 0;
  std::uint32_t max_context = 0;  ///< tokens, as declared by the checkpoint
  double rms_norm_eps = 1e-5;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling;
  bool tied_embeddings = false;

  [[nodiscard]] std::uint32_t q_width() const { return heads * head_dim; }
  [[nodiscard]] std::uint32_t kv_width() const { return kv_heads * head_dim; }
  /// Weights in the matrices a token passes (all but the embedding look-up and the norms).
  [[nodiscard]] std::uint64_t active_matrix_weights() const;

  /// One sentence if the shapes are not those of a Llama that Kiln can run: zero or odd where that is impossible, heads
  /// not a multiple of kv_heads, widths above 1,048,576, vocabulary above 16,777,216, layers above 1,024.
  [[nodiscard]] base::Status validate() const;
};

}  // namespace kiln::config
