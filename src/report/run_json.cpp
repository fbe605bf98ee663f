#include <algorithm>

#include "report/cost_json.hpp"
#include "report/document.hpp"

namespace kiln::report {
namespace {

Json by_unit(const chip::RunOutcome& run) {
  Json units;
  for (const auto& unit : run.by_unit) {
    Json categories;
    for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
      categories[name(static_cast<chip::CycleCategory>(c))] = unit.by_category[c].count();
    units[unit.name()] = categories;
  }
  return units;
}

Json per_unit(const program::Dataflow& dataflow, const std::array<base::Cycles, program::kUnits>& cycles) {
  Json units;
  for (std::size_t u = 0; u < program::kUnits; ++u) {
    const auto unit = static_cast<program::Unit>(u);
    if (dataflow.has(unit)) units[name(unit)] = cycles[u].count();
  }
  return units;
}

Json by_cause(const chip::RunOutcome& run) {
  Json categories;
  for (std::size_t c = 0; c < chip::kCycleCategories; ++c)
    categories[name(static_cast<chip::CycleCategory>(c))] = run.critical_by_category[c].count();
  return categories;
}

Json utilisation(const chip::RunOutcome& run) {
  Json units;
  const auto total = static_cast<double>(std::max<std::uint64_t>(1, run.total.count()));  // of no cycles none is busy
  for (const auto& unit : run.by_unit) {
    const auto busy = unit.by_category[static_cast<std::size_t>(chip::CycleCategory::Compute)];
    units[unit.name()] = static_cast<double>(busy.count()) / total;
  }
  return units;
}

Json stages(const program::Placement& placement, const chip::RunOutcome& run) {
  Json list = Json::array();
  for (std::size_t s = 0; s < run.by_stage.size(); ++s) {
    const auto& stage = placement.dataflow().stages()[s];
    list.push_back(Json{{"stage", s},
                        {"chip", stage.chip},
                        {"first_layer", stage.first_layer},
                        {"layers", stage.layers},
                        {"tokens", run.by_stage[s].tokens},
                        {"occupied_cycles", run.by_stage[s].occupied.count()}});
  }
  return list;
}

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

Json kv(const RunReport& report) {
  const auto& plan = report.placement.kv();
  const auto& run = report.result.chip;
  return Json{{"capacity_tokens", plan.capacity_tokens},
              {"capacity_bytes", report.kv.capacity},
              {"bytes_per_token", report.kv.per_token},
              {"reserved_tokens", run.most_kv_tokens},
              {"banks", report.placement.chip().kv.banks},
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
Json lora(const RunReport& report) {
  const auto& placement = report.placement;
  const auto& plan = placement.adapter();
  Json ranks;
  for (std::size_t c = 0; c < config::kTensorClasses; ++c) {
    const auto rank = placement.dataflow().adapter().ranks[c];
    if (rank > 0) ranks[std::string(config::kTensorClassNames[c])] = rank;
  }
  return Json{{"adapter", report.lora},
              {"ranks", ranks},
              {"sram_bytes", plan.bytes},
              {"sram_bytes_of_fullest_chip", plan.bytes_of_chip},
              {"sram_capacity_bytes_per_chip", std::uint64_t{placement.chip().lora->sram_kib} * 1024}};
}

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

Json under_load(const std::vector<GpuUnderLoad>& rows) {
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

void add_speed(Json& json, const host::RunResult& result) {
  const auto& speed = result.speed;
  if (speed.cycles_per_token) json["cycles_per_token"] = *speed.cycles_per_token;
  if (speed.tokens_per_s_user) json["tokens_per_s_user"] = *speed.tokens_per_s_user;
  json["tokens_per_s_total"] = speed.tokens_per_s_total;
  if (speed.ttft_us) json["ttft_us"] = *speed.ttft_us;
}

Json closed_form(const host::RunResult& result) {
  Json json{{"cycles_total", result.expected_total.count()}};
  if (const auto& form = result.closed_form) {
    json["first_answer_cycle"] = form->first_answer.count();
    json["last_answer_cycle"] = form->last_answer.count();
  }
  json["agrees"] = !result.mismatch.has_value();
  return json;
}

/// First token if tokens of a prompt shared passes of the arrays; docs/units/README.md, "Batches".
Json batch_register(const std::vector<study::BatchRegisterPoint>& points) {
  Json list = Json::array();
  for (const auto& point : points)
    list.push_back(
        Json{{"tokens", point.tokens}, {"first_answer_cycle", point.first_answer.count()}, {"ttft_us", point.ttft_us}});
  return list;
}

Json host(const RunReport& report) {
  Json json = host_json(report.host);
  const double wall = report.host.wall_s;
  json["elaboration_s"] = report.host.elaboration_s;
  json["kernel_events"] = report.host.kernel_events;
  if (!report.result.chip.tokens.empty()) {
    json["kernel_events_per_token"] =
        static_cast<double>(report.host.kernel_events) / static_cast<double>(report.result.chip.tokens.size());
  }
  if (wall > 0) {
    json["simulated_cycles_per_s"] = static_cast<double>(report.result.chip.total.count()) / wall;
    json["tokens_per_s"] = static_cast<double>(report.result.chip.tokens.size()) / wall;
  }
  if (report.rtl) {
    json["rtl_build_s"] = report.rtl->build_s;
    json["rtl_run_s"] = report.rtl->run_s;
    if (report.rtl->run_s > 0) {
      json["rtl_cycles_per_s"] = static_cast<double>(report.rtl->cycles_total) / report.rtl->run_s;
      json["rtl_tokens_per_s"] = static_cast<double>(report.rtl->tokens) / report.rtl->run_s;
    }
  }
  return json;
}

/// What was asked, and what came back.
void add_question(Json& json, const RunReport& report) {
  const auto& run = report.result.chip;
  json["seed"] = report.seed;
  json["temperature"] = report.sampling.temperature;
  if (!report.sampling.greedy()) json["top_k"] = report.sampling.top_k;
  json["timing_only"] = report.timing_only;
  json["users"] = run.users.size();
  json["text"] = report.text;
  json["token_ids"] = report.token_ids;
  json["prompt_tokens"] = report.prompt_tokens;
  json["generated_tokens"] = host::answer_tokens(run);
  json["finish"] = finish_name(run.users.front().finish);
}

/// Where the cycles went.
void add_cycles(Json& json, const RunReport& report) {
  const auto& result = report.result;
  const auto& run = result.chip;
  json["clock_mhz"] = report.placement.chip().clock_mhz;
  json["cycles_total"] = run.total.count();
  add_speed(json, result);
  json["cycles_by_unit"] = by_unit(run);
  json["cycles_by_cause"] = by_cause(run);
  json["critical_path"] = per_unit(report.placement.dataflow(), run.critical_path);
  if (result.limited_by) json["limited_by"] = Json{{"unit", name(*result.limited_by)}, {"share", result.limited_share}};
  if (result.busiest_stage) {
    json["busiest_stage"] = Json{{"stage", *result.busiest_stage},
                                 {"occupied_share", result.busiest_share},
                                 {"sets_the_pace", result.busiest_share >= host::kFullStage}};
  }
  json["utilisation"] = utilisation(run);
  json["stages"] = stages(report.placement, run);
  if (run.users.size() > 1) json["by_user"] = users(run);
}

Json contexts(const host::RunResult& result) {
  Json list = Json::array();
  for (const auto& point : result.by_context)
    list.push_back(Json{{"context", point.context}, {"cycles", point.cycles.count()}});
  return list;
}

}  // namespace

std::string run_json(const RunReport& report) {
  Json json = chip_document("run", report.rom_hash, report.placement, report.recipe);
  add_question(json, report);
  add_cycles(json, report);
  if (report.workload) {
    json["workload"] = workload(*report.workload);
    json["workload"]["baseline"] = under_load(report.baseline_under_load);
  }
  json["closed_form"] = closed_form(report.result);
  if (report.result.closed_form) json["batch_register"] = batch_register(report.batch_register);
  json["kv"] = kv(report);
  if (report.placement.dataflow().has(program::Unit::Lora)) json["lora"] = lora(report);
  json["activity"] = activity(report.result.chip.activity);
  json["tile_arrays"] = arrays(report.placement);
  json["cycles_by_context"] = contexts(report.result);
  if (report.cost) add_cost_figures(json, *report.cost);
  json["baseline"] = baseline_list(report.baseline, report.result.speed.tokens_per_s_user);
  if (report.rtl) {
    json["rtl"] = Json{{"tokens", report.rtl->tokens},
                       {"cycles_total", report.rtl->cycles_total},
                       {"agrees", !report.rtl->mismatch.has_value()}};
  }
  json["host"] = host(report);
  return dump(json);
}

}  // namespace kiln::report
