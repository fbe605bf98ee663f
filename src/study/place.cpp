#include "study/place.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kiln::study {
namespace {

/// The registers change the area, and the area the distances. Most chips settle in two or three rounds; some go round in
/// circles between two floorplans, and then a link keeps the larger number.
constexpr int kRounds = 16, kFreeRounds = 6;

/// Whether the floorplan asks for other registers than the chip has, or for more if `keep`; it then has those.
base::Result<bool> take_registers(const std::vector<floorplan::LinkWire>& wires, bool keep, config::ChipConfig& chip) {
  bool changed = false;
  for (const auto& wire : wires) {
    if (wire.registers > config::kMostLinkRegisters)
      return base::Error{
          fmt::format("chip {}: /link is \"auto\", and {} of {:.4g} mm takes {} registers; at most {} are allowed",
                      chip.name, name(wire.link), wire.length_mm, wire.registers, config::kMostLinkRegisters)};
    std::uint32_t& has = chip.link[wire.link];
    const std::uint32_t takes = keep ? std::max(has, wire.registers) : wire.registers;
    changed = changed || has != takes;
    has = takes;
  }
  return changed;
}

}  // namespace

base::Result<Placed> place(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                           const config::ChipConfig& chip, const config::AdapterShape& adapter,
                           const config::Catalogue& configs) {
  if (chip.link.origin != config::LinkOrigin::FloorplanToCome) {
    auto placement = program::Placement::create(model, recipe, chip, adapter);
    if (!placement) return placement.error();
    return Placed{*std::move(placement), std::nullopt};
  }
  if (!chip.silicon)
    return base::Error{fmt::format(
        "chip {}: /link is \"auto\", but there is no /silicon; its technology and ROM cell are expected", chip.name)};
  const auto tech = configs.tech(chip.silicon->technology);
  if (!tech) return tech.error();
  config::ChipConfig with_links = chip;
  with_links.link.origin = config::LinkOrigin::Floorplan;
  with_links.link.registers = {};
  for (int round = 0; round < kRounds; ++round) {
    auto placement = program::Placement::create(model, recipe, with_links, adapter);
    if (!placement) return placement.error();
    auto die = cost::die(*placement, recipe, *tech);
    if (!die) return die.error();
    const auto changed = take_registers(die->wires, round >= kFreeRounds, with_links);
    if (!changed) return changed.error();
    if (!*changed) return Placed{*std::move(placement), *std::move(die)};
  }
  return base::Error{fmt::format(
      "chip {}: /link is \"auto\", but its floorplan asks for more registers after each of {} rounds; an object with "
      "numbers is expected",
      chip.name, kRounds)};
}

}  // namespace kiln::study
