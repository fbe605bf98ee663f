#include "report/run_report.hpp"

#include <fmt/format.h>

#include "report/cost_json.hpp"
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

Json kv(const study::RunAnswer& answer) {
  const auto& plan = answer.placement.kv();
  const auto& run = answer.result.chip;
  return Json{{"capacity_tokens", plan.capacity_tokens},
              {"capacity_bytes", answer.kv.capacity},
              {"bytes_per_token", answer.kv.per_token},
              {"reserved_tokens", run.most_kv_tokens},
              {"banks", answer.placement.chip().kv.banks},
              {"words_per_token_per_layer", 2 * std::uint64_t{plan.token_words}},
              {"exponent_bits_per_token_per_layer", plan.exponent_bits_per_token},
              {"words_read", run.activity.kv_words_read},
              {"words_written", run.activity.kv_words_written},
              {"bank_conflict_cycles", run.activity.kv_conflict_cycles}};
}

/// All counters but those of the KV SRAM, which are in its own block.
Json activity(const program::Activity& a) {
  using program::Activity;
  Json json;
  for (const auto& counter : program::kActivityCounters) {
    if (counter.value == &Activity::kv_words_read || counter.value == &Activity::kv_words_written ||
        counter.value == &Activity::kv_conflict_cycles)
      continue;
    json[counter.name] = a.*counter.value;
  }
  return json;
}

Json arrays(const program::Placement& placement) {
  Json list = Json::array();
  for (std::size_t i = 0; i < program::kArrays; ++i) {
    const auto& plan = placement.array(static_cast<program::ArrayKind>(i));
    const auto& tile = placement.tile(plan.kind);
    list.push_back(Json{{"array", name(plan.kind)},
                        {"microarchitecture", tile.microarchitecture},
                        {"instances", plan.instances},
                        {"inputs", plan.inputs},
                        {"outputs", plan.outputs},
                        {"tiles", plan.tiles()},
                        {"fill", plan.fill()}});
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

/// What was asked, and what came back.
void add_question(Json& json, const study::RunAnswer& answer) {
  const auto& run = answer.result.chip;
  json["seed"] = answer.seed;
  json["temperature"] = answer.sampling.temperature;
  if (!answer.sampling.greedy()) json["top_k"] = answer.sampling.top_k;
  json["timing_only"] = answer.timing_only;
  json["users"] = run.users.size();
  json["text"] = answer.text;
  json["token_ids"] = answer.token_ids;
  json["prompt_tokens"] = answer.prompt_tokens;
  json["generated_tokens"] = host::answer_tokens(run);
  json["finish"] = finish_name(run.users.front().finish);
}

Json contexts(const host::RunResult& result) {
  Json list = Json::array();
  for (const auto& point : result.by_context)
    list.push_back(Json{{"context", point.context}, {"cycles", point.cycles.count()}});
  return list;
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
  add_question(json, answer);
  json["clock_mhz"] = answer.placement.chip().clock_mhz;
  json["cycles_total"] = answer.result.chip.total.count();
  add_speed(json, answer.result);
  add_cycles(json, answer);
  if (answer.result.chip.users.size() > 1) json["by_user"] = users(answer.result.chip);
  add_workload(json, answer);
  add_closed_form(json, answer);
  json["kv"] = kv(answer);
  if (answer.placement.dataflow().has(program::Unit::Lora)) json["lora"] = lora(answer);
  json["activity"] = activity(answer.result.chip.activity);
  json["tile_arrays"] = arrays(answer.placement);
  json["cycles_by_context"] = contexts(answer.result);
  if (answer.cost) add_cost_figures(json, *answer.cost);
  json["baseline"] = baseline_list(answer.baseline, answer.result.speed.tokens_per_s_user);
  add_rtl(json, answer);
  json["host"] = run_host_json(answer);
  return dump(json);
}

std::string run_text(const study::RunAnswer& answer, const Screen& screen) {
  std::string text;
  if (!answer.timing_only) text += answer.prompt + answer.text + "\n\n" + finish_sentence(answer);
  text += speed_lines(answer);
  text += lora_line(answer);
  text += limit_line(answer.result);
  if (answer.workload) text += workload_tables(*answer.workload);
  text += "\n" + unit_table(answer, screen);
  if (answer.cost) text += "\n" + cost_line(*answer.cost);
  if (answer.workload) text += "\n" + under_load_table(answer.baseline_under_load, screen);
  if (!answer.baseline.figures.empty()) {
    std::optional<ChipRate> chip;
    if (answer.result.speed.tokens_per_s_user)
      chip = ChipRate{answer.placement.chip().name, *answer.result.speed.tokens_per_s_user};
    if (chip && answer.cost) chip->mj_per_token = answer.cost->energy.mj_per_token.typical;
    text += "\n" + baseline_table(answer.baseline, chip, screen);
  }
  text += "\n" + host_line(answer);
  if (answer.rtl) text += rtl_line(*answer.rtl);
  return text;
}

}  // namespace kiln::report
