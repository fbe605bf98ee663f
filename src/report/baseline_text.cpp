#include <fmt/format.h>

#include <algorithm>

#include "report/run_report.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

using Figures = std::vector<baseline::BaselineFigure>;

/// Figures of one GPU and precision: the median, the best engine and the best case, or that of the engine asked for.
struct Row {
  const baseline::BaselineFigure* figure = nullptr;
  const baseline::BaselineFigure* best = nullptr;
  const baseline::BaselineFigure* ideal = nullptr;
};

std::vector<Row> rows_of(const Figures& figures) {
  std::vector<Row> rows;
  for (const auto& figure : figures) {
    if (figure.best_case) {
      rows.back().ideal = &figure;
    } else if (figure.best) {
      rows.back().best = &figure;
    } else {
      rows.push_back({&figure, nullptr, nullptr});
    }
  }
  return rows;
}

std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows)
    if (std::ranges::find(names, row.figure->gpu) == names.end()) names.push_back(row.figure->gpu);
  return names;
}

/// Of GPUs that nobody asked for by name one row each: the fastest.
std::vector<Row> shown_rows(const std::vector<Row>& rows, const Screen& screen) {
  std::vector<Row> shown;
  for (const auto& name : shown_gpus(screen, names_of(rows))) {
    const auto before = shown.size();
    for (const auto& row : rows)
      if (row.figure->gpu == name) shown.push_back(row);
    if (screen.all_gpus || !screen.gpus.empty()) continue;
    const auto fastest = std::max_element(
        shown.begin() + static_cast<std::ptrdiff_t>(before), shown.end(),
        [](const Row& a, const Row& b) { return a.figure->tokens_per_s_user < b.figure->tokens_per_s_user; });
    shown[before] = *fastest;
    shown.resize(before + 1);
  }
  return shown;
}

std::string gpu_cell(const baseline::BaselineFigure& figure) {
  return (figure.gpus > 1 ? fmt::format("{} x ", figure.gpus) : std::string()) + figure.gpu;
}

std::string rate(const baseline::BaselineFigure* figure) {
  return figure == nullptr ? "" : number(figure->tokens_per_s_user);
}

/// One engine alone has no band around it.
bool has_band(const std::vector<Row>& rows) { return !rows.empty() && rows.front().ideal != nullptr; }

std::string alone(const std::vector<Row>& rows) {
  const bool band = has_band(rows);
  std::vector<std::string> headings = {"GPU baseline", "<", band ? "tokens/s" : "tokens/s a user", "<measured error"};
  if (band) headings.insert(headings.end(), {"best", "<engine", "best case"});
  headings.insert(headings.end(), {"a step", "a token"});
  Table table(std::move(headings));
  for (const auto& row : rows) {
    const auto& figure = *row.figure;
    std::vector<std::string> cells = {gpu_cell(figure), std::string(name(figure.precision)), rate(&figure),
                                      fmt::format("±{:.0f} %, p90 {:.0f} %, n {}", figure.error_mean_percent,
                                                  figure.error_p90_percent, figure.error_rows)};
    if (band) cells.insert(cells.end(), {rate(row.best), std::string(name(row.best->engine)), rate(row.ideal)});
    cells.insert(cells.end(), {milliseconds(figure.step_ms), joules(figure.energy_j_per_token)});
    table.row(std::move(cells));
  }
  return table.text();
}

/// A chip that cannot be built, or of which that is not known, is called faster than nothing.
std::string beside_chip(const std::vector<Row>& rows, const ChipRate& chip) {
  std::vector<std::string> headings = {"beside GPUs", "<",         "tokens/s a user", "best",
                                       "<engine",     "best case", "a token"};
  if (chip.buildable) headings.emplace_back("chip faster");
  Table table(headings);
  const auto add = [&](std::vector<std::string> cells, const std::string& faster) {
    if (chip.buildable) cells.push_back(faster);
    table.row(std::move(cells));
  };
  add({chip.name, "", number(chip.tokens_per_s), "", "", "", chip.mj_per_token ? millijoules(*chip.mj_per_token) : ""},
      "");
  for (const auto& row : rows) {
    if (row.ideal == nullptr || row.best == nullptr) continue;
    const auto faster = [&](const auto* figure) { return number(study::speedup(chip.tokens_per_s, *figure)); };
    add({gpu_cell(*row.figure), std::string(name(row.figure->precision)), rate(row.figure), rate(row.best),
         std::string(name(row.best->engine)), rate(row.ideal), joules(row.figure->energy_j_per_token)},
        faster(row.ideal) + "-" + faster(row.figure) + " x");
  }
  return table.text();
}

/// "±8 to 12 %"
std::string spread(const std::vector<Row>& rows, double baseline::BaselineFigure::*percent) {
  double low = 1e300, high = 0;
  for (const auto& row : rows) {
    low = std::min(low, row.figure->*percent);
    high = std::max(high, row.figure->*percent);
  }
  const auto from = fmt::format("{:.0f}", low), to = fmt::format("{:.0f}", high);
  return "±" + (from == to ? to : from + " to " + to) + " %";
}

std::string basis_lines(const study::BaselineRows& rows, const std::vector<Row>& shown, std::size_t columns) {
  std::string text = fmt::format("batch {}, {} tokens in the KV cache", rows.batch, grouped(rows.context));
  if (shown.empty()) return text + "\n";
  const auto& first = *shown.front().figure;
  text += fmt::format("; {}, {} on average, measured {}; joules of the GPU alone, {}", name(first.engine),
                      spread(shown, &baseline::BaselineFigure::error_mean_percent), first.dates,
                      spread(shown, &baseline::BaselineFigure::energy_error_mean_percent));
  text = wrapped(text, columns);
  if (has_band(shown))
    text += wrapped(
        fmt::format("best case: no engine's, not measured: {} ms a step, {:.0f} % of peak bandwidth, {:.0f} % of the "
                    "peak rate",
                    baseline::kBestCaseOverheadMs, 100 * baseline::kBestCaseEfficiency,
                    100 * baseline::kBestCaseCompute),
        columns);
  return text;
}

/// One line for each kind of doubt, with the GPUs that it concerns.
std::string doubt_lines(const std::vector<Row>& rows, std::size_t columns) {
  struct Kind {
    std::string sentence;
    std::vector<std::string> gpus;
  };
  std::vector<Kind> kinds;
  const auto add = [&](const std::string& gpu, const std::string& sentence) {
    auto kind = std::ranges::find(kinds, sentence, &Kind::sentence);
    if (kind == kinds.end()) kind = kinds.insert(kind, {sentence, {}});
    if (!gpu.empty() && std::ranges::find(kind->gpus, gpu) == kind->gpus.end()) kind->gpus.push_back(gpu);
  };
  for (const auto& row : rows) {
    if (!row.figure->fits_in_memory) add(row.figure->gpu, "too little memory");
    for (const auto& doubt : row.figure->doubts)
      add(doubt.gpu, doubt.sentence.substr(doubt.sentence.starts_with("has ") ? 4 : 0));
  }
  std::string text;
  for (const auto& kind : kinds)
    text += wrapped("note: " + kind.sentence + (kind.gpus.empty() ? "" : " (" + listed(kind.gpus) + ")"), columns);
  return text;
}

std::string machine_table(const std::vector<config::ReferenceMachine>& machines, std::size_t columns) {
  Table table({"other machines", "<model", "tokens/s per user", "<who says so", "<when"});
  std::string sources;
  for (const auto& machine : machines) {
    const bool one = machine.tokens_per_s_user_low == machine.tokens_per_s_user_high;
    table.row({machine.name, machine.model,
               one ? number(machine.tokens_per_s_user_low)
                   : number(machine.tokens_per_s_user_low) + " to " + number(machine.tokens_per_s_user_high),
               std::string(config::kMachineTags[machine.tag]), machine.date});
    sources += wrapped(machine.name + ": " + machine.source, columns);
  }
  return table.text() + sources;
}

}  // namespace

std::string baseline_table(const study::BaselineRows& rows, const std::optional<ChipRate>& chip, const Screen& screen) {
  const auto all = rows_of(rows.figures);
  const auto shown = shown_rows(all, screen);
  std::string text = chip ? beside_chip(shown, *chip) : alone(shown);
  text += basis_lines(rows, shown, screen.columns);
  if (chip && !chip->buildable)
    text += wrapped("no speedup: " + chip->name + " is not buildable, or not known to be; the first lines say why",
                    screen.columns);
  text += doubt_lines(shown, screen.columns);
  text += hidden_gpus_line(names_of(shown).size(), names_of(all).size(), chip && screen.gpus.empty());
  if (!rows.machines.empty()) text += "\n" + machine_table(rows.machines, screen.columns);
  return text;
}

}  // namespace kiln::report
