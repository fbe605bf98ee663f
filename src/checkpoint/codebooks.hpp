// The code books of GGUF's "IQ" formats: a code of a block stands for the four or eight weights of an entry, before the
// scale and the signs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kiln/base/result.hpp"

namespace kiln::checkpoint::blocks {

template <std::size_t Entries, std::size_t Weights>
using Codebook = std::array<std::array<std::int8_t, Weights>, Entries>;

const Codebook<256, 8>& iq2_xxs_codebook();
const Codebook<512, 8>& iq2_xs_codebook();
const Codebook<1024, 8>& iq2_s_codebook();
const Codebook<256, 4>& iq3_xxs_codebook();
const Codebook<512, 4>& iq3_s_codebook();
const Codebook<2048, 8>& iq1_codebook();  ///< of IQ1_S and IQ1_M

}  // namespace kiln::checkpoint::blocks
