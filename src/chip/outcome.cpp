#include "kiln/chip/outcome.hpp"

#include <fmt/format.h>

#include "kiln/base/enum_table.hpp"

namespace kiln::chip {

namespace {

constexpr auto kNames = base::enum_names<CycleCategory>({{CycleCategory::Compute, "compute"},
                                                         {CycleCategory::WaitInput, "waiting_for_input"},
                                                         {CycleCategory::WaitOutput, "waiting_for_output"},
                                                         {CycleCategory::KvConflict, "kv_bank_conflict"},
                                                         {CycleCategory::Wire, "wire"},
                                                         {CycleCategory::Idle, "idle"}});
static_assert(kNames.size() == kCycleCategories);

}  // namespace

std::string_view name(CycleCategory category) { return kNames[category]; }

std::string UnitCycles::name() const {
  const std::string_view kind = program::name(unit);
  return stage ? fmt::format("{}[{}]", kind, *stage) : std::string(kind);
}

}  // namespace kiln::chip
