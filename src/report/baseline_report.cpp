#include "report/document.hpp"

namespace kiln::report {
namespace {

Json machine_list(const std::vector<config::ReferenceMachine>& machines) {
  Json list = Json::array();
  for (const auto& machine : machines)
    list.push_back(Json{{"machine", machine.name},
                        {"description", machine.description},
                        {"model", machine.model},
                        {"tokens_per_s_user_low", machine.tokens_per_s_user_low},
                        {"tokens_per_s_user_high", machine.tokens_per_s_user_high},
                        {"tag", config::kMachineTags[machine.tag]},
                        {"date", machine.date},
                        {"source", machine.source}});
  return list;
}

}  // namespace

Json baseline_list(const study::BaselineRows& rows, std::optional<double> chip_tokens_per_s, bool buildable) {
  Json list = Json::array();
  for (const auto& figure : rows.figures) {
    Json json{{"gpu", figure.gpu},
              {"precision", name(figure.precision)},
              {"engine", label(figure)},
              {"batch", rows.batch},
              {"context", rows.context},
              {"tokens_per_s_user", figure.tokens_per_s_user},
              {"tokens_per_s_total", figure.tokens_per_s_total},
              {"step_ms", figure.step_ms},
              {"weight_bytes", figure.weight_bytes},
              {"kv_bytes", figure.kv_bytes},
              {"memory_bytes", figure.memory_bytes},
              {"fits_in_memory", figure.fits_in_memory},
              {"gpus", figure.gpus},
              {"energy_j_per_token", figure.energy_j_per_token},
              {"energy_mj_per_token", 1e3 * figure.energy_j_per_token},
              {"best_serving_engine", figure.best},
              {"best_case", figure.best_case}};
    if (!figure.best_case) {
      json["energy_error_mean_percent"] = figure.energy_error_mean_percent;
      json["error_mean_percent"] = figure.error_mean_percent;
      json["error_p90_percent"] = figure.error_p90_percent;
      json["error_rows"] = figure.error_rows;
      json["data_dates"] = figure.dates;
    }
    if (!figure.note.empty()) json["note"] = figure.note;
    if (chip_tokens_per_s) json["speedup"] = buildable ? Json(study::speedup(*chip_tokens_per_s, figure)) : Json();
    list.push_back(std::move(json));
  }
  return list;
}

std::string baseline_json(const config::ModelConfig& model, const study::BaselineRows& rows) {
  Json json = document("baseline");
  json["model"] = model_json(model);
  json["baseline"] = baseline_list(rows, std::nullopt, false);
  if (!rows.machines.empty()) json["machines"] = machine_list(rows.machines);
  return dump(json);
}

}  // namespace kiln::report
