// The dataflow of one token: which operation, in which unit, reads what and writes what. It depends on the model alone;
// where the weights lie on a chip is placement.hpp. Units run their operations in list order; arithmetic and timing
// both follow this list.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::program {

/// The ROM tile arrays: matrices that share their input stand in one array.
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
};
inline constexpr std::size_t kUnits = 18;
std::string_view name(Unit unit);  ///< "vector_unit", "qkv_array", ... as in reports
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
  SiluMultiply,       ///< vector unit: SiLU(gate) * up, Hadamard, quantise -> input of `array`
  ArgMax,             ///< sampler: index of the largest logit
  Commit,             ///< sequencer: the token is done (with its successor's id, or without in prefill)
};
std::string_view name(OpKind kind);

struct Op {
  OpKind kind = OpKind::Issue;
  Unit unit = Unit::Sequencer;
  base::LayerId layer;  ///< for operations inside a layer
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

class Dataflow {
 public:
  explicit Dataflow(const config::ModelConfig& model);

  [[nodiscard]] const config::ModelConfig& model() const { return model_; }
  /// All operations of a token whose logits are wanted; without them (prefill of all but the last prompt token) the
  /// list ends behind the last layer: no final norm, LM head or argmax, but a Commit.
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
  void append_layer(std::vector<Op>& ops, base::LayerId layer) const;
  config::ModelConfig model_;
  std::vector<Section> sections_[kArrays];
  std::vector<Op> with_logits_;
  std::vector<Op> without_logits_;
};

}  // namespace kiln::program
