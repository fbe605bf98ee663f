#include <fmt/format.h>

#include <algorithm>

#include "report/document.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

/// Lines of at most a hundred bytes, the later ones set in.
std::string wrapped(const std::string& sentence) {
  std::string text, line;
  for (std::size_t at = 0; at < sentence.size();) {
    const auto end = std::min(sentence.find(' ', at), sentence.size());
    const auto word = sentence.substr(at, end - at);
    if (line.size() + 1 + word.size() > 100) {
      text += line + "\n";
      line = " ";
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return text + line + "\n";
}

std::string engine_cell(const baseline::BaselineFigure& figure) {
  if (figure.best_case) return std::string(baseline::kBestCase);
  if (figure.engine == baseline::Engine::Median) return "median";
  return (figure.best ? "best: " : "") + std::string(name(figure.engine));
}

std::string error_cell(const baseline::BaselineFigure& figure) {
  if (figure.best_case) return "a choice";
  return fmt::format("±{:.0f} %, p90 {:.0f} %, n {}", figure.error_mean_percent, figure.error_p90_percent,
                     figure.error_rows);
}

std::string alone(const BaselineRows& rows) {
  Table table({"GPU baseline", "<engine", "tokens/s a user", "<measured error", "step ms", "J a token", "fits"});
  for (const auto& figure : rows.figures) {
    const auto gpus = figure.gpus > 1 ? fmt::format("{} x ", figure.gpus) : std::string();
    table.row({gpus + figure.gpu, engine_cell(figure), number(figure.tokens_per_s_user), error_cell(figure),
               number(figure.step_ms), number(figure.energy_j_per_token), figure.fits_in_memory ? "yes" : "no"});
  }
  std::string text = table.text();
  if (!rows.figures.empty()) {
    const auto& first = rows.figures.front();
    text += fmt::format("{}; J a token: GPU alone, ±{:.0f} % on average\n", name(first.precision),
                        first.energy_error_mean_percent);
  }
  return text;
}

std::string best_case_line() {
  return wrapped(fmt::format(
      "best case: no engine's and not measured, {} ms a step, {:.0f} % of the peak bandwidth and {:.0f} % of the peak "
      "rate",
      baseline::kBestCaseOverheadMs, 100 * baseline::kBestCaseEfficiency, 100 * baseline::kBestCaseCompute));
}

/// Figures come in threes: the median, the best engine and the best case.
std::string beside_chip(const BaselineRows& rows, double chip_tokens_per_s) {
  Table table({"GPU baseline", "<", "tokens/s", "best", "<with", "best case", "<mean error", "fits", "chip faster"});
  for (std::size_t i = 0; i + 2 < rows.figures.size(); i += 3) {
    const auto& median = rows.figures[i];
    const auto& best = rows.figures[i + 1];
    const auto& ideal = rows.figures[i + 2];
    const auto error = fmt::format("±{:.0f} %, n {}", median.error_mean_percent, median.error_rows);
    const auto faster = [&](const auto& figure) { return number(chip_tokens_per_s / figure.tokens_per_s_user); };
    table.row({median.gpu, std::string(name(median.precision)), number(median.tokens_per_s_user),
               number(best.tokens_per_s_user), std::string(name(best.engine)), number(ideal.tokens_per_s_user), error,
               median.fits_in_memory ? "yes" : "no", faster(ideal) + "-" + faster(median) + " x"});
  }
  return table.text();
}

std::string machine_table(const std::vector<config::ReferenceMachine>& machines) {
  Table table({"other machines", "<model", "tokens/s per user", "<who says so", "<when"});
  std::string sources;
  for (const auto& machine : machines) {
    const bool one = machine.tokens_per_s_user_low == machine.tokens_per_s_user_high;
    table.row({machine.name, machine.model,
               one ? number(machine.tokens_per_s_user_low)
                   : number(machine.tokens_per_s_user_low) + " to " + number(machine.tokens_per_s_user_high),
               std::string(config::kMachineTags[static_cast<std::size_t>(machine.tag)]), machine.date});
    sources += wrapped(machine.name + ": " + machine.source);
  }
  return table.text() + sources;
}

Json machine_list(const std::vector<config::ReferenceMachine>& machines) {
  Json list = Json::array();
  for (const auto& machine : machines)
    list.push_back(Json{{"machine", machine.name},
                        {"description", machine.description},
                        {"model", machine.model},
                        {"tokens_per_s_user_low", machine.tokens_per_s_user_low},
                        {"tokens_per_s_user_high", machine.tokens_per_s_user_high},
                        {"tag", config::kMachineTags[static_cast<std::size_t>(machine.tag)]},
                        {"date", machine.date},
                        {"source", machine.source}});
  return list;
}

}  // namespace

Json baseline_list(const BaselineRows& rows, std::optional<double> chip_tokens_per_s) {
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
    if (chip_tokens_per_s) json["speedup"] = *chip_tokens_per_s / figure.tokens_per_s_user;
    list.push_back(std::move(json));
  }
  return list;
}

std::string baseline_json(const config::ModelConfig& model, const BaselineRows& rows) {
  Json json = document("baseline");
  json["model"] = model_json(model);
  json["baseline"] = baseline_list(rows, std::nullopt);
  if (!rows.machines.empty()) json["machines"] = machine_list(rows.machines);
  return dump(json);
}

std::string baseline_table(const BaselineRows& rows, std::optional<double> chip_tokens_per_s) {
  std::string text = chip_tokens_per_s ? beside_chip(rows, *chip_tokens_per_s) : alone(rows);
  text += fmt::format("batch {}, {} tokens in the KV cache", rows.batch, grouped(rows.context));
  if (!rows.figures.empty()) {
    const auto& first = rows.figures.front();
    text += fmt::format("; {}, measured {}", name(first.engine), first.dates);
  }
  text += "\n";
  if (std::ranges::any_of(rows.figures, &baseline::BaselineFigure::best_case)) text += best_case_line();
  std::vector<std::string> notes;
  for (const auto& figure : rows.figures)
    if (!figure.note.empty() && std::find(notes.begin(), notes.end(), figure.note) == notes.end())
      notes.push_back(figure.note);
  for (const auto& note : notes) text += wrapped("note: " + note);
  if (!rows.machines.empty()) text += "\n" + machine_table(rows.machines);
  return text;
}

}  // namespace kiln::report
