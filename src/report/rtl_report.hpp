// What `kiln rtl` says of a directory that it wrote.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kiln/config/bake_recipe.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::report {

struct RtlDirectory {
  const program::Placement& placement;
  const config::BakeRecipe& recipe;
  std::string rom_hash;
  std::string unit;
  std::string directory;
  /// Of a whole chip's testbench: what it expects.
  std::optional<std::uint64_t> tokens, cycles_total;
};

std::string rtl_json(const RtlDirectory& written);

}  // namespace kiln::report
