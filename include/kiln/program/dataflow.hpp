// The dataflow of one token: which operation, in which unit, reads what and writes what. It depends on the model and on
// how its layers are cut into stages; where the weights are on a chip is placement.hpp. Units run their operations in
// list order; arithmetic and timing both follow this list.
//
// A stage has a periphery of its own (vector unit, attention unit, arrays, trees) and works on one token at a time.
// Between two stages the residual goes over as a stream: SendResidual in the one, StoreResidual in the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/config/adapter_shape.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::program {

/// The ROM tile arrays: matrices that share their input are in one array.
enum class ArrayKind { Qkv, O, GateUp, Down, LmHead };
inline constexpr std::size_t kArrays = 5;

enum class Unit {
  HostLink,
  Sequencer,
  EmbeddingRom,
  VectorUnit,
  Attention,
  KvSram,
  Sampler,
  Links,
  QkvArray,
  QkvTree,
  OArray,
  OTree,
  GateUpArray,
  GateUpTree,
  DownArray,
  DownTree,
  LmHeadArray,
  LmHeadTree,
  Lora,  ///< only where an adapter is resident
};
inline constexpr std::size_t kUnits = 19;
std::string_view name(Unit unit);  ///< "vector_unit", "qkv_array", ... as in reports
/// Whether the chip has one of it for all stages (its links among each other and to the stages are such a one too).
bool stageless(Unit unit);
Unit array_unit(ArrayKind kind);
Unit tree_unit(ArrayKind kind);
std::string_view name(ArrayKind kind);  ///< "qkv", "o", "gate_up", "down", "lm_head"

enum class OpKind {
  Issue,              ///< sequencer: a token id and its position are known
  EmbeddingRead,      ///< embedding ROM: one row, hidden_size elements
  StoreResidual,      ///< vector unit: the row becomes the residual
  Norm,               ///< vector unit: RMSNorm of the residual, Hadamard, quantise -> input of `array`
  Multiply,           ///< tile array: partial sums of every tile, all tiles in lock step
  Reduce,             ///< reduction tree: sums over tiles, row scale -> streams of elements, section by section
  RopeQuantise,       ///< vector unit: k and q: RoPE, Hadamard, quantise; v: quantise -> attention
  Attend,             ///< attention unit: write k and v, scores, softmax, values -> q_width elements
  QuantiseAttention,  ///< vector unit: quantise the attention's result -> input of `array`
  AddResidual,        ///< vector unit: residual += stream
  SendResidual,       ///< vector unit: the residual leaves for the next stage, once that is free
  SiluMultiply,       ///< vector unit: SiLU(gate) * up, Hadamard, quantise -> input of `array`
  Sample,             ///< sampler: the largest logit, or a draw among the k largest
  Commit,             ///< sequencer: the token is done (with its successor's id, or without in prefill)
};
std::string_view name(OpKind kind);

struct Op {
  OpKind kind = OpKind::Issue;
  Unit unit = Unit::Sequencer;
  base::LayerId layer;      ///< for operations inside a layer
  std::uint32_t stage = 0;  ///< whose unit it is; of Issue and Commit: the first, the one that has the result
  std::optional<ArrayKind>
      array;  ///< the array it feeds (Norm, QuantiseAttention, SiluMultiply) or is (Multiply, Reduce)
  std::uint32_t elements_in = 0;   ///< 0 where nothing streams in
  std::uint32_t elements_out = 0;  ///< 0 where nothing streams out
};

/// One matrix of an array: its rows are a section of the array's output.
struct Section {
  config::TensorClass tensor_class = config::TensorClass::Q;
  std::uint32_t rows = 0;
};

/// Consecutive layers with one periphery. The first stage has the embedding ROM, the last one LM head and sampler; a
/// stage without layers is a head alone.
struct Stage {
  std::uint32_t first_layer = 0;
  std::uint32_t layers = 0;
  std::uint32_t chip = 0;  ///< on which chip it lies
  bool operator==(const Stage&) const = default;
};

class Dataflow {
 public:
  /// `stages` hold every layer once, in order. An adapter adds no operations: its unit works in step with the arrays.
  Dataflow(const config::ModelConfig& model, std::vector<Stage> stages, const config::AdapterShape& adapter = {});
  /// One stage for all.
  explicit Dataflow(const config::ModelConfig& model);

  [[nodiscard]] const config::ModelConfig& model() const { return model_; }
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }
  [[nodiscard]] const config::AdapterShape& adapter() const { return adapter_; }
  /// Whether there is a unit of this kind at all.
  [[nodiscard]] bool has(Unit unit) const { return unit != Unit::Lora || !adapter_.empty(); }
  /// Whether the stage has a unit of this kind; each has links of its own.
  [[nodiscard]] bool has(std::uint32_t stage, Unit unit) const;
  /// Whether some token's last operation in that stage's unit reports to the sequencer.
  [[nodiscard]] bool ends_at(std::uint32_t stage, Unit unit) const;
  /// Whether the token is out of its stage when this operation is over. Where one stage is all, that is at the Commit.
  [[nodiscard]] bool leaves_stage(const std::vector<Op>& ops, std::uint32_t index) const;
  /// The last stage that a token without logits passes: the one with the last layer.
  [[nodiscard]] std::uint32_t last_layer_stage() const;
  /// All operations of a token whose logits are wanted; without them (prefill of all but the last prompt token) the
  /// list ends after the last layer: no final norm, LM head or sampler, but a Commit.
  [[nodiscard]] const std::vector<Op>& token(bool with_logits) const {
    return with_logits ? with_logits_ : without_logits_;
  }

  /// Inputs of an array and its output sections in the order in which they leave: k, v, q; then gate and up, which
  /// alternate beat by beat (a beat of gate, the same beat of up).
  [[nodiscard]] std::uint32_t inputs(ArrayKind kind) const;
  [[nodiscard]] const std::vector<Section>& sections(ArrayKind kind) const {
    return sections_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::uint32_t outputs(ArrayKind kind) const;

 private:
  void append_layer(std::vector<Op>& ops, base::LayerId layer, std::uint32_t stage) const;
  void append_residual_transfer(std::vector<Op>& ops, std::uint32_t to) const;
  config::ModelConfig model_;
  std::vector<Stage> stages_;
  config::AdapterShape adapter_;
  std::vector<Section> sections_[kArrays];
  std::vector<Op> with_logits_;
  std::vector<Op> without_logits_;
};

}  // namespace kiln::program
