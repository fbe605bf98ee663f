// How the simulator's work grows with the model and with the context. Private to the study module.
#pragma once

#include <vector>

#include "kiln/config/catalogue.hpp"
#include "study/bench_lanes.hpp"

namespace kiln::study {

/// Timing alone of shapes from 1 to 70 billion weights at each of these contexts, on the question's chip with a KV cache
/// that holds them; with an image of the question's own also its values, as far as the model declares.
base::Result<std::vector<BenchLane>> growth_lanes(const BenchSubject& subject, const config::Catalogue& configs);

inline constexpr const char* kGrowthModels[] = {"llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "llama-3.1-70b"};
inline constexpr std::uint64_t kGrowthContexts[] = {256, 512, 1024, 2048, 4096, 8192};

}  // namespace kiln::study
