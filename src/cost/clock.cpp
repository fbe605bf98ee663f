// Delays of a chip's paths against the cycles that the config gives them, and the fewest cycles that would do.
#include "cost/clock.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kiln/cost/delays.hpp"
#include "kiln/cost/die.hpp"

namespace kiln::cost {
namespace {

constexpr std::uint32_t kHighestMhz = 10000;  // of /clock_mhz

/// All but the registers.
double work_ps(const Path& path, const config::TechConfig& tech, base::Corner corner) {
  const double gates = path.fo4 * tech.fo4_ps.at(corner) * (1 + delays::kLocalWires);
  const double cut = path.divided ? 1 + delays::kRetimingLoss : 1;
  return (gates + path.mm * tech.wire_ps_per_mm.at(corner)) * cut +
         (path.access != nullptr ? path.access->at(corner) : 0);
}

double registers_of(const Path& path, double cycles) { return path.divided ? cycles : path.registers; }

/// What a cycle leaves to paths.
double usable_ps(const config::TechConfig& tech, std::uint32_t clock_mhz) {
  return 1e6 / clock_mhz * (1 - tech.clock_margin.typical);
}

std::uint32_t floor_of(const Path& path, const config::TechConfig& tech, double usable) {
  const double work = work_ps(path, tech, base::Corner::Typical), flip_flop = tech.flip_flop_ps.typical;
  const double of_each = path.divided ? usable - flip_flop : usable;
  const double once = path.divided ? work : work + path.registers * flip_flop;
  if (of_each <= 0 || once > kMostCycles * of_each) return kNever;
  auto cycles = std::max(1U, static_cast<std::uint32_t>(std::ceil(once / of_each)));
  if (work + registers_of(path, cycles) * flip_flop > cycles * usable) ++cycles;  // a tie, rounded
  return cycles;
}

ClockPath timed(const Path& path, const config::TechConfig& tech, std::uint32_t clock_mhz) {
  const double usable = usable_ps(tech, clock_mhz);
  ClockPath made{path.name, {}, path.cycles * usable, path.key, static_cast<std::uint32_t>(path.cycles)};
  for (const auto corner : base::kCorners)
    made.delay_ps.at(corner) =
        work_ps(path, tech, corner) + registers_of(path, path.cycles) * tech.flip_flop_ps.at(corner);
  made.floor_cycles = floor_of(path, tech, usable);
  made.counted = path.counted;
  made.outside = path.outside;
  return made;
}

/// Whether `a` ends at a lower clock than `b`.
bool tighter(const ClockPath& a, const ClockPath& b) {
  return a.available_ps * b.delay_ps.typical < b.available_ps * a.delay_ps.typical;
}

/// The lowest clock at which one of those that `counts` is just met.
template <class Counts>
ClockLimit slowest(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz, const Counts& counts) {
  ClockLimit limit{std::numeric_limits<double>::infinity(), ""};
  for (const ClockPath& path : paths) {
    if (!counts(path) || !(path.delay_ps.typical > 0)) continue;
    const double mhz = clock_mhz * path.available_ps / path.delay_ps.typical;
    if (mhz < limit.mhz) limit = {mhz, path.name};
  }
  return limit;
}

}  // namespace

std::vector<ClockPath> clock_paths(const program::Placement& placement, const config::BakeRecipe& recipe,
                                   const config::TechConfig& tech, double tile_line_mm) {
  std::vector<ClockPath> paths;
  for (const Path& path : all_paths(placement, recipe, tech, tile_line_mm)) {
    const ClockPath made = timed(path, tech, placement.chip().clock_mhz);
    const auto at = std::find_if(paths.begin(), paths.end(), [&](const ClockPath& p) { return p.name == made.name; });
    if (at == paths.end())
      paths.push_back(made);
    else if (tighter(made, *at))
      *at = made;
  }
  return paths;
}

std::map<std::string, std::uint32_t> floors_of(const std::vector<Path>& paths, const config::TechConfig& tech,
                                               std::uint32_t clock_mhz) {
  std::map<std::string, std::uint32_t> floors;
  for (const Path& path : paths) {
    if (path.key.empty()) continue;
    const std::uint32_t cycles = floor_of(path, tech, usable_ps(tech, clock_mhz));
    const auto [at, first] = floors.try_emplace(path.key, cycles);
    if (!first) at->second = at->second == kNever || cycles == kNever ? kNever : std::max(at->second, cycles);
  }
  return floors;
}

std::uint32_t ClockLimit::whole_mhz() const {
  return static_cast<std::uint32_t>(std::min<double>(mhz, kHighestMhz) + 1e-9);
}

std::uint32_t highest_clock_mhz(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz) {
  return slowest(paths, clock_mhz, [](const ClockPath& path) { return !path.outside; }).whole_mhz();
}

ClockLimit loops_limit(const std::vector<ClockPath>& paths, std::uint32_t clock_mhz) {
  return slowest(paths, clock_mhz, [](const ClockPath& path) { return path.key.empty(); });
}

}  // namespace kiln::cost
