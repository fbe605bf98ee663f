// What a run took of the computer that simulated it; the same run in RTL.
#include <fmt/format.h>

#include "report/run_parts.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {

void add_rtl(Json& json, const study::RunAnswer& answer) {
  if (!answer.rtl) return;
  json["rtl"] = Json{{"tokens", answer.rtl->tokens},
                     {"cycles_total", answer.rtl->cycles_total},
                     {"agrees", !answer.rtl->mismatch.has_value()}};
}

Json run_host_json(const study::RunAnswer& answer) {
  Json json = host_json(answer.host);
  json["elaboration_s"] = answer.host.elaboration_s;
  json["kernel_events"] = answer.host.kernel_events;
  const auto pace = answer.pace();
  if (pace.kernel_events_per_token) json["kernel_events_per_token"] = *pace.kernel_events_per_token;
  if (answer.bytes_read_per_token) json["bytes_read_per_token"] = *answer.bytes_read_per_token;
  if (pace.cycles_per_s) json["simulated_cycles_per_s"] = *pace.cycles_per_s;
  if (pace.tokens_per_s) json["tokens_per_s"] = *pace.tokens_per_s;
  if (answer.rtl) {
    json["rtl_build_s"] = answer.rtl->build_s;
    json["rtl_run_s"] = answer.rtl->run_s;
    const auto rtl = answer.rtl->pace();
    if (rtl.cycles_per_s) json["rtl_cycles_per_s"] = *rtl.cycles_per_s;
    if (rtl.tokens_per_s) json["rtl_tokens_per_s"] = *rtl.tokens_per_s;
  }
  return json;
}

std::string host_line(const study::RunAnswer& answer) {
  const auto& host = answer.host;
  const auto pace = answer.pace();
  return fmt::format("simulated in {} (elaboration {}): {} cycles/s,\n{} kernel events per token, {:.0f} MiB at most\n",
                     seconds(host.wall_s), seconds(host.elaboration_s), number(pace.cycles_per_s.value_or(0)),
                     number(pace.kernel_events_per_token.value_or(static_cast<double>(host.kernel_events))),
                     host.peak_memory_mib);
}

std::string rtl_line(const study::RtlFigures& rtl) {
  const auto pace = rtl.pace();
  return fmt::format(
      "in RTL: {} tokens, every id and every cycle the same; built in {}, run in {}:\n"
      "{} cycles/s, {:.2f} tokens/s\n",
      rtl.tokens, seconds(rtl.build_s), seconds(rtl.run_s), number(pace.cycles_per_s.value_or(0)),
      pace.tokens_per_s.value_or(0));
}

}  // namespace kiln::report
