// What the computer has to read of an image for a token. Private to the study module.
#pragma once

#include <cstdint>

#include "rom/rom_image.hpp"

namespace kiln::study {

/// Bytes of weights that a token with logits reads: codes, scales, row scales and codebooks of all matrices as they are
/// stored (padding included), and of the embedding one row and the codebook. Norms and keys and values are not counted.
std::uint64_t bytes_read_per_token(const rom::RomImage& rom);
/// Products of a weight and an activation in all matrices of a pass, of which `logits` tokens go through the LM head too; those of
/// attention are not counted.
std::uint64_t products_of(const rom::RomImage& rom, std::uint64_t tokens, std::uint64_t logits);

}  // namespace kiln::study
