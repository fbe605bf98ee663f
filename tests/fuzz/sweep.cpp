// Specs of sweeps.
#include "support/property.hpp"
#include "sweep/spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  const auto spec = sweep::parse_spec(std::string(fuzz::text_of(data, size)), "input.json");
  if (!fuzz::good(spec)) return 0;
  const auto again = sweep::parse_spec(spec->canonical, "canonical.json");
  fuzz::require(again.ok(), "the canonical form of a spec can be read", again ? "" : again.error().message);
  fuzz::require(again->canonical == spec->canonical, "the canonical form of a spec is stable", spec->canonical);
  for (const auto& axis : spec->axes) static_cast<void>(axis.formula_name());
  return 0;
}
