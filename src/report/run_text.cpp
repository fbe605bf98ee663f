#include <fmt/format.h>

#include "report/cost_json.hpp"
#include "report/run_report.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

std::string finish_sentence(const RunReport& report) {
  const auto capacity = report.placement.kv().capacity_tokens;
  switch (report.result.chip.users.front().finish) {
    case chip::Finish::EndOfText:
      return "The answer ended at an end-of-text token.\n";
    case chip::Finish::KvFull:
      return fmt::format("The answer ended because the KV cache is full: it holds {} tokens.\n", grouped(capacity));
    case chip::Finish::MaxTokens:
    case chip::Finish::Interrupted:
    case chip::Finish::Refused:
    case chip::Finish::Left:
      break;
  }
  return "";
}

std::string speed_lines(const RunReport& report) {
  const auto& result = report.result;
  const auto& model = report.placement.model();
  const auto& chip = report.placement.chip();
  const std::size_t users = result.chip.users.size();
  std::string text =
      fmt::format("{} on {} at {} MHz, {}\n  {}{} prompt tokens, {} answer tokens, {} cycles\n", model.name, chip.name,
                  grouped(chip.clock_mhz), report.timing_only ? "timing only" : "functional",
                  users > 1 ? fmt::format("{} users, ", grouped(users)) : "", grouped(report.prompt_tokens),
                  grouped(host::answer_tokens(result.chip)), grouped(result.chip.total.count()));
  if (result.speed.tokens_per_s_user) {
    text += fmt::format("  {} tokens/s per user ({} cycles per token)\n", number(*result.speed.tokens_per_s_user),
                        number(*result.speed.cycles_per_token));
  }
  text += fmt::format("  {} tokens/s over the whole run", number(result.speed.tokens_per_s_total));
  if (result.speed.ttft_us) text += fmt::format(", first token after {} us", number(*result.speed.ttft_us));
  text += "\n";
  text +=
      fmt::format("  closed form {} the simulation\n", result.mismatch ? "DIFFERS from" : "agrees to the cycle with");
  return text;
}

std::string lora_line(const RunReport& report) {
  if (!report.placement.dataflow().has(program::Unit::Lora)) return "";
  const auto capacity = std::uint64_t{report.placement.chip().lora->sram_kib} * 1024;
  const auto of_chip = report.placement.adapter().bytes_of_chip;
  return fmt::format("  LoRA adapter {}: {} bytes of SRAM, {} of the LoRA unit's\n", report.lora, grouped(of_chip),
                     percent(static_cast<double>(of_chip) / static_cast<double>(capacity)));
}

std::string limit_line(const host::RunResult& result) {
  if (!result.limited_by) return "";
  const bool full = result.busiest_share >= host::kFullStage;
  std::string text =
      fmt::format("  limited by {}: {} of {}\n", name(*result.limited_by), percent(result.limited_share),
                  full ? fmt::format("the time of stage {}", *result.busiest_stage) : "the critical path");
  if (result.busiest_stage) {
    text += fmt::format("  busiest stage: {}, occupied {} of the run{}\n", *result.busiest_stage,
                        percent(result.busiest_share), full ? "" : ": more users would fill it");
  }
  return text;
}

std::string workload_tables(const host::WorkloadFigures& figures) {
  std::string text = fmt::format(
      "\n{} requests answered, {} refused{}\n", grouped(figures.finished), grouped(figures.refused),
      figures.left > 0 ? fmt::format(", {} user{} left", grouped(figures.left), figures.left == 1 ? "" : "s") : "");
  Table table({"us", "mean", "p50", "p90", "p99", "largest"});
  const auto row = [&](std::string what, const host::Percentiles& p) {
    if (p.count == 0) return;
    table.row({std::move(what), number(p.mean), number(p.p50), number(p.p90), number(p.p99), number(p.largest)});
  };
  row("in the queue", figures.queued_us);
  row("to the first token", figures.ttft_us);
  row("a token", figures.time_per_token_us);
  text += table.text() + "\n";
  constexpr std::size_t kRows = 10;
  const std::size_t together = figures.over_time.size() / kRows;
  Table load({"from us", "users waiting", "users admitted", "tokens in the chip"});
  for (std::size_t i = 0; i < kRows; ++i) {
    double waiting = 0, admitted = 0, in_flight = 0;
    for (std::size_t k = i * together; k < (i + 1) * together; ++k) {
      waiting += figures.over_time[k].waiting / static_cast<double>(together);
      admitted += figures.over_time[k].admitted / static_cast<double>(together);
      in_flight += figures.over_time[k].in_flight / static_cast<double>(together);
    }
    load.row({number(figures.over_time[i * together].from_us), number(waiting), number(admitted), number(in_flight)});
  }
  return text + load.text();
}

std::string under_load_table(const std::vector<GpuUnderLoad>& rows) {
  Table table({"GPU under the same load", "<precision", "first token p50 us", "p99", "a token p50 us", "p99",
               "tokens/s in total", "most in a batch"});
  for (const auto& row : rows) {
    if (row.ttft_us.count == 0) {
      table.row({row.gpu, std::string(name(row.precision)), "no room", "-", "-", "-", "-", "-"});
      continue;
    }
    const bool paced = row.time_per_token_us.count > 0;
    table.row({row.gpu, std::string(name(row.precision)), number(row.ttft_us.p50), number(row.ttft_us.p99),
               paced ? number(row.time_per_token_us.p50) : "-", paced ? number(row.time_per_token_us.p99) : "-",
               number(row.tokens_per_s_total), grouped(row.most_in_batch)});
  }
  return table.text() +
         "continuous batching, median serving engine; prompts cost their multiplications, not their attention's\n";
}

std::string unit_table(const RunReport& report) {
  const auto& run = report.result.chip;
  double path = 0;
  for (const base::Cycles cycles : run.critical_path) path += static_cast<double>(cycles.count());
  Table table({"unit", "critical path", "compute", "wait in", "wait out", "KV conflict", "wire", "idle"});
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    // Where the chip has several of a kind the row is their mean.
    std::array<std::uint64_t, chip::kCycleCategories> sums{};
    double count = 0;
    for (const auto& unit : run.by_unit) {
      if (unit.unit != static_cast<program::Unit>(u)) continue;
      ++count;
      for (std::size_t c = 0; c < chip::kCycleCategories; ++c) sums[c] += unit.causes[c].count();
    }
    std::vector<std::string> cells = {
        count > 1 ? fmt::format("{} x {}", count, name(static_cast<program::Unit>(u)))
                  : std::string(name(static_cast<program::Unit>(u))),
        path > 0 ? percent(static_cast<double>(run.critical_path[u].count()) / path) : "-"};
    if (count == 0) continue;
    const double whole = count * static_cast<double>(std::max<std::uint64_t>(1, run.total.count()));
    for (const std::uint64_t cycles : sums)
      cells.push_back(cycles == 0 ? "-" : percent(static_cast<double>(cycles) / whole));
    table.row(std::move(cells));
  }
  return table.text();
}

std::string rtl_line(const RtlFigures& rtl) {
  const double seconds = std::max(rtl.run_s, 1e-9);
  return fmt::format(
      "in RTL: {} tokens, every id and every cycle the same; built in {:.1f} s, run in {:.2f} s:\n"
      "{} cycles/s, {:.2f} tokens/s\n",
      rtl.tokens, rtl.build_s, rtl.run_s, number(static_cast<double>(rtl.cycles_total) / seconds),
      static_cast<double>(rtl.tokens) / seconds);
}

}  // namespace

std::string run_text(const RunReport& report) {
  std::string text;
  if (!report.timing_only) text += report.prompt + report.text + "\n\n" + finish_sentence(report);
  text += speed_lines(report);
  text += lora_line(report);
  text += limit_line(report.result);
  if (report.workload) text += workload_tables(*report.workload);
  text += "\n" + unit_table(report);
  if (report.cost != nullptr) text += "\n" + cost_line(*report.cost);
  if (report.workload) text += "\n" + under_load_table(report.baseline_under_load);
  if (!report.baseline.figures.empty())
    text += "\n" + baseline_table(report.baseline, report.result.speed.tokens_per_s_user);
  const auto& host = report.host;
  text += fmt::format(
      "\nsimulated in {:.2f} s (elaboration {:.3f} s): {} cycles/s,\n{} kernel events per token, {:.0f} MiB at most\n",
      host.wall_s, host.elaboration_s,
      number(static_cast<double>(report.result.chip.total.count()) / std::max(host.wall_s, 1e-9)),
      number(static_cast<double>(host.kernel_events) /
             static_cast<double>(std::max<std::size_t>(1, report.result.chip.tokens.size()))),
      host.peak_memory_mib);
  if (report.rtl) text += rtl_line(*report.rtl);
  return text;
}

}  // namespace kiln::report
