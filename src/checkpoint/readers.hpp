// The two file readers that checkpoint::open() uses.
#pragma once

#include <memory>
#include <string>

#include "checkpoint/checkpoint.hpp"

namespace kiln::checkpoint {

base::Result<std::unique_ptr<Checkpoint>> open_hf(const std::string& directory);
base::Result<std::unique_ptr<Checkpoint>> open_gguf(const std::string& file);

}  // namespace kiln::checkpoint
