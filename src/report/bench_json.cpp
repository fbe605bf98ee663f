// The document of `kiln bench`, and its rows as CSV.
#include <fmt/format.h>

#include "base/spread.hpp"
#include "report/bench_report.hpp"
#include "report/document.hpp"
#include "report/version.hpp"

namespace kiln::report {
namespace {

Json spread_json(const std::vector<double>& values) {
  const auto spread = base::spread_of(values);
  return Json{{"median", spread.median}, {"least", spread.least}, {"most", spread.most}};
}

Json rounds_json(const std::vector<double>& values) {
  Json json = spread_json(values);
  json["rounds"] = values;
  return json;
}

/// Of what multiplies; of registers alone, which are the limit, none.
std::vector<double> port_shares(const study::BenchMeasurement& m, const study::BenchAnswer& answer) {
  const auto* registers = answer.find(study::kBenchRegisters);
  if (m.products == 0 || registers == nullptr || &m == registers) return {};
  return shares_of_ports(m, *registers);
}

double over(std::uint64_t a, std::uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

void add_rates(Json& json, const study::BenchMeasurement& m) {
  if (m.tokens > 0) {
    json["tokens"] = m.tokens;
    json["tokens_per_s"] = spread_json(per_second(m, m.tokens));
  }
  if (m.bytes > 0) {
    json["bytes"] = m.bytes;
    if (m.tokens > 0) json["bytes_per_token"] = m.bytes / m.tokens;
    json["bytes_per_s"] = spread_json(per_second(m, m.bytes));
  }
  if (m.kernel_events > 0) {
    json["cycles"] = m.cycles;
    json["cycles_per_s"] = spread_json(per_second(m, m.cycles));
    json["kernel_events"] = m.kernel_events;
    json["kernel_events_per_s"] = spread_json(per_second(m, m.kernel_events));
    json["kernel_events_per_token"] = over(m.kernel_events, m.tokens);
  }
}

Json measurement_json(const study::BenchMeasurement& m, const study::BenchAnswer& answer) {
  Json json{{"name", m.name}, {"what", m.what}};
  if (!m.model.empty()) {
    json["model"] = m.model;
    json["context"] = m.context;
    json["kv_bytes_per_user"] = m.kv_bytes;
  }
  if (m.bits > 0) {
    json["bits"] = m.bits;
    json["simd"] = m.simd;
  }
  json["seconds"] = rounds_json(m.seconds);
  add_rates(json, m);
  if (const auto* read = m.bound.empty() ? nullptr : answer.find(m.bound)) {
    json["bound"] = m.bound;
    json["share"] = rounds_json(shares(m, *read));
  }
  if (m.products > 0) {
    json["products"] = m.products;
    json["products_per_s"] = spread_json(per_second(m, m.products));
  }
  if (const auto of_ports = port_shares(m, answer); !of_ports.empty()) json["share_of_ports"] = rounds_json(of_ports);
  return json;
}

Json machine_json(const study::MachineFigures& machine) {
  return Json{{"cpu", machine.cpu},
              {"widths", machine.widths},
              {"cores", machine.cores},
              {"memory_bytes", machine.memory_bytes},
              {"largest_cache_bytes", machine.largest_cache_bytes},
              {"kernel", machine.kernel},
              {"governor", machine.governor}};
}

Json llama_json(const study::LlamaAnswer& llama) {
  Json json{{"model", llama.model}, {"build", llama.build}, {"model_bytes", llama.model_bytes}};
  json["ratios"] = Json::array();
  for (const auto& ratio : llama.ratios)
    json["ratios"].push_back(Json{{"measurement", ratio.measurement}, {"ratio", rounds_json(ratio.rounds)}});
  return json;
}

// What the columns of a CSV have; empty where a measurement has none.
std::string cell(std::uint64_t value) { return value == 0 ? "" : std::to_string(value); }
std::string cell(const std::vector<double>& values) {
  return values.empty() ? "" : fmt::format("{:.6g}", base::spread_of(values).median);
}
std::string ends(const std::vector<double>& values) {
  if (values.empty()) return ",";
  const auto spread = base::spread_of(values);
  return fmt::format("{:.6g},{:.6g}", spread.least, spread.most);
}
std::vector<double> rates(const study::BenchMeasurement& m, std::uint64_t amount) {
  return amount == 0 ? std::vector<double>() : per_second(m, amount);
}

constexpr const char* kColumns =
    "measurement,model,context,bits,simd,rounds,tokens,bytes,cycles,kernel_events,kv_bytes_per_user,seconds,"
    "seconds_least,seconds_most,tokens_per_s,seconds_per_token,bytes_per_token,bytes_per_s,cycles_per_s,"
    "kernel_events_per_s,kernel_events_per_token,bound,share,share_least,share_most,products,share_of_ports\n";

/// As RFC 4180 has it: a name may hold commas and quotes.
std::string quoted_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}
/// Of what read no weights of the image, and of other programs, none.
std::string model_of(const study::BenchMeasurement& m, const study::BenchAnswer& answer) {
  if (!m.model.empty()) return m.model;
  const bool others =
      m.bits != 0 || m.name == "read_memory" || m.name == study::kBenchRegisters || m.name.starts_with("llama_bench");
  return others ? "" : answer.placement.model().name;
}

std::string row_of(const study::BenchMeasurement& m, const study::BenchAnswer& answer) {
  const auto* read = m.bound.empty() ? nullptr : answer.find(m.bound);
  const auto share = read == nullptr ? std::vector<double>() : shares(m, *read);
  std::string row;
  const auto add = [&](const std::string& text) { row += text + ","; };
  add(m.name);
  add(quoted_cell(model_of(m, answer)));
  for (const auto value : {m.context, static_cast<std::uint64_t>(m.bits)}) add(cell(value));
  add(m.simd);
  for (const auto value : {m.seconds.size(), m.tokens, m.bytes, m.cycles, m.kernel_events, m.kv_bytes})
    add(cell(value));
  add(cell(m.seconds));
  add(ends(m.seconds));
  add(cell(rates(m, m.tokens)));
  const auto per_token = m.tokens == 0 ? 0 : base::spread_of(m.seconds).median / static_cast<double>(m.tokens);
  add(m.tokens == 0 ? "" : fmt::format("{:.6g}", per_token));
  add(cell(m.tokens == 0 ? 0 : m.bytes / m.tokens));
  for (const auto amount : {m.bytes, m.cycles, m.kernel_events}) add(cell(rates(m, amount)));
  add(m.tokens == 0 || m.kernel_events == 0 ? "" : fmt::format("{:.6g}", over(m.kernel_events, m.tokens)));
  add(m.bound);
  add(cell(share));
  add(ends(share));
  add(cell(m.products));
  return row + cell(port_shares(m, answer)) + "\n";
}

}  // namespace

std::string bench_json(const study::BenchAnswer& answer) {
  Json json = chip_document("bench", answer.rom_hash, answer.placement, answer.recipe);
  json["image_bytes"] = answer.image_bytes;
  json["bytes_read_per_token"] = answer.bytes_per_token;
  json["bound_tokens_per_s"] =
      rounds_json(study::bound_tokens_per_s(*answer.find("read_image"), answer.bytes_per_token));
  json["rounds"] = answer.rounds;
  json["machine"] = machine_json(answer.machine);
  json["measurements"] = Json::array();
  for (const auto& m : answer.measurements) json["measurements"].push_back(measurement_json(m, answer));
  if (const auto prices = prices_of_timing(answer); !prices.empty())
    json["price_of_timing_and_counters"] = rounds_json(prices);
  if (answer.llama) json["llama_bench"] = llama_json(*answer.llama);
  json["host"] = host_json(answer.host);
  return dump(json);
}

std::string bench_csv(const study::BenchAnswer& answer) {
  const auto& machine = answer.machine;
  std::string text = fmt::format("# {}\n", version_line());
  const auto line = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += fmt::format("# {}: {}\n", what, value);
  };
  line("cpu", machine.cpu);
  line("simd", answer.host.simd);
  line("threads", std::to_string(answer.host.threads));
  line("cores", std::to_string(machine.cores));
  line("memory_bytes", cell(machine.memory_bytes));
  line("largest_cache_bytes", cell(machine.largest_cache_bytes));
  line("kernel", machine.kernel);
  line("governor", machine.governor);
  line("chip", answer.placement.chip().name);
  line("recipe", answer.recipe.name);
  line("bytes_read_per_token", cell(answer.bytes_per_token));
  text += kColumns;
  for (const auto& m : answer.measurements) text += row_of(m, answer);
  return text;
}

}  // namespace kiln::report
