#include "chip/timing/link_map.hpp"

#include "chip/timing/attention_unit.hpp"
#include "chip/timing/chip_link.hpp"
#include "chip/timing/streams.hpp"

namespace kiln::chip {

using program::ArrayKind;
using program::Unit;

std::string LinkSpec::name() const {
  return std::string(program::name(from)) + "_to_" + std::string(program::name(to));
}

LinkMap::LinkMap(const program::Placement& placement) : stages_(placement.dataflow().stages()) {
  const config::ChipConfig& chip = placement.chip();
  const config::LinkConfig& link = chip.link;
  for (auto& row : index_) row.fill(-1);
  const std::uint64_t vector = cycles_per_beat(link, chip.vector.lanes);
  add(Unit::Sequencer, Unit::EmbeddingRom, link.sequencer_to_embedding, 1);
  add(Unit::EmbeddingRom, Unit::VectorUnit, link.embedding_to_vector, vector);
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    const Unit array = program::array_unit(kind);
    const Unit tree = program::tree_unit(kind);
    add(Unit::VectorUnit, array, link.vector_to_array, 1);
    add(array, tree, link.array_to_tree, 1);
    if (kind == ArrayKind::LmHead) {
      add(tree, Unit::Sampler, link.tree_to_sampler, cycles_per_beat(link, chip.sampler.lanes));
    } else {
      add(tree, Unit::VectorUnit, link.tree_to_vector, vector);
    }
  }
  add(Unit::VectorUnit, Unit::Attention, link.vector_to_attention, AttentionUnit::input_cycles(placement));
  add(Unit::Attention, Unit::VectorUnit, link.attention_to_vector, vector);
  // The last chip sends results to the first over a link of its own.
  const ChipLink chip_link(chip);
  const std::uint32_t back = chip_link.way_back();
  add(Unit::Sampler, Unit::Sequencer, link.sampler_to_sequencer + back, 1);
  add(Unit::VectorUnit, Unit::Sequencer, link.vector_to_sequencer + back, 1);
  add(Unit::VectorUnit, Unit::VectorUnit, link.vector_to_vector, vector);
  links_.push_back({Unit::VectorUnit, Unit::VectorUnit, chip_link.stages(), vector, true});
}

void LinkMap::add(Unit from, Unit to, std::uint32_t stages, std::uint64_t receiver_interval) {
  index_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] = static_cast<std::int8_t>(links_.size());
  links_.push_back({from, to, stages, receiver_interval, false});
}

std::size_t LinkMap::index_behind(std::uint32_t stage) const {
  const bool between_chips = stages_[stage].chip != stages_[stage + 1].chip;
  return index(Unit::VectorUnit, Unit::VectorUnit) + (between_chips ? 1 : 0);
}

const LinkSpec& LinkMap::between(const program::Op& from, const program::Op& to) const {
  return links_[from.kind == program::OpKind::SendResidual ? index_behind(from.stage) : index(from.unit, to.unit)];
}

std::size_t LinkMap::index(Unit from, Unit to) const {
  const std::int8_t i = index_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  base::check(i >= 0, "links: no link between these units");
  return static_cast<std::size_t>(i);
}

}  // namespace kiln::chip
