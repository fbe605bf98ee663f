#include "report/document.hpp"

#include "kiln/base/enum_table.hpp"
#include "kiln/config/load.hpp"
#include "kiln_revision.hpp"

namespace kiln::report {

Json document(std::string_view command) {
  return Json{{"schema_version", kSchemaVersion},
              {"version", KILN_VERSION},
              {"git_revision", KILN_GIT_REVISION},
              {"command", command}};
}

Json model_json(const config::ModelConfig& model) { return Json::parse(config::to_json(model)); }
Json recipe_json(const config::BakeRecipe& recipe) { return Json::parse(config::to_json(recipe)); }

Json chip_document(std::string_view command, const std::optional<std::string>& rom_hash,
                   const program::Placement& placement, const config::BakeRecipe& recipe) {
  const auto chip_text = config::to_json(placement.chip());
  Json json = document(command);
  if (rom_hash) json["rom_hash"] = *rom_hash;
  json["model"] = model_json(placement.model());
  json["recipe"] = recipe_json(recipe);
  json["chip"] = Json::parse(chip_text);
  json["chip_config_hash"] = config::config_hash(chip_text);
  if (!placement.chip().automatic.empty()) json["chip_auto"] = placement.chip().automatic;
  return json;
}

Json host_json(const study::HostFigures& host) {
  return Json{{"wall_s", host.wall_s},
              {"peak_memory_mib", host.peak_memory_mib},
              {"threads", host.threads},
              {"simd", host.simd}};
}

std::string_view finish_name(chip::Finish finish) {
  using chip::Finish;
  constexpr auto kNames = base::enum_names<Finish>({{Finish::MaxTokens, "max_tokens"},
                                                    {Finish::EndOfText, "end_of_text"},
                                                    {Finish::KvFull, "kv_full"},
                                                    {Finish::Interrupted, "interrupted"},
                                                    {Finish::Refused, "refused"},
                                                    {Finish::Cancelled, "cancelled"}});
  return kNames[finish];
}

// Names of files may be no UTF-8, and JSON is nothing else.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace kiln::report
