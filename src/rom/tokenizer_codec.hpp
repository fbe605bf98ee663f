// A tokenizer's specification as bytes, exactly and in one way only: docs/formats/rom-image.md, "Tokenizer".
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "kiln/base/result.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::rom {

/// No bytes for no tokenizer.
std::vector<std::byte> encode_tokenizer(const std::optional<tokenizer::TokenizerSpec>& spec);

/// The error says what is wrong and at which byte of the section; the caller adds the file.
base::Result<std::optional<tokenizer::TokenizerSpec>> decode_tokenizer(std::span<const std::byte> bytes);

}  // namespace kiln::rom
