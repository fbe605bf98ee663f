// A unit or the whole chip as SystemVerilog in a directory: the question of `kiln rtl`. Sentences of errors use the
// command's words for the parts of the question.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/inputs/environment.hpp"

namespace kiln::study {

inline constexpr std::uint64_t kTestbenchTokens = 64;  ///< where the question says nothing

struct RtlQuestion {
  std::string rom, chip;
  std::string unit;       ///< "chip" or one of its units
  std::string directory;  ///< made if it is not there
  // Of a whole chip's testbench. Without a prompt it sends the token that begins every text.
  std::optional<std::string> prompt;
  std::optional<std::uint64_t> prompt_tokens;  ///< seeded ids instead
  std::optional<std::uint64_t> new_tokens;
};

struct RtlAnswer {
  program::Placement placement;
  config::BakeRecipe recipe;
  std::string rom_hash;
  std::string unit;
  std::string directory;
  /// Of a whole chip's testbench: what it expects.
  std::optional<std::uint64_t> tokens, cycles_total;
};

/// What of the question is wrong in itself, before a file is opened.
base::Status check(const RtlQuestion& question);
base::Result<RtlAnswer> write_rtl(const RtlQuestion& question, Environment& environment);

}  // namespace kiln::study
