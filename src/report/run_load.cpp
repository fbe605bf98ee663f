// Requests over time: what their users saw, and what users of GPUs would see.
#include <fmt/format.h>

#include <algorithm>

#include "report/run_parts.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

Json percentiles(const host::Percentiles& p) {
  Json json{{"count", p.count}};
  if (p.count == 0) return json;
  json.update({{"mean", p.mean}, {"p50", p.p50}, {"p90", p.p90}, {"p99", p.p99}, {"largest", p.largest}});
  return json;
}

Json workload(const host::WorkloadFigures& figures) {
  Json points = Json::array();
  for (const auto& point : figures.over_time) {
    points.push_back(Json{{"from_us", point.from_us},
                          {"to_us", point.to_us},
                          {"waiting", point.waiting},
                          {"admitted", point.admitted},
                          {"tokens_in_flight", point.in_flight}});
  }
  return Json{{"finished", figures.finished},
              {"refused", figures.refused},
              {"cancelled", figures.cancelled},
              {"queued_us", percentiles(figures.queued_us)},
              {"ttft_us", percentiles(figures.ttft_us)},
              {"time_per_token_us", percentiles(figures.time_per_token_us)},
              {"over_time", points}};
}

Json under_load(const std::vector<study::GpuUnderLoad>& rows) {
  Json list = Json::array();
  for (const auto& row : rows) {
    list.push_back(Json{{"gpu", row.gpu},
                        {"precision", name(row.precision)},
                        {"engine", baseline::kMedianEngine},
                        {"refused", row.refused},
                        {"most_in_batch", row.most_in_batch},
                        {"tokens_per_s_total", row.tokens_per_s_total},
                        {"ttft_us", percentiles(row.ttft_us)},
                        {"time_per_token_us", percentiles(row.time_per_token_us)}});
  }
  return list;
}

std::vector<std::string> load_cells(const study::GpuUnderLoad& row) {
  const auto precision = std::string(name(row.precision));
  if (row.ttft_us.count == 0) return {row.gpu, precision, "no room", "-", "-", "-", "-", "-"};
  const bool paced = row.time_per_token_us.count > 0;
  const auto pace = [&](double us) { return paced ? microseconds(us) : "-"; };
  return {row.gpu,
          precision,
          microseconds(row.ttft_us.p50),
          microseconds(row.ttft_us.p99),
          pace(row.time_per_token_us.p50),
          pace(row.time_per_token_us.p99),
          number(row.tokens_per_s_total),
          grouped(row.most_in_batch)};
}

}  // namespace

void add_workload(Json& json, const study::RunAnswer& answer) {
  if (!answer.workload) return;
  json["workload"] = workload(*answer.workload);
  json["workload"]["baseline"] = under_load(answer.baseline_under_load);
}

std::string workload_tables(const host::WorkloadFigures& figures) {
  std::string text =
      fmt::format("\n{} requests answered, {} refused{}\n", grouped(figures.finished), grouped(figures.refused),
                  figures.cancelled > 0
                      ? fmt::format(", {} user{} left", grouped(figures.cancelled), figures.cancelled == 1 ? "" : "s")
                      : "");
  Table table({"time", "mean", "p50", "p90", "p99", "largest"});
  const auto row = [&](const std::string& what, const host::Percentiles& p) {
    if (p.count == 0) return;
    table.row({what, microseconds(p.mean), microseconds(p.p50), microseconds(p.p90), microseconds(p.p99),
               microseconds(p.largest)});
  };
  row("in the queue", figures.queued_us);
  row("to the first token", figures.ttft_us);
  row("a token", figures.time_per_token_us);
  text += table.text() + "\n";
  constexpr std::size_t kRows = 10;
  const std::size_t together = figures.over_time.size() / kRows;
  Table load({"from", "users waiting", "users admitted", "tokens in the chip"});
  for (std::size_t i = 0; i < kRows; ++i) {
    double waiting = 0, admitted = 0, in_flight = 0;
    for (std::size_t k = i * together; k < (i + 1) * together; ++k) {
      waiting += figures.over_time[k].waiting / static_cast<double>(together);
      admitted += figures.over_time[k].admitted / static_cast<double>(together);
      in_flight += figures.over_time[k].in_flight / static_cast<double>(together);
    }
    load.row(
        {microseconds(figures.over_time[i * together].from_us), number(waiting), number(admitted), number(in_flight)});
  }
  return text + load.text();
}

std::string under_load_table(const std::vector<study::GpuUnderLoad>& rows, const Screen& screen) {
  Table table({"GPUs under the same load", "<", "first token p50", "p99", "a token p50", "p99", "tokens/s in total",
               "most in a batch"});
  std::vector<std::string> known;
  for (const auto& row : rows)
    if (std::ranges::find(known, row.gpu) == known.end()) known.push_back(row.gpu);
  const bool asked = screen.all_gpus || !screen.gpus.empty();
  for (const auto& gpu : shown_gpus(screen, known)) {
    const study::GpuUnderLoad* fastest = nullptr;
    for (const auto& row : rows)
      if (row.gpu == gpu && (fastest == nullptr || row.tokens_per_s_total > fastest->tokens_per_s_total))
        fastest = &row;
    for (const auto& row : rows)
      if (row.gpu == gpu && (asked || &row == fastest)) table.row(load_cells(row));
  }
  return table.text() +
         "continuous batching, median serving engine; prompts cost their multiplications, not their attention's\n";
}

}  // namespace kiln::report
