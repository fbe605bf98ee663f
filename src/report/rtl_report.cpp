#include "report/rtl_report.hpp"

#include <fmt/format.h>

#include "report/document.hpp"

namespace kiln::report {

std::string rtl_json(const study::RtlAnswer& written) {
  Json json = chip_document("rtl", written.rom_hash, written.placement, written.recipe);
  json["unit"] = written.unit;
  json["directory"] = written.directory;
  if (written.tokens) json["testbench"] = Json{{"tokens", *written.tokens}, {"cycles_total", *written.cycles_total}};
  return dump(json);
}

std::string rtl_text(const study::RtlAnswer& written) {
  return fmt::format("{0}: {1} in RTL; {0}/README.md has the commands that check and run it\n", written.directory,
                     written.unit);
}

}  // namespace kiln::report
