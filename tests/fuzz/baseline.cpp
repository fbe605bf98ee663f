// Baselines of `kiln check`: what is read is written in one form; no recorded command that is not known is run.
#include "gate/baseline.hpp"

#include "gate/arguments.hpp"
#include "support/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  const auto baseline = gate::parse_baseline(fuzz::text_of(data, size), "input.json");
  if (!fuzz::good(baseline)) return 0;
  const std::string text = gate::to_text(*baseline);
  const auto again = gate::parse_baseline(text, "again.json");
  fuzz::require(again.ok(), "what is written is a baseline", again ? "" : again.error().message);
  fuzz::require(gate::to_text(*again) == text, "the form of a baseline is stable", text);
  for (const auto& metric : baseline->metrics) {
    fuzz::require(!gate::refused(metric.command), "commands of a baseline may be run");
    static_cast<void>(gate::files_of(metric.command));
    static_cast<void>(gate::runnable(metric.command, "/nowhere/out", "/nowhere/document"));
  }
  return 0;
}
