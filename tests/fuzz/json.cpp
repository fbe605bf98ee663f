// JSON itself: what is read is written in one form.
#include "json/read.hpp"
#include "support/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  const auto text = fuzz::text_of(data, size);
  const auto refuse = [](const json::Problem&) { return false; };
  const bool is_json = json::is_json(text);
  const auto value = json::read(text, 64, refuse);
  fuzz::require(!value || is_json, "what is read is JSON");
  if (!value) return 0;
  for (const auto escapes : {json::Escapes::Controls, json::Escapes::NonAscii}) {
    const std::string canonical = json::write(*value, escapes);
    const auto again = json::read(canonical, 64, refuse);
    fuzz::require(again && *again == *value, "what is written is read as the same", canonical);
    fuzz::require(json::write(*again, escapes) == canonical, "the canonical form is stable", canonical);
  }
  return 0;
}
