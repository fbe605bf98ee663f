#include "report/run_report.hpp"

#include <fmt/format.h>

#include "report/cost_json.hpp"
#include "report/limits_report.hpp"
#include "report/point_report.hpp"
#include "report/run_parts.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

Json users(const chip::RunOutcome& run) {
  Json list = Json::array();
  for (const auto& user : run.users) {
    Json entry{{"finish", finish_name(user.finish)},
               {"generated_tokens", user.answer_tokens},
               {"token_ids", user.answer},
               {"prompt_arrival_cycle", user.prompt_arrival.count()}};
    // Cycle 0 is before anything can have happened.
    if (user.admitted.count() > 0) entry["admitted_cycle"] = user.admitted.count();
    if (user.answer_tokens > 0) {
      entry["first_answer_cycle"] = user.first_answer.count();
      entry["last_answer_cycle"] = user.last_answer.count();
    }
    list.push_back(std::move(entry));
  }
  return list;
}

/// What the adapter takes of the chip.
Json lora(const study::RunAnswer& answer) {
  const auto& placement = answer.placement;
  const auto& plan = placement.adapter();
  Json ranks;
  for (std::size_t c = 0; c < config::kTensorClasses; ++c) {
    const auto rank = placement.dataflow().adapter().ranks[c];
    if (rank > 0) ranks[std::string(config::kTensorClassNames[c])] = rank;
  }
  return Json{{"adapter", answer.lora},
              {"ranks", ranks},
              {"sram_bytes", plan.bytes},
              {"sram_bytes_of_fullest_chip", plan.bytes_of_chip},
              {"sram_capacity_bytes_per_chip", std::uint64_t{placement.chip().lora->sram_kib} * 1024}};
}

/// What was asked.
void add_question(Json& json, const study::RunAnswer& answer) {
  json["seed"] = answer.seed;
  json["temperature"] = answer.sampling.temperature;
  if (!answer.sampling.greedy()) json["top_k"] = answer.sampling.top_k;
  json["timing_only"] = answer.timing_only;
}

std::string finish_sentence(const study::RunAnswer& answer) {
  const auto capacity = answer.placement.kv().capacity_tokens;
  switch (answer.result.chip.users.front().finish) {
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

std::string lora_line(const study::RunAnswer& answer) {
  if (!answer.placement.dataflow().has(program::Unit::Lora)) return "";
  const auto capacity = std::uint64_t{answer.placement.chip().lora->sram_kib} * 1024;
  const auto of_chip = answer.placement.adapter().bytes_of_chip;
  return fmt::format("  LoRA adapter {}: {} bytes of SRAM, {} of the LoRA unit's\n", answer.lora, grouped(of_chip),
                     percent(static_cast<double>(of_chip) / static_cast<double>(capacity)));
}

}  // namespace

std::string run_json(const study::RunAnswer& answer) {
  Json json = chip_document("run", answer.rom_hash, answer.placement, answer.recipe);
  Json point = point_json(answer, answer.cost ? &*answer.cost : nullptr);
  take_until(json, point, "users");
  add_question(json, answer);
  take_until(json, point, "prompt_tokens");
  json["text"] = answer.text;
  json["token_ids"] = answer.token_ids;
  take_until(json, point, "kv");
  if (answer.result.chip.users.size() > 1) json["by_user"] = users(answer.result.chip);
  add_workload(json, answer);
  add_closed_form(json, answer);
  take_until(json, point, "activity");
  if (answer.placement.dataflow().has(program::Unit::Lora)) json["lora"] = lora(answer);
  take_until(json, point, "");
  add_rtl(json, answer);
  json["host"] = run_host_json(answer);
  return dump(json);
}

std::string run_text(const study::RunAnswer& answer, const Screen& screen) {
  std::string text = verdict_lines(answer.placement, answer.verdict, screen.columns) + "\n";
  if (!answer.timing_only) text += answer.prompt + answer.text + "\n\n" + finish_sentence(answer);
  text += speed_lines(answer);
  text += lora_line(answer);
  text += limit_line(answer.result);
  if (answer.limits) text += help_lines(*answer.limits, screen.columns);
  if (answer.workload) text += workload_tables(*answer.workload);
  text += "\n" + unit_table(answer, screen);
  if (answer.cost) text += "\n" + cost_line(*answer.cost);
  if (answer.workload) text += "\n" + under_load_table(answer.baseline_under_load, screen);
  if (!answer.baseline.figures.empty()) {
    std::optional<ChipRate> chip;
    if (answer.result.speed.tokens_per_s_user)
      chip = ChipRate{answer.placement.chip().name, *answer.result.speed.tokens_per_s_user};
    if (chip) chip->buildable = answer.verdict.is_buildable();
    if (chip && answer.cost) chip->mj_per_token = answer.cost->energy.mj_per_token.typical;
    text += "\n" + baseline_table(answer.baseline, chip, screen);
  }
  text += "\n" + host_line(answer);
  if (answer.rtl) text += rtl_line(*answer.rtl);
  return text;
}

}  // namespace kiln::report
