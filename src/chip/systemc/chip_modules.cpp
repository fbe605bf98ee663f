#include "chip/systemc/chip_modules.hpp"

#include <fmt/format.h>

namespace kiln::chip {

using program::ArrayKind;
using program::Unit;

namespace {

/// Receiving ports are numbered link by link, stage by stage.
std::uint32_t port_number(const LinkMap& links, std::size_t link, std::uint32_t stage) {
  return static_cast<std::uint32_t>(stage * links.links().size() + link);
}

}  // namespace

StageModules::StageModules(RunState& run, std::uint32_t index) : state_(run, index) {
  const program::Dataflow& dataflow = run.placement.dataflow();
  add<VectorUnitModule>(Unit::VectorUnit);
  vector_ = static_cast<VectorUnitModule*>(units_[static_cast<std::size_t>(Unit::VectorUnit)].get());
  if (dataflow.has(index, Unit::EmbeddingRom)) add<PlainModule<EmbeddingRom>>(Unit::EmbeddingRom, Unit::EmbeddingRom);
  if (dataflow.has(index, Unit::Attention)) add<AttentionModule>(Unit::Attention);
  if (dataflow.has(index, Unit::Sampler)) add<SamplerModule>(Unit::Sampler);
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    const Unit array = program::array_unit(kind);
    const Unit tree = program::tree_unit(kind);
    if (!dataflow.has(index, array)) continue;
    add<ArrayModule>(array, kind);
    add<PlainModule<ReductionTree>>(tree, tree, kind);
  }
  for (std::size_t i = 0; i < run.links.links().size(); ++i) {
    const LinkSpec& spec = run.links.links()[i];
    if (spec.from == spec.to || !dataflow.has(index, spec.from) || !dataflow.has(index, spec.to)) continue;
    links_.push_back(
        std::make_unique<LinkModule>(label(spec.name()).c_str(), run, spec, &state_, port_number(run.links, i, index)));
    links_.back()->producer(unit(spec.from));
    links_.back()->receiver(unit(spec.to));
    unit(spec.from).output(spec.to)(*links_.back());
  }
}

template <class Module, class... Arguments>
void StageModules::add(Unit unit, Arguments... arguments) {
  units_[static_cast<std::size_t>(unit)] =
      std::make_unique<Module>(label(program::name(unit)).c_str(), state_, arguments...);
}

UnitModule& StageModules::unit(Unit which) {
  const auto& module = units_[static_cast<std::size_t>(which)];
  base::check(module != nullptr, "a stage without the unit that is asked for");
  return *module;
}

std::string StageModules::label(std::string_view name) const { return fmt::format("stage{}_{}", state_.index, name); }

Chip::Chip(RunState& state) : host_("host_link", state), sequencer_("sequencer", state, host_) {
  host_.bind(sequencer_);
  const program::Dataflow& dataflow = state.placement.dataflow();
  const auto count = static_cast<std::uint32_t>(dataflow.stages().size());
  for (std::uint32_t i = 0; i < count; ++i) stages_.push_back(std::make_unique<StageModules>(state, i));
  const std::size_t in = state.links.index(Unit::Sequencer, Unit::EmbeddingRom);
  links_.push_back(std::make_unique<LinkModule>("sequencer_to_embedding_rom", state, state.links.links()[in], nullptr,
                                                port_number(state.links, in, 0)));
  links_.back()->producer(sequencer_);
  links_.back()->receiver(stages_.front()->unit(Unit::EmbeddingRom));
  sequencer_.embedding(*links_.back());
  link_to_sequencer(state, stages_.back()->unit(Unit::Sampler), Unit::Sampler, count - 1);
  const std::uint32_t last = dataflow.last_layer_stage();
  link_to_sequencer(state, stages_[last]->vector(), Unit::VectorUnit, last);
  stages_.front()->state().before = &sequencer_;
  for (std::uint32_t i = 0; i + 1 < count; ++i) join(state, i);
  if (count == 1) sequencer_.owns(stages_.front()->state());
}

void Chip::link_to_sequencer(RunState& state, UnitModule& from, Unit unit, std::uint32_t stage) {
  const std::size_t index = state.links.index(unit, Unit::Sequencer);
  const LinkSpec& spec = state.links.links()[index];
  links_.push_back(
      std::make_unique<LinkModule>(spec.name().c_str(), state, spec, nullptr, port_number(state.links, index, stage)));
  links_.back()->producer(from);
  links_.back()->receiver(sequencer_);
  from.output(Unit::Sequencer)(*links_.back());
}

/// From one stage to the next: the residual's link, and the credit to send over it.
void Chip::join(RunState& state, std::uint32_t stage) {
  const std::size_t index = state.links.index_behind(stage);
  const LinkSpec& spec = state.links.links()[index];
  StageModules& from = *stages_[stage];
  StageModules& to = *stages_[stage + 1];
  links_.push_back(std::make_unique<LinkModule>(fmt::format("behind_stage{}", stage).c_str(), state, spec, &to.state(),
                                                port_number(state.links, index, stage)));
  links_.back()->producer(from.vector());
  links_.back()->receiver(to.vector());
  from.vector().output(Unit::VectorUnit)(*links_.back());
  stage_credits_.push_back(
      std::make_unique<StageCredit>(fmt::format("credit{}", stage).c_str(), from.state(), spec, from.vector()));
  from.vector().hand_over_by(*stage_credits_.back());
  to.state().before = stage_credits_.back().get();
}

std::vector<const StageAccounting*> Chip::stage_accounting() {
  std::vector<const StageAccounting*> accounting;
  accounting.reserve(stages_.size());
  for (const auto& stage : stages_) accounting.push_back(&stage->state().accounting);
  return accounting;
}

}  // namespace kiln::chip
