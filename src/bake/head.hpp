// What an image holds beside its matrices, taken from a checkpoint.
#pragma once

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {

base::Result<rom::ImageHead> image_head(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe);

}  // namespace kiln::bake
