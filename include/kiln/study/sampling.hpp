// How answers are sampled, as a question says it.
#pragma once

#include <cstdint>
#include <optional>

#include "kiln/base/result.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/numerics/sample.hpp"

namespace kiln::study {

struct SamplingWish {
  double temperature = 0;              ///< 0 takes the likeliest token
  std::optional<std::uint64_t> top_k;  ///< as many candidates as the chip keeps if not given
  std::uint64_t seed = 1;              ///< of draws, and of prompts that are a number of tokens

  [[nodiscard]] base::Status check() const;
  [[nodiscard]] numerics::Sampling on(const config::ChipConfig& chip) const;
};

}  // namespace kiln::study
