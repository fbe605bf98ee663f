// What opens can be used: every weight read, every text encoded and decoded, the checkpoint baked, the image opened and
// compared with what it was baked from.
#pragma once

#include "checkpoint/checkpoint.hpp"
#include "rom/rom_image.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::fuzz {

/// Larger checkpoints are opened alone: a fuzzer has no seconds for one.
inline constexpr std::uint64_t kMostWeights = 20'000;
/// A bake and what follows takes a hundred times what opening takes: one input of so many is baked, and all that are kept.
inline constexpr std::uint64_t kBaked = 64;
std::uint64_t weights_of(const checkpoint::Checkpoint& checkpoint);

/// `bakes`: bakes it, too, if it is small.
void use(const checkpoint::Checkpoint& checkpoint, bool bakes);
void use(const tokenizer::TokenizerSpec& spec);
void use(const rom::RomImage& image);

}  // namespace kiln::fuzz
