// What an image holds beside its matrices, taken from a checkpoint.
#pragma once

#include "kiln/base/result.hpp"
#include "kiln/checkpoint/checkpoint.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/rom/rom_writer.hpp"

namespace kiln::bake {

base::Result<rom::ImageHead> image_head(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe);

}  // namespace kiln::bake
