#include "report/rtl_report.hpp"

#include "report/document.hpp"

namespace kiln::report {

std::string rtl_json(const RtlDirectory& written) {
  Json json = chip_document("rtl", written.rom_hash, written.placement, written.recipe);
  json["unit"] = written.unit;
  json["directory"] = written.directory;
  if (written.tokens) json["testbench"] = Json{{"tokens", *written.tokens}, {"cycles_total", *written.cycles_total}};
  return dump(json);
}

}  // namespace kiln::report
