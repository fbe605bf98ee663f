#include "kiln/program/dataflow.hpp"

#include <algorithm>
#include <numeric>

#include "config/model_tensors.hpp"
#include "kiln/base/enum_table.hpp"
#include "kiln/config/chip_config.hpp"

namespace kiln::program {
namespace {

constexpr auto kUnitNames = base::enum_names<Unit>({
    {Unit::HostLink, "host_link"},
    {Unit::Sequencer, "sequencer"},
    {Unit::EmbeddingRom, "embedding_rom"},
    {Unit::VectorUnit, "vector_unit"},
    {Unit::Attention, "attention_unit"},
    {Unit::KvSram, "kv_sram"},
    {Unit::Sampler, "sampler"},
    {Unit::Links, "links"},
    {Unit::QkvArray, "qkv_array"},
    {Unit::QkvTree, "qkv_tree"},
    {Unit::OArray, "o_array"},
    {Unit::OTree, "o_tree"},
    {Unit::GateUpArray, "gate_up_array"},
    {Unit::GateUpTree, "gate_up_tree"},
    {Unit::DownArray, "down_array"},
    {Unit::DownTree, "down_tree"},
    {Unit::LmHeadArray, "lm_head_array"},
    {Unit::LmHeadTree, "lm_head_tree"},
    {Unit::Lora, "lora_unit"},
});
static_assert(kUnitNames.size() == kUnits);
constexpr auto kArrayNames = base::enum_names<ArrayKind>({{ArrayKind::Qkv, "qkv"},
                                                          {ArrayKind::O, "o"},
                                                          {ArrayKind::GateUp, "gate_up"},
                                                          {ArrayKind::Down, "down"},
                                                          {ArrayKind::LmHead, "lm_head"}});
static_assert(std::ranges::equal(kArrayNames, config::kTileArrayNames) && kArrayNames.size() == kArrays);
constexpr auto kOpNames = base::enum_names<OpKind>({
    {OpKind::Issue, "issue"},
    {OpKind::EmbeddingRead, "embedding_read"},
    {OpKind::StoreResidual, "store_residual"},
    {OpKind::Norm, "norm"},
    {OpKind::Multiply, "multiply"},
    {OpKind::Reduce, "reduce"},
    {OpKind::RopeQuantise, "rope_quantise"},
    {OpKind::Attend, "attend"},
    {OpKind::QuantiseAttention, "quantise_attention"},
    {OpKind::AddResidual, "add_residual"},
    {OpKind::SendResidual, "send_residual"},
    {OpKind::SiluMultiply, "silu_multiply"},
    {OpKind::Sample, "sample"},
    {OpKind::Commit, "commit"},
});

constexpr Unit kFirstArrayUnit = Unit::QkvArray;

}  // namespace

std::string_view name(Unit unit) { return kUnitNames[unit]; }
std::string_view name(ArrayKind kind) { return kArrayNames[kind]; }
std::string_view name(OpKind kind) { return kOpNames[kind]; }

// An array's unit and its tree's follow each other, in ArrayKind order.
Unit array_unit(ArrayKind kind) {
  return static_cast<Unit>(static_cast<std::size_t>(kFirstArrayUnit) + 2 * static_cast<std::size_t>(kind));
}
Unit tree_unit(ArrayKind kind) { return static_cast<Unit>(static_cast<std::size_t>(array_unit(kind)) + 1); }

Dataflow::Dataflow(const config::ModelConfig& model) : Dataflow(model, {{0, model.layers, 0}}) {}

Dataflow::Dataflow(const config::ModelConfig& model, std::vector<Stage> stages, const config::AdapterShape& adapter)
    : model_(model), stages_(std::move(stages)), adapter_(adapter) {
  using config::TensorClass;
  const auto at = [this](ArrayKind kind) -> std::vector<Section>& { return sections_[static_cast<std::size_t>(kind)]; };
  const auto section = [&](TensorClass c) { return Section{c, config::matrix_of(model, c).rows}; };
  at(ArrayKind::Qkv) = {section(TensorClass::K), section(TensorClass::V), section(TensorClass::Q)};
  at(ArrayKind::O) = {section(TensorClass::O)};
  at(ArrayKind::GateUp) = {section(TensorClass::Gate), section(TensorClass::Up)};
  at(ArrayKind::Down) = {section(TensorClass::Down)};
  at(ArrayKind::LmHead) = {section(TensorClass::LmHead)};

  const std::uint32_t hidden = model.hidden_size;
  std::vector<Op> ops = {{OpKind::Issue, Unit::Sequencer, {}, 0, {}, 0, 0},
                         {OpKind::EmbeddingRead, Unit::EmbeddingRom, {}, 0, {}, 0, hidden},
                         {OpKind::StoreResidual, Unit::VectorUnit, {}, 0, {}, hidden, 0}};
  std::uint32_t next_layer = 0;
  for (std::uint32_t stage = 0; stage < stages_.size(); ++stage) {
    if (stage > 0) append_residual_transfer(ops, stage);
    base::check(stages_[stage].first_layer == next_layer, "dataflow: stages that do not follow each other");
    for (std::uint32_t i = 0; i < stages_[stage].layers; ++i) append_layer(ops, base::LayerId{next_layer++}, stage);
    if (stage != last_layer_stage()) continue;
    without_logits_ = ops;
    without_logits_.push_back({OpKind::Commit, Unit::Sequencer, {}, stage, {}, 0, 0});
  }
  base::check(next_layer == model.layers, "dataflow: stages without some layers");
  const auto head = ArrayKind::LmHead;
  const auto last = static_cast<std::uint32_t>(stages_.size() - 1);
  ops.push_back({OpKind::Norm, Unit::VectorUnit, {}, last, head, 0, hidden});
  ops.push_back({OpKind::Multiply, array_unit(head), {}, last, head, hidden, model.vocab_size});
  ops.push_back({OpKind::Reduce, tree_unit(head), {}, last, head, model.vocab_size, model.vocab_size});
  ops.push_back({OpKind::Sample, Unit::Sampler, {}, last, {}, model.vocab_size, 0});
  ops.push_back({OpKind::Commit, Unit::Sequencer, {}, last, {}, 0, 0});
  with_logits_ = std::move(ops);
}

bool stageless(Unit unit) { return unit == Unit::HostLink || unit == Unit::Sequencer || unit == Unit::Links; }

bool Dataflow::has(std::uint32_t stage, Unit unit) const {
  switch (unit) {
    case Unit::HostLink:
    case Unit::Sequencer:
      return false;
    case Unit::EmbeddingRom:
      return stage == 0;
    case Unit::VectorUnit:
    case Unit::Links:
      return true;
    case Unit::Sampler:
    case Unit::LmHeadArray:
    case Unit::LmHeadTree:
      return stage + 1 == stages_.size();
    case Unit::Lora:
      return has(unit) && stages_[stage].layers > 0;
    default:
      return stages_[stage].layers > 0;
  }
}

bool Dataflow::ends_at(std::uint32_t stage, Unit unit) const {
  if (unit == Unit::Sampler) return stage + 1 == stages_.size();
  return unit == Unit::VectorUnit && stage == last_layer_stage();
}

bool Dataflow::leaves_stage(const std::vector<Op>& ops, std::uint32_t index) const {
  if (stages_.size() == 1) return ops[index].kind == OpKind::Commit;
  return index + 1 == ops.size() || ops[index + 1].stage != ops[index].stage || ops[index + 1].kind == OpKind::Commit;
}

std::uint32_t Dataflow::last_layer_stage() const {
  auto stage = static_cast<std::uint32_t>(stages_.size() - 1);
  while (stage > 0 && stages_[stage].layers == 0) --stage;
  return stage;
}

void Dataflow::append_residual_transfer(std::vector<Op>& ops, std::uint32_t to) const {
  ops.push_back({OpKind::SendResidual, Unit::VectorUnit, {}, to - 1, {}, 0, model_.hidden_size});
  ops.push_back({OpKind::StoreResidual, Unit::VectorUnit, {}, to, {}, model_.hidden_size, 0});
}

void Dataflow::append_layer(std::vector<Op>& ops, base::LayerId layer, std::uint32_t stage) const {
  const std::uint32_t hidden = model_.hidden_size;
  const std::uint32_t ffn = model_.intermediate_size;
  const std::uint32_t q = model_.q_width();
  const auto vector = [&](OpKind kind, std::optional<ArrayKind> feeds, std::uint32_t in, std::uint32_t out) {
    ops.push_back({kind, Unit::VectorUnit, layer, stage, feeds, in, out});
  };
  const auto matrix = [&](ArrayKind kind) {
    ops.push_back({OpKind::Multiply, array_unit(kind), layer, stage, kind, inputs(kind), outputs(kind)});
    ops.push_back({OpKind::Reduce, tree_unit(kind), layer, stage, kind, outputs(kind), outputs(kind)});
  };
  vector(OpKind::Norm, ArrayKind::Qkv, 0, hidden);
  matrix(ArrayKind::Qkv);
  vector(OpKind::RopeQuantise, {}, outputs(ArrayKind::Qkv), outputs(ArrayKind::Qkv));
  ops.push_back({OpKind::Attend, Unit::Attention, layer, stage, {}, outputs(ArrayKind::Qkv), q});
  vector(OpKind::QuantiseAttention, ArrayKind::O, q, q);
  matrix(ArrayKind::O);
  vector(OpKind::AddResidual, {}, hidden, 0);
  vector(OpKind::Norm, ArrayKind::GateUp, 0, hidden);
  matrix(ArrayKind::GateUp);
  vector(OpKind::SiluMultiply, ArrayKind::Down, 2 * ffn, ffn);
  matrix(ArrayKind::Down);
  vector(OpKind::AddResidual, {}, hidden, 0);
}

std::uint32_t Dataflow::inputs(ArrayKind kind) const {
  return config::matrix_of(model_, sections(kind).front().tensor_class).columns;
}

std::uint32_t Dataflow::outputs(ArrayKind kind) const {
  const auto& parts = sections(kind);
  return std::accumulate(parts.begin(), parts.end(), std::uint32_t{0},
                         [](std::uint32_t sum, const Section& section) { return sum + section.rows; });
}

}  // namespace kiln::program
