// How fast a run was, and the second opinion on it.
#include <fmt/format.h>

#include "report/run_parts.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

Json closed_form_of(const host::RunResult& result) {
  Json json{{"cycles_total", result.expected_total.count()}};
  if (const auto& form = result.closed_form) {
    json["first_answer_cycle"] = form->first_answer.count();
    json["last_answer_cycle"] = form->last_answer.count();
  }
  json["agrees"] = !result.mismatch.has_value();
  return json;
}

/// First token if tokens of a prompt shared passes of the arrays; docs/units/README.md, "Batches".
Json batch_registers(const std::vector<study::BatchRegisterPoint>& points) {
  Json list = Json::array();
  for (const auto& point : points)
    list.push_back(
        Json{{"tokens", point.tokens}, {"first_answer_cycle", point.first_answer.count()}, {"ttft_us", point.ttft_us}});
  return list;
}

}  // namespace

void add_speed(Json& json, const host::RunResult& result) {
  const auto& speed = result.speed;
  if (speed.cycles_per_token) json["cycles_per_token"] = *speed.cycles_per_token;
  if (speed.tokens_per_s_user) json["tokens_per_s_user"] = *speed.tokens_per_s_user;
  json["tokens_per_s_total"] = speed.tokens_per_s_total;
  if (speed.ttft_us) json["ttft_us"] = *speed.ttft_us;
}

void add_closed_form(Json& json, const study::RunAnswer& answer) {
  json["closed_form"] = closed_form_of(answer.result);
  if (answer.result.closed_form) json["batch_register"] = batch_registers(answer.batch_register);
}

std::string speed_lines(const study::RunAnswer& answer) {
  const auto& result = answer.result;
  const auto& model = answer.placement.model();
  const auto& chip = answer.placement.chip();
  const std::size_t users = result.chip.users.size();
  std::string text =
      fmt::format("{} on {} at {} MHz, {}\n  {}{} prompt tokens, {} answer tokens, {} cycles\n", model.name, chip.name,
                  grouped(chip.clock_mhz), answer.timing_only ? "timing only" : "functional",
                  users > 1 ? fmt::format("{} users, ", grouped(users)) : "", grouped(answer.prompt_tokens),
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

}  // namespace kiln::report
