#include "report/point_report.hpp"

#include <fmt/format.h>

#include "report/cost_json.hpp"
#include "report/limits_report.hpp"
#include "report/run_parts.hpp"
#include "report/table.hpp"

namespace kiln::report {
namespace {

Json reason_json(const study::Reason& reason) {
  Json json{{"kind", study::kReasonKinds[reason.kind]}};
  if (!reason.what.empty()) json["what"] = reason.what;
  if (!reason.unit.empty()) {
    json["found"] = reason.found;
    json["limit"] = reason.limit;
    json["unit"] = reason.unit;
  }
  json["sentence"] = reason.sentence;
  return json;
}

Json kv_json(const study::DesignPoint& point) {
  const auto& plan = point.placement.kv();
  const auto& run = point.result.chip;
  return Json{{"capacity_tokens", plan.capacity_tokens},
              {"capacity_bytes", point.kv.capacity},
              {"bytes_per_token", point.kv.per_token},
              {"reserved_tokens", run.most_kv_tokens},
              {"banks", point.placement.chip().kv.banks},
              {"words_per_token_per_layer", 2 * std::uint64_t{plan.token_words}},
              {"exponent_bits_per_token_per_layer", plan.exponent_bits_per_token},
              {"words_read", run.activity.kv_words_read},
              {"words_written", run.activity.kv_words_written},
              {"bank_conflict_cycles", run.activity.kv_conflict_cycles}};
}

/// All counters but those of the KV SRAM, which are in its own block.
Json activity_json(const program::Activity& a) {
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

Json tile_arrays_json(const program::Placement& placement) {
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

Json contexts_json(const host::RunResult& result) {
  Json list = Json::array();
  for (const auto& point : result.by_context)
    list.push_back(Json{{"context", point.context}, {"cycles", point.cycles.count()}});
  return list;
}

Json accuracy_json(const std::optional<study::Accuracy>& accuracy) {
  if (!accuracy) return "not known";
  return Json{{"text", accuracy->text},
              {"perplexity_ratio", accuracy->perplexity_ratio},
              {"kl_divergence", accuracy->kl_divergence},
              {"top1_agreement", accuracy->top1_agreement}};
}

void add_work(Json& json, const study::DesignPoint& point) {
  const auto& run = point.result.chip;
  json["users"] = run.users.size();
  json["prompt_tokens"] = point.prompt_tokens;
  json["generated_tokens"] = host::answer_tokens(run);
  json["finish"] = finish_name(run.users.front().finish);
  json["clock_mhz"] = point.placement.chip().clock_mhz;
  json["cycles_total"] = run.total.count();
  add_speed(json, point.result);
  add_cycles(json, point);
  json["kv"] = kv_json(point);
  json["activity"] = activity_json(run.activity);
  json["tile_arrays"] = tile_arrays_json(point.placement);
  json["cycles_by_context"] = contexts_json(point.result);
}

}  // namespace

void add_verdict(Json& json, const study::Verdict& verdict, const std::vector<std::string>& warnings) {
  Json reasons = Json::array();
  for (const auto& reason : verdict.reasons) reasons.push_back(reason_json(reason));
  json["verdict"] = Json{{"buildable", verdict.buildable ? Json(*verdict.buildable) : Json()}, {"reasons", reasons}};
  json["warnings"] = Json::array();
  for (const auto& sentence : warnings) json["warnings"].push_back(sentence);
}

std::string verdict_lines(const program::Placement& placement, const study::Verdict& verdict, std::size_t columns) {
  const auto& chip = placement.chip();
  const std::string what = fmt::format("chip {} with {}", chip.name, placement.model().name);
  if (verdict.is_buildable()) return wrapped(fmt::format("buildable: {}", what), columns);
  std::string text = wrapped(
      fmt::format("{}: {}, for {} reason{}", verdict.buildable ? "not buildable" : "not known whether buildable", what,
                  verdict.reasons.size(), verdict.reasons.size() == 1 ? "" : "s"),
      columns);
  for (const auto& reason : verdict.reasons) text += hanging("  - " + reason.sentence, 4, columns);
  return text;
}

Json point_json(const study::DesignPoint& point, const study::ChipCost* cost) {
  Json json;
  add_verdict(json, point.verdict, point.warnings);
  add_work(json, point);
  if (cost != nullptr) add_cost_figures(json, *cost);
  if (point.limits) json["limits"] = limits_json(*point.limits);
  json["baseline"] = baseline_list(point.baseline, point.result.speed.tokens_per_s_user, point.verdict.is_buildable());
  json["accuracy"] = accuracy_json(point.accuracy);
  if (cost == nullptr) return json;
  json["dies"] = point.placement.chip().chips.count;
  json["silicon"] = silicon_json(*cost, point.placement.chip());
  if (!point.economics.empty()) json["economics"] = point.economics;
  if (point.money) json["money"] = money_json(*point.money);
  return json;
}

void take(Json& to, Json& from, std::initializer_list<const char*> keys) {
  for (const auto* key : keys)
    if (const auto found = from.find(key); found != from.end()) {
      to[key] = std::move(*found);
      from.erase(found);
    }
}

void take_until(Json& to, Json& from, std::string_view key) {
  while (!from.empty() && from.begin().key() != key) {
    const std::string first = from.begin().key();
    take(to, from, {first.c_str()});
  }
}

}  // namespace kiln::report
