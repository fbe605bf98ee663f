// Configs of every kind: the part's name is one ("chip"); "set" has overrides, one a line; "base" is what it extends.
#include <string>
#include <utility>
#include <vector>

#include "kiln/config/load.hpp"
#include "support/bundle.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

namespace {

using namespace kiln;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 64) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

template <class Kind>
void read_if(const std::vector<fuzz::Part>& parts) {
  const auto name = config::kind_name<Kind>();
  if (!fuzz::has_part(parts, name)) return;
  static fuzz::ScratchFile base;
  base.fill(fuzz::part(parts, "base"));
  const auto find = [](std::string_view) { return base::Result<std::string>(base.path()); };
  const auto config =
      config::parse<Kind>(std::string(fuzz::part(parts, name)), "input.json", lines_of(fuzz::part(parts, "set")), find);
  if (!fuzz::good(config)) return;
  const std::string canonical = config::to_json(*config);
  const auto again = config::parse<Kind>(canonical, "canonical.json");
  fuzz::require(again.ok(), "the canonical form of a config can be read", again ? canonical : again.error().message);
  fuzz::require(config::to_json(*again) == canonical, "the canonical form of a config is stable", canonical);
}

template <class... Kinds>
void read_any(const std::vector<fuzz::Part>& parts, std::variant<Kinds*...>) {
  (read_if<Kinds>(parts), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_any(fuzz::parts_of(fuzz::text_of(data, size)), config::AnyConfig());
  return 0;
}
