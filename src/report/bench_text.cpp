// The tables of `kiln bench`.
#include <fmt/format.h>

#include <algorithm>

#include "base/spread.hpp"
#include "report/bench_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

using study::BenchAnswer;
using study::BenchMeasurement;

/// "12.3 (11.9 to 12.4)"
std::string with_ends(const std::vector<double>& values, double unit = 1) {
  const auto spread = base::spread_of(values);
  return fmt::format("{} ({} to {})", number(spread.median / unit), number(spread.least / unit),
                     number(spread.most / unit));
}

std::string share_of(const BenchMeasurement& m, const BenchAnswer& answer) {
  const auto* read = m.bound.empty() ? nullptr : answer.find(m.bound);
  return read == nullptr ? "" : percent(base::spread_of(shares(m, *read)).median);
}

std::string machine_lines(const BenchAnswer& answer) {
  const auto& machine = answer.machine;
  std::string text =
      fmt::format("{}, {} on {}: {} thread{}, {}, {} round{}\n", answer.placement.model().name, answer.recipe.name,
                  answer.placement.chip().name, answer.host.threads, answer.host.threads == 1 ? "" : "s",
                  answer.host.simd, answer.rounds, answer.rounds == 1 ? "" : "s");
  std::string of = machine.cpu.empty() ? "a processor without a name" : machine.cpu;
  of += fmt::format(", {} core{}", machine.cores, machine.cores == 1 ? "" : "s");
  if (machine.largest_cache_bytes > 0) of += fmt::format(", largest cache {}", bytes(machine.largest_cache_bytes));
  if (machine.memory_bytes > 0) of += fmt::format(", memory {}", bytes(machine.memory_bytes));
  for (const auto& more : {machine.kernel, machine.governor.empty() ? "" : "governor " + machine.governor})
    if (!more.empty()) of += ", " + more;
  return text + wrapped(of);
}

std::string bound_lines(const BenchAnswer& answer) {
  const auto& read = *answer.find("read_image");
  const bool cached = answer.image_bytes < answer.machine.largest_cache_bytes;
  return fmt::format(
      "plain read of the image ({}{}): {} GB/s\na token reads {} bytes of weights: at most {} tokens/s\n",
      bytes(answer.image_bytes), cached ? ", less than the largest cache" : "",
      with_ends(per_second(read, read.bytes), 1e9), grouped(answer.bytes_per_token),
      with_ends(study::bound_tokens_per_s(read, answer.bytes_per_token)));
}

std::string token_table(const BenchAnswer& answer) {
  Table table({"", "tokens/s", "time of a token", "share of the bound"});
  bool any = false;
  for (const auto& m : answer.measurements) {
    if (m.tokens == 0 || m.name.starts_with("growth")) continue;
    any = true;
    table.row({m.what, with_ends(per_second(m, m.tokens)),
               seconds(base::spread_of(m.seconds).median / static_cast<double>(m.tokens)), share_of(m, answer)});
  }
  return any ? "\n" + table.text() : "";
}

std::string price_line(const BenchAnswer& answer) {
  auto prices = prices_of_timing(answer);
  if (prices.empty()) return "";
  return fmt::format("timing and counters add {} % to the time of the values\n", with_ends(prices, 0.01));
}

std::string other_lines(const BenchAnswer& answer) {
  std::string text;
  if (const auto* timing = answer.find("timing"))
    text += fmt::format("timing alone: {} million cycles/s\n  {} million kernel events/s, {} kernel events a token\n",
                        with_ends(per_second(*timing, timing->cycles), 1e6),
                        with_ends(per_second(*timing, timing->kernel_events), 1e6),
                        number(static_cast<double>(timing->kernel_events) / static_cast<double>(timing->tokens)));
  if (const auto* bake = answer.find("bake"))
    text += fmt::format("{}: {} MB/s of BF16\n", bake->what, with_ends(per_second(*bake, bake->bytes), 1e6));
  return text;
}

std::string port_lines(const BenchAnswer& answer) {
  const auto* registers = answer.find(study::kBenchRegisters);
  if (registers == nullptr) return "";
  auto text =
      fmt::format("{}: {} billion/s\n", registers->what, with_ends(per_second(*registers, registers->products), 1e9));
  for (const auto* name : {"prefill", "eval"})
    if (const auto* m = answer.find(name))
      text += fmt::format("  {} reaches {} of it\n", name,
                          percent(base::spread_of(shares_of_ports(*m, *registers)).median));
  return text;
}

std::string kernel_table(const BenchAnswer& answer) {
  const auto* read = answer.find("read_memory");
  if (read == nullptr) return "";
  std::vector<std::string> headings = {"kernel alone, GB/s"};
  for (const auto& width : answer.machine.widths) headings.insert(headings.end(), {width, "of the read"});
  Table table(headings);
  std::vector<std::string> row;
  for (const auto& m : answer.measurements) {
    if (m.name != "kernel") continue;
    if (row.empty()) row.push_back(fmt::format("{} bits", m.bits));
    row.insert(row.end(), {number(base::spread_of(per_second(m, m.bytes)).median / 1e9), share_of(m, answer)});
    if (row.size() == headings.size()) table.row(std::exchange(row, {}));
  }
  return fmt::format("\n{}: {} GB/s\n", read->what, with_ends(per_second(*read, read->bytes), 1e9)) + table.text();
}

std::string growth_table(const BenchAnswer& answer) {
  Table table({"", "context", "events/token", "cycles/s", "time of a token", "keys and values of a user"});
  bool any = false;
  for (const auto& m : answer.measurements) {
    if (!m.name.starts_with("growth")) continue;
    any = true;
    const auto tokens = static_cast<double>(m.tokens);
    table.row({m.model + (m.name == "growth" ? "" : ", values"), grouped(m.context),
               number(static_cast<double>(m.kernel_events) / tokens),
               number(base::spread_of(per_second(m, m.cycles)).median),
               seconds(base::spread_of(m.seconds).median / tokens), bytes(m.kv_bytes)});
  }
  return any ? "\n" + table.text() : "";
}

std::string llama_lines(const BenchAnswer& answer) {
  if (!answer.llama) return "";
  const auto& llama = *answer.llama;
  auto text = fmt::format("\nllama-bench {}: {}, {} of weights\n", llama.build, llama.model, bytes(llama.model_bytes));
  for (const auto& ratio : llama.ratios)
    text += fmt::format("  {}: Kiln has {} times its tokens/s\n", ratio.measurement, with_ends(ratio.rounds));
  return text;
}

}  // namespace

std::string bench_text(const study::BenchAnswer& answer) {
  return machine_lines(answer) + bound_lines(answer) + token_table(answer) + price_line(answer) + port_lines(answer) +
         other_lines(answer) + kernel_table(answer) + growth_table(answer) + llama_lines(answer);
}

}  // namespace kiln::report
