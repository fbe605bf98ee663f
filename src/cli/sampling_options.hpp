// --temperature, --top-k and --seed, which several commands have. Private to the cli module.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "kiln/study/sampling.hpp"

namespace kiln::cli {

/// `seeds`: what else the seed is for, for the help.
void add_sampling(CLI::App& command, study::SamplingWish& sampling, const std::string& seeds);

}  // namespace kiln::cli
