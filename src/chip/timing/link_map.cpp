#include "chip/timing/link_map.hpp"

#include "chip/timing/attention_unit.hpp"
#include "chip/timing/chip_link.hpp"
#include "chip/timing/streams.hpp"
#include "program/link_ends.hpp"

namespace kiln::chip {

using program::Unit;

std::string LinkSpec::name() const {
  return std::string(program::name(from)) + "_to_" + std::string(program::name(to));
}

namespace {

/// Cycles that a unit takes for a beat.
std::uint64_t receiver_interval(const program::Placement& placement, Unit to) {
  const config::ChipConfig& chip = placement.chip();
  if (to == Unit::VectorUnit) return cycles_per_beat(chip.link, chip.vector.lanes);
  if (to == Unit::Sampler) return cycles_per_beat(chip.link, chip.sampler.lanes);
  return to == Unit::Attention ? AttentionUnit::input_cycles(placement) : 1;
}

}  // namespace

LinkMap::LinkMap(const program::Placement& placement) : stages_(placement.dataflow().stages()) {
  for (auto& row : index_) row.fill(-1);
  const ChipLink chip_link(placement.chip());
  for (const auto& [link, from, to] : program::link_ends()) {
    // The last chip sends results to the first over a link of its own.
    const bool result = to == Unit::Sequencer;
    add(from, to, placement.chip().link[link] + (result ? chip_link.way_back() : 0), receiver_interval(placement, to));
  }
  links_.push_back({Unit::VectorUnit, Unit::VectorUnit, chip_link.registers(),
                    receiver_interval(placement, Unit::VectorUnit), true});
}

void LinkMap::add(Unit from, Unit to, std::uint32_t registers, std::uint64_t receiver_interval) {
  index_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] = static_cast<std::int8_t>(links_.size());
  links_.push_back({from, to, registers, receiver_interval, false});
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
