// What a run did, counted by the units: integers without names or units, so that counting costs nothing. Cost and
// reports make energy and tables of them.
#pragma once

#include <cstdint>

namespace kiln::program {

/// Integers that the units count; names and units in docs/units.
struct Activity {
  std::uint64_t products = 0;                  ///< activations whose products a tile's product banks formed
  std::uint64_t selections = 0;                ///< ROM cells that selected a product (one per weight and token)
  std::uint64_t plane_bits = 0;                ///< bits of activations that entered bit-serial tiles
  std::uint64_t counted_bits = 0;              ///< bits that entered population counts (eight per weight and token)
  std::uint64_t constant_multiplications = 0;  ///< counts that were multiplied by a value of the codebook
  std::uint64_t rom_rows_read = 0;             ///< rows of a tile's ROM
  std::uint64_t multiply_accumulates = 0;      ///< of rom_mac tiles (one per weight and token)
  std::uint64_t group_scales = 0;              ///< partial sums that took a group scale
  std::uint64_t tree_additions = 0;            ///< additions in reduction trees
  std::uint64_t row_results = 0;               ///< row scales applied
  std::uint64_t embedding_reads = 0;           ///< elements read
  std::uint64_t vector_elements = 0;           ///< elements that passed the vector unit, once per operation
  std::uint64_t kv_words_read = 0;
  std::uint64_t kv_words_written = 0;
  std::uint64_t kv_conflict_cycles = 0;
  std::uint64_t score_macs = 0;  ///< products of q and k
  std::uint64_t value_macs = 0;  ///< products of probabilities and v
  std::uint64_t exponentials = 0;
  std::uint64_t logits_compared = 0;
  std::uint64_t draws = 0;           ///< tokens drawn at a temperature
  std::uint64_t lora_macs = 0;       ///< weights of the adapter read and multiplied
  std::uint64_t lora_additions = 0;  ///< outputs of arrays that the adapter added to
  std::uint64_t link_beats = 0;      ///< beats times pipeline stages
  std::uint64_t host_tokens = 0;
  Activity& operator+=(const Activity& other);
  bool operator==(const Activity&) const = default;
};

/// Bits of values that changed from one to the next on the same wires, where a run computes values.
struct Switching {
  std::uint64_t activation_bits = 0, activation_toggles = 0;  ///< INT8 codes that entered arrays, input by input
  std::uint64_t product_bits = 0, product_toggles = 0;        ///< products of 16 bits that a sample of rows selected
  Switching& operator+=(const Switching& other) {
    activation_bits += other.activation_bits;
    activation_toggles += other.activation_toggles;
    product_bits += other.product_bits;
    product_toggles += other.product_toggles;
    return *this;
  }
  bool operator==(const Switching&) const = default;
};

}  // namespace kiln::program
