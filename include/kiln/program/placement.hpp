// Weights placed on a chip's tiles, and the KV cache's addresses. Plain geometry: no cycles are counted here.
// A tile holds `rows` inputs x `columns` outputs. The matrices of an array are side by side: tile (i, j) holds inputs
// [i * rows, (i + 1) * rows) of outputs [j * columns, (j + 1) * columns), clipped to the array.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/program/dataflow.hpp"

namespace kiln::program {

/// One tile array; every layer has the same (one for all of the LM head).
struct ArrayPlan {
  ArrayKind kind = ArrayKind::Qkv;
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  std::uint32_t tiles_over_inputs = 0;  ///< the reduction tree adds over these
  std::uint32_t tiles_over_outputs = 0;
  std::uint32_t instances = 0;        ///< arrays of this kind on the chip: one a layer, or 1
  std::uint64_t weights = 0;          ///< of one instance
  std::uint64_t cells = 0;            ///< weights that its tiles could hold
  std::uint64_t code_bits = 0;        ///< codes stored in one instance
  std::uint64_t codebook_values = 0;  ///< of one instance: sum over its outputs of the values in their codebook
  [[nodiscard]] std::uint64_t tiles() const { return std::uint64_t{tiles_over_inputs} * tiles_over_outputs; }
  [[nodiscard]] double fill() const { return static_cast<double>(weights) / static_cast<double>(cells); }
};

/// KV SRAM of one layer. Word address of word i of KV head h of the token at position t: t * token_words + h *
/// row_words + i, for keys; values are in a second region of the same shape. Bank = address mod banks.
struct KvPlan {
  std::uint32_t row_words = 0;        ///< ceil(head_dim / width_bytes)
  std::uint32_t token_words = 0;      ///< kv_heads * row_words + row_pad_words
  std::uint64_t capacity_tokens = 0;  ///< banks * depth_words / (2 * token_words)
  std::uint64_t exponent_bits_per_token =
      0;  ///< side array: 9 bits per 64 elements of a head, keys and values, one layer
};

/// The adapter's SRAM. A matrix has INT8 codes, a byte of scale for each 64 inputs of a row and four bytes a row.
struct AdapterPlan {
  struct Array {
    std::uint64_t down_weights = 0;  ///< A of all targets of the array, one layer
    std::uint64_t up_weights = 0;    ///< of B
    std::uint64_t outputs = 0;       ///< that an adapter adds to
  };
  std::array<Array, kArrays> arrays;
  std::uint64_t bytes_per_layer = 0;
  std::uint64_t bytes = 0;          ///< all layers
  std::uint64_t bytes_of_chip = 0;  ///< of the chip with most layers
};

class Placement {
 public:
  /// Fails, with JSON pointers, where the model cannot be placed: not one token fits the KV SRAM, or the adapter does
  /// not fit its own.
  static base::Result<Placement> create(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                        const config::ChipConfig& chip, const config::AdapterShape& adapter = {});

  [[nodiscard]] const Dataflow& dataflow() const { return dataflow_; }
  [[nodiscard]] const config::ChipConfig& chip() const { return chip_; }
  [[nodiscard]] const config::ModelConfig& model() const { return dataflow_.model(); }
  [[nodiscard]] const ArrayPlan& array(ArrayKind kind) const { return arrays_[static_cast<std::size_t>(kind)]; }
  /// The tiles of an array: its own, or else the chip's.
  [[nodiscard]] const config::TileConfig& tile(ArrayKind kind) const {
    const auto& own = chip_.tiles[static_cast<std::size_t>(kind)];
    return own ? *own : chip_.tile;
  }
  [[nodiscard]] const KvPlan& kv() const { return kv_; }
  [[nodiscard]] const AdapterPlan& adapter() const { return adapter_; }
  /// Whether an adapter adds to the array's output.
  [[nodiscard]] bool adapts(ArrayKind kind) const {
    return adapter_.arrays[static_cast<std::size_t>(kind)].outputs > 0;
  }

 private:
  Placement(Dataflow dataflow, config::ChipConfig chip) : dataflow_(std::move(dataflow)), chip_(std::move(chip)) {}
  Dataflow dataflow_;
  config::ChipConfig chip_;
  ArrayPlan arrays_[kArrays];
  KvPlan kv_;
  AdapterPlan adapter_;
};

}  // namespace kiln::program
