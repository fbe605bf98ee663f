#include <fmt/format.h>

#include <algorithm>

#include "report/cost_json.hpp"
#include "report/run_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

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
    case chip::Finish::Cancelled:
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
  if (result.speed.ttft_us) text += fmt::format(", first token after {}", microseconds(*result.speed.ttft_us));
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

std::vector<std::string> load_cells(const GpuUnderLoad& row) {
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

std::string under_load_table(const std::vector<GpuUnderLoad>& rows, const Screen& screen) {
  Table table({"GPUs under the same load", "<", "first token p50", "p99", "a token p50", "p99", "tokens/s in total",
               "most in a batch"});
  std::vector<std::string> known;
  for (const auto& row : rows)
    if (std::ranges::find(known, row.gpu) == known.end()) known.push_back(row.gpu);
  const bool asked = screen.all_gpus || !screen.gpus.empty();
  for (const auto& gpu : shown_gpus(screen, known)) {
    const GpuUnderLoad* fastest = nullptr;
    for (const auto& row : rows)
      if (row.gpu == gpu && (fastest == nullptr || row.tokens_per_s_total > fastest->tokens_per_s_total))
        fastest = &row;
    for (const auto& row : rows)
      if (row.gpu == gpu && (asked || &row == fastest)) table.row(load_cells(row));
  }
  return table.text() +
         "continuous batching, median serving engine; prompts cost their multiplications, not their attention's\n";
}

/// Where a kind of unit spent the run; of several of a kind the mean.
struct UnitTime {
  program::Unit unit;
  double count = 0;
  std::array<std::uint64_t, chip::kCycleCategories> sums{};
  std::optional<double> path;  ///< share of the critical path

  [[nodiscard]] double share(std::size_t category, double cycles) const {
    return static_cast<double>(sums[category]) / (count * cycles);
  }
};

std::vector<UnitTime> unit_times(const chip::RunOutcome& run) {
  double path = 0;
  for (const base::Cycles cycles : run.critical_path) path += static_cast<double>(cycles.count());
  std::vector<UnitTime> times;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    UnitTime time{static_cast<program::Unit>(u), 0, {}, std::nullopt};
    for (const auto& unit : run.by_unit) {
      if (unit.unit != time.unit) continue;
      ++time.count;
      for (std::size_t c = 0; c < chip::kCycleCategories; ++c) time.sums[c] += unit.by_category[c].count();
    }
    if (path > 0) time.path = static_cast<double>(run.critical_path[u].count()) / path;
    if (time.count > 0) times.push_back(time);
  }
  return times;
}

/// A unit matters that holds up the critical path, or spends its time on something other than work.
bool matters(const UnitTime& time, double cycles) {
  constexpr double kShare = 0.05;
  double held_up = 0, busy = 0;
  for (std::size_t c = 0; c < chip::kCycleCategories; ++c) {
    const auto category = static_cast<chip::CycleCategory>(c);
    if (category == chip::CycleCategory::Idle) continue;
    busy += time.share(c, cycles);
    if (category != chip::CycleCategory::Compute) held_up += time.share(c, cycles);
  }
  return time.path.value_or(busy) >= kShare || held_up >= kShare;
}

std::string unit_table(const RunReport& report, const Screen& screen) {
  const auto times = unit_times(report.result.chip);
  const auto cycles = static_cast<double>(std::max<std::uint64_t>(1, report.result.chip.total.count()));
  Table table({"unit", "critical path", "compute", "wait in", "wait out", "KV conflict", "wire", "idle"});
  std::size_t left_out = 0;
  double path_left_out = 0;
  for (const auto& time : times) {
    if (!screen.all_units && !matters(time, cycles)) {
      ++left_out;
      path_left_out += time.path.value_or(0);
      continue;
    }
    const auto unit = std::string(name(time.unit));
    std::vector<std::string> cells = {time.count > 1 ? fmt::format("{} x {}", time.count, unit) : unit,
                                      time.path ? percent(*time.path) : "-"};
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
      cells.push_back(time.sums[c] == 0 ? "-" : percent(time.share(c, cycles)));
    table.row(std::move(cells));
  }
  std::string text = table.text();
  if (left_out > 0)
    text += fmt::format("{} other units: {} of the critical path (--units all shows them)\n", left_out,
                        percent(path_left_out));
  return text;
}

std::string rtl_line(const RtlFigures& rtl) {
  const double elapsed = std::max(rtl.run_s, 1e-9);
  return fmt::format(
      "in RTL: {} tokens, every id and every cycle the same; built in {}, run in {}:\n"
      "{} cycles/s, {:.2f} tokens/s\n",
      rtl.tokens, seconds(rtl.build_s), seconds(rtl.run_s), number(static_cast<double>(rtl.cycles_total) / elapsed),
      static_cast<double>(rtl.tokens) / elapsed);
}

std::string host_line(const RunReport& report) {
  const auto& host = report.host;
  const auto& run = report.result.chip;
  return fmt::format("simulated in {} (elaboration {}): {} cycles/s,\n{} kernel events per token, {:.0f} MiB at most\n",
                     seconds(host.wall_s), seconds(host.elaboration_s),
                     number(static_cast<double>(run.total.count()) / std::max(host.wall_s, 1e-9)),
                     number(static_cast<double>(host.kernel_events) /
                            static_cast<double>(std::max<std::size_t>(1, run.tokens.size()))),
                     host.peak_memory_mib);
}

}  // namespace

std::string run_text(const RunReport& report, const Screen& screen) {
  std::string text;
  if (!report.timing_only) text += report.prompt + report.text + "\n\n" + finish_sentence(report);
  text += speed_lines(report);
  text += lora_line(report);
  text += limit_line(report.result);
  if (report.workload) text += workload_tables(*report.workload);
  text += "\n" + unit_table(report, screen);
  if (report.cost) text += "\n" + cost_line(*report.cost);
  if (report.workload) text += "\n" + under_load_table(report.baseline_under_load, screen);
  if (!report.baseline.figures.empty()) {
    std::optional<ChipRate> chip;
    if (report.result.speed.tokens_per_s_user)
      chip = ChipRate{report.placement.chip().name, *report.result.speed.tokens_per_s_user};
    if (chip && report.cost) chip->mj_per_token = report.cost->energy.mj_per_token.typical;
    text += "\n" + baseline_table(report.baseline, chip, screen);
  }
  text += "\n" + host_line(report);
  if (report.rtl) text += rtl_line(*report.rtl);
  return text;
}

}  // namespace kiln::report
