#include "kiln/chip/outcome.hpp"

#include <fmt/format.h>

namespace kiln::chip {

std::string_view name(CycleCategory cause) {
  constexpr std::array<std::string_view, kCycleCategories> kNames = {
      "compute", "waiting_for_input", "waiting_for_output", "kv_bank_conflict", "wire", "idle"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string UnitCycles::name() const {
  const std::string_view kind = program::name(unit);
  return stage ? fmt::format("{}[{}]", kind, *stage) : std::string(kind);
}

}  // namespace kiln::chip
