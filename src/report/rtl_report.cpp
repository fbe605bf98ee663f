#include "kiln/report/rtl_report.hpp"

#include "kiln/config/load.hpp"
#include "report/document.hpp"

namespace kiln::report {

std::string rtl_json(const RtlDirectory& written) {
  const auto chip_text = config::to_json(written.placement.chip());
  Json json = document("rtl");
  json["rom_hash"] = written.rom_hash;
  json["model"] = model_json(written.placement.model());
  json["recipe"] = recipe_json(written.recipe);
  json["chip"] = Json::parse(chip_text);
  json["chip_config_hash"] = config::config_hash(chip_text);
  json["unit"] = written.unit;
  json["directory"] = written.directory;
  if (written.tokens) json["testbench"] = Json{{"tokens", *written.tokens}, {"cycles_total", *written.cycles_total}};
  return dump(json);
}

}  // namespace kiln::report
