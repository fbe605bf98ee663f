#include "kiln/cost/settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cost/clock.hpp"
#include "kiln/config/latencies.hpp"

namespace kiln::cost {
namespace {

/// Registers change the area, and the area the distances. Most chips settle in two or three rounds; some go round in
/// circles between two floorplans, and then a number only grows.
constexpr int kRounds = 16, kFreeRounds = 6;

class Settling {
 public:
  Settling(const config::ModelConfig& model, const config::BakeRecipe& recipe, const config::ChipConfig& chip,
           const config::AdapterShape& adapter, const config::TechConfig& tech)
      : model_(model), recipe_(recipe), adapter_(adapter), tech_(tech), chip_(chip) {
    chip_.automatic = config::automatic_latencies(chip);
    config::for_each_latency(chip_, [&](const std::string& key, std::uint32_t& cycles) {
      if (cycles != config::kAutomatic) return;
      automatic_.insert(key);
      cycles = 1;
    });
  }

  base::Result<Settled> run() {
    for (int round = 0; round < kRounds; ++round) {
      keep_ = round >= kFreeRounds;
      auto placement = program::Placement::create(model_, recipe_, chip_, adapter_);
      if (!placement) return placement.error();
      auto made = die(*placement, recipe_, tech_);
      if (!made) return made.error();
      changed_ = false;
      if (const auto status = take_registers(made->wires); !status) return status.error();
      if (const auto status = take_floors(*placement, *made); !status) return status.error();
      if (!changed_) return Settled{*std::move(placement), *std::move(made)};
    }
    return base::Error{
        fmt::format("chip {}: what is \"auto\" does not settle: the floorplan asks for other numbers after each of {} "
                    "rounds; numbers are expected",
                    chip_.name, kRounds)};
  }

 private:
  void take(std::uint32_t wanted, std::uint32_t& has) {
    const std::uint32_t takes = keep_ ? std::max(has, wanted) : wanted;
    changed_ = changed_ || has != takes;
    has = takes;
  }

  base::Status take_registers(const std::vector<floorplan::LinkWire>& wires) {
    for (const auto& wire : wires) {
      if (!automatic_.contains(fmt::format("/link/{}", name(wire.link)))) continue;
      if (wire.registers > config::kMostLinkRegisters)
        return base::Error{
            fmt::format("chip {}: /link/{} is \"auto\", and its {:.4g} mm take {} registers; at most {} are allowed",
                        chip_.name, name(wire.link), wire.length_mm, wire.registers, config::kMostLinkRegisters)};
      take(wire.registers, chip_.link[wire.link]);
    }
    return {};
  }

  base::Status take_floors(const program::Placement& placement, const Die& made) {
    if (automatic_.empty()) return {};
    const auto floors = floors_of(all_paths(placement, recipe_, tech_, made.tile_line_mm), tech_, chip_.clock_mhz);
    std::string never;
    config::for_each_latency(chip_, [&](const std::string& key, std::uint32_t& cycles) {
      if (!automatic_.contains(key)) return;
      const auto floor = floors.find(key);
      if (floor == floors.end()) return;
      if (floor->second == kNever) {
        if (never.empty()) never = key;
      } else {
        take(floor->second, cycles);
      }
    });
    if (never.empty()) return {};
    return base::Error{fmt::format("chip {}: {} is \"auto\", and at {} MHz not even {} cycles are enough", chip_.name,
                                   never, chip_.clock_mhz, kMostCycles)};
  }

  const config::ModelConfig& model_;
  const config::BakeRecipe& recipe_;
  const config::AdapterShape& adapter_;
  const config::TechConfig& tech_;
  config::ChipConfig chip_;
  std::set<std::string> automatic_;
  bool keep_ = false, changed_ = false;
};

}  // namespace

bool has_automatic(const config::ChipConfig& chip) { return !config::automatic_latencies(chip).empty(); }

base::Result<Settled> settle(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                             const config::ChipConfig& chip, const config::AdapterShape& adapter,
                             const config::TechConfig& tech) {
  if (!has_automatic(chip)) {
    auto placement = program::Placement::create(model, recipe, chip, adapter);
    if (!placement) return placement.error();
    return Settled{*std::move(placement), std::nullopt};
  }
  if (!chip.silicon)
    return base::Error{
        fmt::format("chip {}: {} is \"auto\", but there is no /silicon; its technology and ROM cell are expected",
                    chip.name, config::automatic_latencies(chip).front())};
  return Settling(model, recipe, chip, adapter, tech).run();
}

}  // namespace kiln::cost
