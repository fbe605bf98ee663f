// What an image holds beside its matrices, taken from a checkpoint, and the record of where it comes from.
#pragma once

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "rom/provenance.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {

base::Result<rom::ImageHead> image_head(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe);

/// What the head tells of its origin: the recipe, and the hashes of the norms. Those of the matrices are still zeros.
rom::Provenance provenance_of(const rom::ImageHead& head);
/// The section that holds it; it takes as many bytes whatever the hashes are.
rom::AddedSection provenance_section(const rom::Provenance& provenance);

}  // namespace kiln::bake
