// What a run did, counted by the units: integers, so that counting costs nothing. The tables of counters below them
// give each its key in reports and what it counts; sums, documents and tests go through the tables, so a counter that
// is not in its table does not compile. Cost makes energy of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kiln::program {

/// Integers that the units count; docs/units.
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
  std::uint64_t link_beats = 0;      ///< beats times link registers
  std::uint64_t host_tokens = 0;
  Activity& operator+=(const Activity& other);
  bool operator==(const Activity&) const = default;
};

/// Bits of values that changed from one to the next on the same wires, where a run computes values.
struct Switching {
  std::uint64_t activation_bits = 0, activation_toggles = 0;  ///< INT8 codes that entered arrays, input by input
  std::uint64_t product_bits = 0, product_toggles = 0;        ///< products of 16 bits that a sample of rows selected
  Switching& operator+=(const Switching& other);
  bool operator==(const Switching&) const = default;
};

template <class Counts>
struct Counter {
  std::string_view name;  ///< the key in reports
  std::string_view unit;  ///< what is counted
  std::uint64_t Counts::*value;
};

/// In the order of reports.
inline constexpr Counter<Activity> kActivityCounters[] = {
    {"products", "activations", &Activity::products},
    {"selections", "weights", &Activity::selections},
    {"plane_bits", "bits", &Activity::plane_bits},
    {"counted_bits", "bits", &Activity::counted_bits},
    {"constant_multiplications", "products", &Activity::constant_multiplications},
    {"rom_rows_read", "rows", &Activity::rom_rows_read},
    {"multiply_accumulates", "weights", &Activity::multiply_accumulates},
    {"group_scales", "sums", &Activity::group_scales},
    {"tree_additions", "sums", &Activity::tree_additions},
    {"row_results", "sums", &Activity::row_results},
    {"embedding_reads", "elements", &Activity::embedding_reads},
    {"vector_elements", "elements", &Activity::vector_elements},
    {"kv_words_read", "words", &Activity::kv_words_read},
    {"kv_words_written", "words", &Activity::kv_words_written},
    {"kv_conflict_cycles", "cycles", &Activity::kv_conflict_cycles},
    {"score_macs", "products", &Activity::score_macs},
    {"value_macs", "products", &Activity::value_macs},
    {"exponentials", "scores", &Activity::exponentials},
    {"logits_compared", "logits", &Activity::logits_compared},
    {"draws", "tokens", &Activity::draws},
    {"lora_macs", "weights", &Activity::lora_macs},
    {"lora_additions", "outputs", &Activity::lora_additions},
    {"link_beats", "beats", &Activity::link_beats},
    {"host_tokens", "tokens", &Activity::host_tokens},
};
inline constexpr Counter<Switching> kSwitchingCounters[] = {
    {"activation_bits", "bits", &Switching::activation_bits},
    {"activation_toggles", "bits", &Switching::activation_toggles},
    {"product_bits", "bits", &Switching::product_bits},
    {"product_toggles", "bits", &Switching::product_toggles},
};

/// Whether a table has every counter of its struct, which holds nothing else, exactly once.
template <class Counts, std::size_t kCount>
consteval bool complete(const Counter<Counts> (&counters)[kCount]) {
  for (std::size_t i = 0; i < kCount; ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (counters[i].value == counters[k].value || counters[i].name == counters[k].name) return false;
  return kCount * sizeof(std::uint64_t) == sizeof(Counts);
}
static_assert(complete(kActivityCounters));
static_assert(complete(kSwitchingCounters));

}  // namespace kiln::program
