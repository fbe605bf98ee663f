// A LoRA adapter as PEFT saves it: adapter_config.json and adapter_model.safetensors in one directory. It adds scale *
// B (A x) to a matrix y = W x; scale = lora_alpha / rank, or / sqrt(rank) with rsLoRA.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/adapter_shape.hpp"

namespace kiln::checkpoint {

struct LoraTarget {
  Role role = Role::Q;  ///< Q, K, V, O, Gate, Up or Down
  base::LayerId layer;
  std::uint32_t rank = 0;
  double scale = 1;
  std::vector<float> a;  ///< rank x inputs, row-major
  std::vector<float> b;  ///< outputs x rank, row-major
};

struct LoraAdapter {
  std::string path;
  std::vector<LoraTarget> targets;  ///< sorted by (layer, role), at least one
  [[nodiscard]] const LoraTarget* find(Role role, base::LayerId layer) const;
  /// The largest rank of each class over the layers.
  [[nodiscard]] config::AdapterShape shape() const;
};

/// Reads and checks it against the model's shapes. Fails, with file and tensor or JSON pointer, on what Kiln's LoRA
/// unit lacks: other targets than the seven matrices of a layer, DoRA, biases, saved modules, a base that the
/// initialisation changed.
base::Result<LoraAdapter> open_lora(const std::string& directory, const config::ModelConfig& model);

/// The checkpoint with W + scale * B A instead of W: what the fp32 reference runs. Sums in double.
std::unique_ptr<Checkpoint> merged(std::unique_ptr<Checkpoint> base, LoraAdapter adapter);

}  // namespace kiln::checkpoint
