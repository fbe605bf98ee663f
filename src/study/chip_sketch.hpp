// The sizes of a chip that a search for one chooses, and the chip that has them: all else is that of a base. Private to
// the study module.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "kiln/config/chip_config.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::study {

struct TileSketch {
  std::uint32_t rows = 1024, columns = 4096, inputs_per_cycle = 4;
  bool operator==(const TileSketch&) const = default;
};

struct ChipSketch {
  std::uint32_t clock_mhz = 1000;
  std::uint32_t clock_percent = 100;  ///< of the highest clock that loops allow: how the clock was found
  TileSketch tile;
  /// Inputs a cycle of the arrays of a layer where they are not the tile's, and the head's own tile.
  std::array<std::optional<std::uint32_t>, 4> inputs_per_cycle;
  TileSketch head;
  std::uint32_t beat_groups = 4;  ///< of 64 elements: lanes of all units that take a beat a cycle
  std::uint32_t tokens_parallel = 96;
  std::uint32_t softmax_beats = 1;  ///< softmax lanes in beats
  std::uint32_t kv_width_bytes = 16;
  bool operator==(const ChipSketch&) const = default;
};

struct KvSize {
  std::uint32_t banks = 1, depth_words = 1;
};
/// As many banks as words are read at once, odd so that none meet, and words for `context` tokens.
KvSize kv_size(const ChipSketch& sketch, const config::ModelConfig& model, std::uint64_t context);

config::ChipConfig chip_of(const ChipSketch& sketch, const config::ChipConfig& base, const config::ModelConfig& model,
                           std::uint64_t context);

}  // namespace kiln::study
