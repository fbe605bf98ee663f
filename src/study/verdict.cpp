#include "kiln/study/verdict.hpp"

#include <fmt/format.h>

#include <cmath>

namespace kiln::study {
namespace {

void judge_area(const cost::Die& die, std::uint32_t chips, std::vector<Reason>& reasons) {
  const double area = die.area_mm2.typical;
  if (area <= cost::kReticleMm2) return;
  reasons.push_back({ReasonKind::DieArea, "", area, cost::kReticleMm2, "mm2",
                     fmt::format("the die has {:.1f} mm2, the reticle {:.0f} mm2: no scanner exposes more at once",
                                 area, cost::kReticleMm2)});
  // All dies are counted as the largest one, as everywhere.
  const double needed = std::ceil(area * chips / cost::kReticleMm2);
  reasons.push_back(
      {ReasonKind::DieCount, "", static_cast<double>(chips), needed, "dies",
       fmt::format("the model needs {:.0f} dies or more of that size, the chip's config says {}", needed, chips)});
}

void judge_paths(const std::vector<cost::ClockPath>& paths, std::uint32_t clock_mhz, std::vector<Reason>& reasons) {
  for (const auto& path : paths) {
    if (path.meets_typical()) continue;
    const double delay = path.delay_ps.typical;
    reasons.push_back({ReasonKind::ClockPath, path.name, delay, path.available_ps, "ps",
                       fmt::format("the path \"{}\" takes {:.1f} ps, {:.1f} ps are there at {} MHz: slack {:.1f} ps",
                                   path.name, delay, path.available_ps, clock_mhz, path.slack_ps())});
  }
}

void judge_links(const std::vector<floorplan::LinkWire>& wires, const config::ChipConfig& chip,
                 std::vector<Reason>& reasons) {
  for (const auto& wire : wires) {
    const std::uint32_t configured = chip.link[wire.link];
    if (wire.length_mm <= 0 || configured >= wire.registers) continue;
    const std::string link(name(wire.link));
    reasons.push_back({ReasonKind::LinkRegisters, link, static_cast<double>(configured),
                       static_cast<double>(wire.registers), "registers",
                       fmt::format("the link {} has {} register{}, its {:.1f} mm take {} at {} MHz", link, configured,
                                   configured == 1 ? "" : "s", wire.length_mm, wire.registers, chip.clock_mhz)});
  }
}

void judge_capacity(std::uint64_t capacity, std::uint64_t needed, std::vector<Reason>& reasons) {
  if (needed <= capacity) return;
  reasons.push_back({ReasonKind::KvCapacity, "", static_cast<double>(capacity), static_cast<double>(needed), "tokens",
                     fmt::format("the KV cache holds {} tokens, the lengths asked for need {}", capacity, needed)});
}

void judge_power(double power_w, double area_mm2, std::vector<Reason>& reasons) {
  const double density = power_w / area_mm2;
  if (density <= kCoolableWPerMm2) return;
  reasons.push_back(
      {ReasonKind::PowerDensity, "", density, kCoolableWPerMm2, "W/mm2",
       fmt::format("a die has {:.2f} W/mm2, {:.2f} W/mm2 can be cooled away", density, kCoolableWPerMm2)});
}

}  // namespace

std::optional<std::string> Verdict::warning(std::string_view chip) const {
  if (is_buildable()) return std::nullopt;
  std::string sentence = fmt::format("chip {} is not {}buildable: ", chip, buildable ? "" : "known to be ");
  for (const auto& reason : reasons) sentence += (&reason == &reasons.front() ? "" : "; ") + reason.sentence;
  return sentence;
}

Verdict without_silicon(const config::ChipConfig& chip) {
  return {std::nullopt,
          {{ReasonKind::NoSilicon, "", 0, 0, "",
            fmt::format("chip {} has no /silicon: its area, paths, links and power are not known", chip.name)}}};
}

Verdict judge(const program::Placement& placement, const std::optional<Silicon>& silicon, std::optional<double> power_w,
              std::uint64_t kv_tokens) {
  const auto& chip = placement.chip();
  Verdict verdict;
  auto& reasons = verdict.reasons;
  if (silicon) {
    judge_area(silicon->die, chip.chips.count, reasons);
    judge_paths(silicon->paths, chip.clock_mhz, reasons);
    judge_links(silicon->die.wires, chip, reasons);
  }
  judge_capacity(placement.kv().capacity_tokens, kv_tokens, reasons);
  if (silicon && power_w) judge_power(*power_w, silicon->die.area_mm2.typical * chip.chips.count, reasons);
  if (silicon || !reasons.empty()) verdict.buildable = reasons.empty();
  if (!silicon) reasons.push_back(without_silicon(chip).reasons.front());
  return verdict;
}

}  // namespace kiln::study
