#include "report/cost_json.hpp"

#include <fmt/format.h>

#include "floorplan/svg.hpp"
#include "kiln/base/enum_table.hpp"
#include "report/limits_report.hpp"
#include "report/point_report.hpp"

namespace kiln::report {
namespace {

constexpr auto kKinds = base::enum_names<floorplan::BlockKind>({{floorplan::BlockKind::Rom, "rom"},
                                                                {floorplan::BlockKind::Sram, "sram"},
                                                                {floorplan::BlockKind::Logic, "logic"},
                                                                {floorplan::BlockKind::Io, "io"}});

Json cases_json(const cost::Cases& cases) {
  Json json = Json::object();
  const auto add = [&](const char* key, const std::optional<double>& value) {
    json[key] = value ? Json(*value) : Json("never");
  };
  add("low", cases.low);
  add("typical", cases.typical);
  add("high", cases.high);
  return json;
}

Json parts_json(const cost::Die& die) {
  Json list = Json::array();
  for (const auto& part : die.parts) {
    Json json = Json::object();
    if (part.unit) json["unit"] = name(*part.unit);
    json["what"] = part.what;
    if (part.unit) json["kind"] = kKinds[part.kind];
    json["area_mm2"] = range_json(part.area_mm2);
    json["transistors"] = range_json(part.transistors);
    json["leakage_w"] = range_json(part.leakage_w);
    list.push_back(std::move(json));
  }
  return list;
}

Json energy_json(const cost::Energy& energy) {
  Json list = Json::array();
  for (const auto& part : energy.parts)
    list.push_back(Json{{"what", part.what}, {"mj_per_token", range_json(part.mj_per_token)}});
  return list;
}

Json paths_json(const std::vector<cost::ClockPath>& paths) {
  Json list = Json::array();
  for (const auto& path : paths) {
    Json json{{"path", path.name},
              {"delay_ps", range_json(path.delay_ps)},
              {"available_ps", path.available_ps},
              {"met", path.meets_typical()}};
    if (!path.key.empty()) json["key"] = path.key;
    json["cycles"] = path.cycles;
    json["floor_cycles"] = path.floor_cycles;
    json["counted"] = path.counted;
    list.push_back(std::move(json));
  }
  return list;
}

Json break_even_json(const study::AgainstGpu& against) {
  const auto& answer = against.answer;
  Json json{{"gpu", against.gpu},
            {"gpu_basis", against.basis},
            {"gpu_tokens_per_s_total", against.question.gpu.tokens_per_s_total},
            {"gpu_usd_per_h", range_json(against.question.gpu.usd_per_h)},
            {"one_off_usd", range_json(answer.one_off.total_usd())},
            {"wait_months", range_json(answer.wait_months)},
            {"utilisation", answer.utilisation}};
  for (const auto& row : answer.lifetimes)
    json["lifetimes"].push_back(Json{{"lifetime_months", row.lifetime_months},
                                     {"tokens_per_day", cases_json(row.tokens_per_day)},
                                     {"cards", cases_json(row.cards)}});
  for (const auto& row : answer.volumes)
    json["volumes"].push_back(Json{{"tokens_per_day", row.tokens_per_day},
                                   {"cards", range_json(row.cards)},
                                   {"gpus", row.gpus.typical},
                                   {"lifetime_months", cases_json(row.months)}});
  for (const auto& cell : answer.cells)
    json["table"].push_back(Json{{"lifetime_months", cell.lifetime_months},
                                 {"tokens_per_day", cell.tokens_per_day},
                                 {"chip_usd_per_million_tokens", cases_json(cell.chip_usd_per_mtok)},
                                 {"gpu_usd_per_million_tokens", range_json(cell.gpu_usd_per_mtok)},
                                 {"gpu_to_chip", cases_json(cell.gpu_to_chip)}});
  return json;
}

Json lengths_json(const study::Lengths& lengths) {
  return Json{{"prompt_tokens", lengths.prompt_tokens}, {"answer_tokens", lengths.answer_tokens}};
}

}  // namespace

Json range_json(const base::Range& range) {
  return Json{{"low", range.low}, {"typical", range.typical}, {"high", range.high}};
}

void add_cost_figures(Json& json, const study::ChipCost& cost) {
  json["technology"] = cost.tech.name;
  json["area_mm2"] = range_json(cost.die.area_mm2);
  json["transistors"] = range_json(cost.die.transistors);
  json["power_w"] = range_json(cost.energy.power_w);
  json["energy_mj_per_token"] = range_json(cost.energy.mj_per_token);
  json["energy_by_part"] = energy_json(cost.energy);
  if (cost.toggles)
    json["toggle_rate"] = Json{{"activations", cost.toggles->activations}, {"products", cost.toggles->products}};
}

Json silicon_json(const study::ChipCost& cost, const config::ChipConfig& chip) {
  const auto& die = cost.die;
  Json json{{"layers", die.layers}, {"stages", die.stages}, {"rom_bits", die.rom_bits}, {"sram_bits", die.sram_bits}};
  json["leakage_w"] = range_json(die.leakage_w);
  json["reticle_mm2"] = cost::kReticleMm2;
  for (const auto& [name, corner] : {std::pair("low", base::Corner::Low), std::pair("typical", base::Corner::Typical),
                                     std::pair("high", base::Corner::High)})
    json["fits_reticle"][name] = die.area_mm2.at(corner) <= cost::kReticleMm2;
  json["width_mm"] = die.plan.width_mm;
  json["height_mm"] = die.plan.height_mm;
  json["parts"] = parts_json(die);
  json["clock_mhz"] = chip.clock_mhz;
  json["clock"]["highest_mhz"] = cost::highest_clock_mhz(cost.paths, chip.clock_mhz);
  const auto loops = cost::loops_limit(cost.paths, chip.clock_mhz);
  json["clock"]["loops_highest_mhz"] = loops.whole_mhz();
  json["clock"]["loop"] = loops.path;
  json["clock_paths"] = paths_json(cost.paths);
  json["links"] = Json::array();
  for (const auto& wire : die.wires)
    json["links"].push_back(Json{{"link", name(wire.link)},
                                 {"length_mm", wire.length_mm},
                                 {"stages", wire.registers},
                                 {"configured_stages", chip.link[wire.link]}});
  return json;
}

Json money_json(const study::ChipMoney& money) {
  Json json;
  json["dies_per_wafer"] = range_json(money.die.dies_per_wafer);
  json["yield"] = range_json(money.die.yield);
  json["good_dies_per_wafer"] = range_json(money.die.good_dies_per_wafer);
  json["usd_per_good_die"] = range_json(money.die.usd_per_good_die);
  json["card_usd"] = range_json(money.card.total_usd());
  json["mask_set_usd"] = range_json(money.first_chip.masks_usd);
  json["first_chip_usd"] = range_json(money.first_chip.total_usd());
  json["respin_masks_usd"] = range_json(money.new_model.masks_usd);
  json["new_model_usd"] = range_json(money.new_model.total_usd());
  json["machines"] = money.machines;
  json["utilisation"] = range_json(money.utilisation);
  json["months_in_use"] = range_json(money.months);
  json["usd_per_million_tokens"] = Json{{"cards", range_json(money.tokens.cards_usd)},
                                        {"servers", range_json(money.tokens.servers_usd)},
                                        {"electricity", range_json(money.tokens.electricity_usd)},
                                        {"masks", range_json(money.tokens.masks_usd)},
                                        {"engineering", range_json(money.tokens.engineering_usd)},
                                        {"design", range_json(money.tokens.design_usd)},
                                        {"total", range_json(money.tokens.total_usd())}};
  return json;
}

std::string cost_json(const study::CostAnswer& report) {
  Json json = chip_document("cost", std::nullopt, report.placement, report.recipe);
  Json point = point_json(report, &report.chip);
  take_until(json, point, "users");
  take(
      json, point,
      {"dies", "technology", "area_mm2", "transistors", "power_w", "energy_mj_per_token", "energy_by_part", "silicon"});
  json["run"] = lengths_json(report.lengths);
  json["run"]["users"] = report.users;
  json["run"]["tokens_per_s_total"] = report.result.speed.tokens_per_s_total;
  if (const auto& rate = report.result.speed.tokens_per_s_user) json["run"]["tokens_per_s_user"] = *rate;
  if (report.shortened_from) json["shortened_from"] = lengths_json(*report.shortened_from);
  take(json, point, {"economics", "money"});
  if (report.timeline) json["timeline"] = timeline_json(*report.timeline);
  for (const auto& against : report.break_even) json["break_even"].push_back(break_even_json(against));
  take_until(json, point, "");
  return dump(json);
}

std::string die_svg(const study::CostAnswer& answer) {
  floorplan::SvgLabels labels;
  labels.title = fmt::format("{} on {}", answer.placement.model().name, answer.placement.chip().name);
  labels.subtitle = fmt::format("{}, {:.0f} mm2, {:.1f} billion transistors (typical)", answer.chip.tech.description,
                                answer.chip.die.area_mm2.typical, answer.chip.die.transistors.typical * 1e-9);
  return floorplan::floorplan_svg(answer.chip.die.plan, labels);
}

}  // namespace kiln::report
