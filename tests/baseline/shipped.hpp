// The shipped GPUs and models by name.
#pragma once

#include <string>

#include "kiln/config/load.hpp"

namespace kiln::baseline {

inline const std::string kConfigs = std::string(KILN_SOURCE_DIR) + "/configs/";

inline config::GpuSpec gpu(const std::string& name) {
  return config::load_gpu(kConfigs + "gpu/" + name + ".json").value();
}
inline config::ModelConfig model(const std::string& name) {
  return config::load_model(kConfigs + "model/" + name + ".json").value();
}

}  // namespace kiln::baseline
