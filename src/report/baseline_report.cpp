#include <fmt/format.h>

#include <algorithm>

#include "kiln/report/table.hpp"
#include "report/document.hpp"

namespace kiln::report {

Json baseline_list(const BaselineRows& rows, std::optional<double> chip_tokens_per_s) {
  Json list = Json::array();
  for (const auto& figure : rows.figures) {
    Json json{{"gpu", figure.gpu},
              {"precision", name(figure.precision)},
              {"engine", figure.engine},
              {"batch", rows.batch},
              {"context", rows.context},
              {"tokens_per_s_user", figure.tokens_per_s_user},
              {"tokens_per_s_total", figure.tokens_per_s_total},
              {"step_ms", figure.step_ms},
              {"weight_bytes", figure.weight_bytes},
              {"kv_bytes", figure.kv_bytes},
              {"memory_bytes", figure.memory_bytes},
              {"fits_in_memory", figure.fits_in_memory}};
    if (!figure.note.empty()) json["note"] = figure.note;
    if (chip_tokens_per_s) json["speedup"] = *chip_tokens_per_s / figure.tokens_per_s_user;
    list.push_back(std::move(json));
  }
  return list;
}

std::string baseline_json(const config::ModelConfig& model, const BaselineRows& rows) {
  Json json = document("baseline");
  json["model"] = model_json(model);
  json["baseline"] = baseline_list(rows, std::nullopt);
  return dump(json);
}

std::string baseline_table(const BaselineRows& rows, std::optional<double> chip_tokens_per_s) {
  std::vector<std::string> headings = {"GPU baseline", "<precision", "tokens/s per user", "step ms", "fits"};
  if (chip_tokens_per_s) headings.emplace_back("chip is faster by");
  Table table(headings);
  std::vector<std::string> notes;
  for (const auto& figure : rows.figures) {
    std::vector<std::string> cells = {figure.gpu, std::string(name(figure.precision)), number(figure.tokens_per_s_user),
                                      number(figure.step_ms), figure.fits_in_memory ? "yes" : "no"};
    if (chip_tokens_per_s) cells.push_back(number(*chip_tokens_per_s / figure.tokens_per_s_user) + " x");
    table.row(std::move(cells));
    if (!figure.note.empty() && std::find(notes.begin(), notes.end(), figure.note) == notes.end())
      notes.push_back(figure.note);
  }
  std::string text = table.text();
  text += fmt::format("batch {}, {} tokens in the KV cache, engine: {}\n", rows.batch, grouped(rows.context),
                      baseline::kMedianEngine);
  for (const auto& note : notes) text += "note: " + note + "\n";
  return text;
}

}  // namespace kiln::report
