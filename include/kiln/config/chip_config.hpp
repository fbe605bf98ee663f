// A chip, from configs/chip/*.json: every parameter a unit of the chip has, one const struct per unit. Times are in
// cycles of the one clock. Ranges are in configs/README.md and docs/units; the loader enforces them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/enum_table.hpp"
#include "kiln/config/link.hpp"

namespace kiln::config {

/// LayerSerial: one periphery for all layers of a chip, which works on one token at a time. LayerPipelined: every
/// layer, and the head, has its own, and as many tokens are in flight. docs/units/README.md
enum class Schedule { LayerSerial, LayerPipelined };
/// Which user's token goes first where several could.
enum class Arbitration { RoundRobin, DecodeFirst, PrefillFirst };
/// What happens to a request that finds no room in the KV cache although it would fit an empty one.
enum class WhenFull { Queue, Refuse };

/// What a latency (a key that ends in `_cycles`) has when the config says `auto` and nothing has found its number:
/// out of range, so that nothing runs with it. cost::settle() finds it.
inline constexpr std::uint32_t kAutomatic = 0;

/// Parameters of one kind of tile: "product_cycles" -> 2.
using TileParameters = std::map<std::string, std::uint32_t, std::less<>>;

/// A ROM tile: `rows` inputs x `columns` outputs of weight codes. docs/units/tile_array.md
struct TileConfig {
  std::string microarchitecture = "product_select";  ///< the name of a kind of tile: config/tile_kind.hpp
  std::uint32_t rows = 256;
  std::uint32_t columns = 1024;
  std::uint32_t inputs_per_cycle = 1;   ///< inputs of a tile handled together: a step
  std::uint32_t scale_lanes = 32;       ///< outputs of a tile that take their group scale in one cycle
  std::uint32_t accumulate_cycles = 2;  ///< latency of accumulate and scale after the last input
  /// By kind. There may be those of several; those of the chosen one must be there.
  std::map<std::string, TileParameters, std::less<>> parameters = {{"product_select", {{"product_cycles", 2}}}};
  bool operator==(const TileConfig&) const = default;
  /// True if the microarchitecture is a known kind and its parameters are present.
  [[nodiscard]] bool complete() const;
  /// A parameter of the chosen kind.
  [[nodiscard]] std::uint32_t parameter(std::string_view key) const;
};

/// The tile arrays that may have different tiles, in the order of program::ArrayKind. Matrices that share an input
/// are in one array, in lock step, so a choice for one of them is a choice for all.
inline constexpr std::array<std::string_view, 5> kTileArrayNames = {"qkv", "o", "gate_up", "down", "lm_head"};

/// The adders over the tiles of one matrix. docs/units/reduction_tree.md
struct ReductionConfig {
  std::uint32_t fan_in = 4;
  std::uint32_t level_cycles = 1;
  std::uint32_t outputs_per_cycle = 64;  ///< columns that pass the tree's root in one cycle
  std::uint32_t scale_cycles = 3;        ///< row scale and rounding to the output format
};

/// docs/units/vector_unit.md
struct VectorConfig {
  std::uint32_t lanes = 64;           ///< elements handled in one cycle
  std::uint32_t add_cycles = 3;       ///< latency of storing or adding to the residual
  std::uint32_t sum_cycles = 8;       ///< latency of the adder tree over the lanes, for the sum of squares
  std::uint32_t rsqrt_cycles = 12;    ///< latency of the reciprocal square root
  std::uint32_t scale_cycles = 6;     ///< latency of x * rsqrt * gamma
  std::uint32_t rope_cycles = 8;      ///< latency of sine, cosine and rotation
  std::uint32_t silu_cycles = 16;     ///< latency of SiLU(gate) * up
  std::uint32_t hadamard_cycles = 7;  ///< latency of the transform of a block
  std::uint32_t quantise_cycles = 4;  ///< latency of the shared exponent and the rounding to INT8
};

/// docs/units/attention_unit.md
struct AttentionConfig {
  std::uint32_t input_lanes = 64;        ///< elements of q, k or v taken in one cycle
  std::uint32_t heads_parallel = 1;      ///< KV heads whose rows are read at the same time
  std::uint32_t tokens_parallel = 4;     ///< tokens whose rows are read at the same time
  std::uint32_t softmax_lanes = 16;      ///< probabilities formed in one cycle
  std::uint32_t output_lanes = 64;       ///< elements of the result that leave in one cycle
  std::uint32_t score_cycles = 10;       ///< latency from the last key word to the last score
  std::uint32_t softmax_cycles = 10;     ///< latency from the last score to the last probability
  std::uint32_t value_cycles = 10;       ///< latency from the last value word to the last sum
  std::uint32_t reciprocal_cycles = 12;  ///< latency of 1 / sum of probabilities and its product
};

/// The KV cache of one layer. docs/units/kv_sram.md
struct KvConfig {
  std::uint32_t banks = 16;
  std::uint32_t ports = 1;         ///< words a bank can read in one cycle
  std::uint32_t width_bytes = 16;  ///< of a word
  std::uint32_t depth_words = 1024;
  std::uint32_t read_cycles = 2;    ///< latency of a read
  std::uint32_t write_cycles = 1;   ///< from the last beat of k, v or q until a read may start
  std::uint32_t row_pad_words = 0;  ///< unused words after each token's row, to spread tokens over banks
  WhenFull when_full = WhenFull::Queue;
};

/// docs/units/embedding_rom.md
struct EmbeddingConfig {
  std::uint32_t read_cycles = 4;
  std::uint32_t elements_per_cycle = 64;
};

/// Behind the LM head: the largest logit, or a draw among the largest. docs/units/lm_head.md
struct SamplerConfig {
  std::uint32_t lanes = 64;  ///< logits compared in one cycle
  std::uint32_t compare_cycles = 8;
  std::uint32_t draw_cycles = 24;  ///< probabilities and a draw, after the comparison, at a temperature above 0
  std::uint32_t max_top_k = 8;     ///< candidates that the chip keeps
  double max_temperature = 2;
};

/// docs/units/sequencer.md
struct SequencerConfig {
  std::uint32_t issue_cycles = 2;   ///< from a known token id to the embedding's address
  std::uint32_t commit_cycles = 2;  ///< from the end of a token to the next one's issue
  std::uint32_t slots = 1;          ///< users at a time
  Arbitration arbitration = Arbitration::RoundRobin;
};

/// docs/units/host_link.md
struct HostConfig {
  std::uint32_t latency_cycles = 100;  ///< one way
  std::uint32_t cycles_per_token = 4;  ///< interval between token ids on the wire
};

/// Chips in a row, each with a share of the layers; the link from one to the next. docs/units/chip_link.md
struct ChipsConfig {
  std::uint32_t count = 1;
  std::uint32_t latency_cycles = 100;   ///< one way, from a chip's edge to the next chip's
  std::uint32_t bytes_per_cycle = 128;  ///< of one direction
};

/// Multiplies the adapter that is resident in SRAM, beside the arrays of a stage. docs/units/lora_unit.md
struct LoraConfig {
  std::uint32_t sram_kib = 65536;       ///< of a chip, for all its layers
  std::uint32_t macs = 4096;            ///< weights read and multiplied in one cycle
  std::uint32_t read_cycles = 2;        ///< latency of a read
  std::uint32_t multiply_cycles = 3;    ///< latency of a product and its group's scale
  std::uint32_t accumulate_cycles = 8;  ///< latency of the adders over a row, and the row's scale
  std::uint32_t quantise_cycles = 4;    ///< latency of INT8 again between the two matrices
  std::uint32_t add_cycles = 3;         ///< latency of the sum at the root of the array's tree
};

/// How a ROM tile holds its weights; no unit's cycles depend on it. docs/cost.md
enum class RomCell {
  TransistorPerBit,     ///< a code of b bits is b cells of a mask ROM
  TransistorPerWeight,  ///< a cell of one transistor holds a code of up to 4 bits; wider codes take several
  Metal,  ///< wires lead a weight's input where its value counts it: bit_serial, all rows in one step, one layer
};
inline constexpr auto kRomCellNames =
    base::enum_names<RomCell>({{RomCell::TransistorPerBit, "transistor_per_bit"},
                               {RomCell::TransistorPerWeight, "transistor_per_weight"},
                               {RomCell::Metal, "metal"}});

/// What the chip is made of; a chip without it has no area, no energy and no price. docs/cost.md
struct SiliconConfig {
  std::string technology;  ///< a file under configs/tech without its ending
  RomCell rom_cell = RomCell::TransistorPerBit;
};

struct ChipConfig {
  std::string name;
  std::string description;
  std::uint32_t clock_mhz = 1000;
  Schedule schedule = Schedule::LayerSerial;
  TileConfig tile;
  /// Tiles of an array that differ from `tile`, complete (by kTileArrayNames).
  std::array<std::optional<TileConfig>, kTileArrayNames.size()> tiles;
  ReductionConfig reduction;
  VectorConfig vector;
  AttentionConfig attention;
  KvConfig kv;
  EmbeddingConfig embedding;
  SamplerConfig sampler;
  SequencerConfig sequencer;
  LinkConfig link;
  HostConfig host;
  ChipsConfig chips;
  std::optional<LoraConfig> lora;  ///< a chip without one runs no adapter
  std::optional<SiliconConfig> silicon;
  /// Why a parameter has its value: JSON pointer -> sentence. Every key names a parameter that exists.
  std::map<std::string, std::string> reasons;
  /// JSON pointers of the latencies that the config gives as `auto`, an array's own tile's and inherited ones included;
  /// they are still kAutomatic, or the numbers that were found for them.
  std::vector<std::string> automatic;
};

}  // namespace kiln::config
