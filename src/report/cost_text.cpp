#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/cost_json.hpp"
#include "report/limits_report.hpp"
#include "report/point_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

std::string span(const base::Range& r) {
  return fmt::format("{} ({} to {})", number(r.typical), number(r.low), number(r.high));
}
std::string millions(double value) { return number(value * 1e-6); }

/// 3.2e9 -> "3.2 billion"
std::string words(double value) {
  if (value >= 1e12) return number(value * 1e-12) + " trillion";
  if (value >= 1e9) return number(value * 1e-9) + " billion";
  return value >= 1e6 ? number(value * 1e-6) + " million" : number(value);
}

std::string usd(double value) { return "$" + words(value); }
std::string usd(const base::Range& r) { return fmt::format("{} ({} to {})", usd(r.typical), usd(r.low), usd(r.high)); }

std::string area_table(const study::CostAnswer& report) {
  const auto& die = report.chip.die;
  Table table({"part", "<what", "mm2", "low", "high", "share", "million transistors", "leakage W"});
  auto parts = die.parts;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.area_mm2.typical > b.area_mm2.typical; });
  cost::Part rest;
  std::size_t small = 0;
  const auto row = [&](const std::string& unit, const std::string& what, const cost::Part& part) {
    table.row({unit, what, number(part.area_mm2.typical), number(part.area_mm2.low), number(part.area_mm2.high),
               percent(part.area_mm2.typical / die.area_mm2.typical), millions(part.transistors.typical),
               number(part.leakage_w.typical)});
  };
  for (const auto& part : parts) {
    if (part.area_mm2.typical >= 0.002 * die.area_mm2.typical) {
      row(part.unit ? std::string(name(*part.unit)) : "", part.what, part);
      continue;
    }
    ++small;
    rest.area_mm2 += part.area_mm2;
    rest.transistors += part.transistors;
    rest.leakage_w += part.leakage_w;
  }
  if (small > 0) row("", fmt::format("{} smaller parts", small), rest);
  row("die", "", {std::nullopt, "", floorplan::BlockKind::Logic, die.transistors, die.area_mm2, die.leakage_w});
  return table.text();
}

std::string energy_table(const cost::Energy& energy) {
  Table table({"energy of a token", "typical", "low", "high", "share"});
  const auto row = [&](const std::string& what, const base::Range& mj) {
    table.row({what, millijoules(mj.typical), millijoules(mj.low), millijoules(mj.high),
               percent(mj.typical / energy.mj_per_token.typical)});
  };
  auto parts = energy.parts;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.mj_per_token.typical > b.mj_per_token.typical; });
  for (const auto& part : parts)
    if (part.mj_per_token.high > 0) row(part.what, part.mj_per_token);
  row("sum", energy.mj_per_token);
  return table.text();
}

std::string path_table(const study::CostAnswer& report) {
  Table table({"path between registers", "cycles", "at least", "ps", "low", "high", "there are", "<"});
  for (const auto& path : report.chip.paths)
    table.row({path.counted ? path.name + " *" : path.name, std::to_string(path.cycles),
               path.floor_cycles == 0 ? "none" : std::to_string(path.floor_cycles), number(path.delay_ps.typical),
               number(path.delay_ps.low), number(path.delay_ps.high), number(path.available_ps),
               path.meets_typical() ? "met" : "TOO SLOW"});
  const std::uint32_t clock = report.placement.chip().clock_mhz;
  const auto loops = cost::loops_limit(report.chip.paths, clock);
  return table.text() + fmt::format(
                            "* counted, there is no RTL. All on the die are met up to {} MHz; the clock is {} MHz.\n"
                            "Whatever the latencies, \"{}\" limits the clock to {} MHz\n",
                            cost::highest_clock_mhz(report.chip.paths, clock), clock, loops.path, loops.whole_mhz());
}

std::string link_table(const study::CostAnswer& report) {
  Table table({"link", "mm", "needs", "has", "<"});
  for (const auto& wire : report.chip.die.wires) {
    if (wire.length_mm <= 0) continue;
    const auto configured = report.placement.chip().link[wire.link];
    table.row({std::string(name(wire.link)), number(wire.length_mm), std::to_string(wire.registers),
               std::to_string(configured), configured < wire.registers ? "TOO FEW" : ""});
  }
  return table.text();
}

std::string money_text(const study::CostAnswer& report) {
  if (!report.money) return "no price: " + report.no_money + "\n";
  const auto& m = *report.money;
  Table table({"money, economics " + report.economics, "typical", "low", "high"});
  const auto row = [&](const std::string& what, const base::Range& r, const auto& text) {
    table.row({what, text(r.typical), text(r.low), text(r.high)});
  };
  const auto dollars = [](double value) { return usd(value); };
  row("dies on a wafer", m.die.dies_per_wafer, [](double value) { return number(value); });
  row("yield", m.die.yield, [](double value) { return percent(value); });
  row("good dies on a wafer", m.die.good_dies_per_wafer, [](double value) { return number(value); });
  row("a good die", m.die.usd_per_good_die, dollars);
  row("a card", m.card.total_usd(), dollars);
  row("the first chip: masks", m.first_chip.masks_usd, dollars);
  row("the first chip: all that is paid once", m.first_chip.total_usd(), dollars);
  row("another model: masks", m.new_model.masks_usd, dollars);
  row("another model: all that is paid once", m.new_model.total_usd(), dollars);
  row("a million tokens: cards", m.tokens.cards_usd, dollars);
  row("a million tokens: servers", m.tokens.servers_usd, dollars);
  row("a million tokens: electricity", m.tokens.electricity_usd, dollars);
  row("a million tokens: paid once", m.tokens.masks_usd + m.tokens.engineering_usd + m.tokens.design_usd, dollars);
  row("a million tokens", m.tokens.total_usd(), dollars);
  std::string text;
  const auto& die = report.chip.die;
  if (die.area_mm2.high > cost::kReticleMm2)
    text = fmt::format("{} die is beyond the reticle: no scanner exposes it at once, nobody makes it.\n\n",
                       die.area_mm2.low > cost::kReticleMm2       ? "This"
                       : die.area_mm2.typical > cost::kReticleMm2 ? "All but the low"
                                                                  : "Only the high");
  return text + table.text() +
         fmt::format("of {} machines with another model, in use {} of the time for {} months\n",
                     grouped(static_cast<std::uint64_t>(m.machines)), percent(m.utilisation.typical),
                     number(m.months.typical));
}

std::string cell(const std::optional<double>& value, const char* none) { return value ? number(*value) : none; }

std::string break_even_text(const study::AgainstGpu& against) {
  const auto& answer = against.answer;
  const auto& gpu = against.question.gpu;
  std::string text = fmt::format(
      "\nAgainst {}: {},\n{} tokens/s at {} an hour.\nAnother model costs {},\nand its chip comes after {} months.\n\n",
      against.gpu, against.basis, number(gpu.tokens_per_s_total), usd(gpu.usd_per_h), usd(answer.one_off.total_usd()),
      span(answer.wait_months));
  const auto volume = [](const std::optional<double>& v) { return v ? words(*v) : std::string("never"); };
  Table lives({"a model that lives", "pays from tokens a day", "at best", "at worst", "cards"});
  for (const auto& row : answer.lifetimes)
    lives.row({number(row.lifetime_months) + " months", volume(row.tokens_per_day.typical),
               volume(row.tokens_per_day.low), volume(row.tokens_per_day.high), cell(row.cards.typical, "")});
  text += lives.text() + "\n";
  std::vector<std::string> headings = {"$ a million tokens, by life"};
  for (const double months : against.question.lifetimes_months)
    headings.push_back(fmt::format("{} mo", number(months)));
  headings.emplace_back("GPU");
  headings.emplace_back("pays after");
  Table table(headings);
  for (const auto& row : answer.volumes) {
    std::vector<std::string> cells = {words(row.tokens_per_day) + " a day"};
    double rented = 0;
    for (const auto& c : answer.cells) {
      if (c.tokens_per_day != row.tokens_per_day) continue;
      cells.push_back(cell(c.chip_usd_per_mtok.typical, "-"));
      rented = c.gpu_usd_per_mtok.typical;
    }
    cells.push_back(number(rented));
    cells.push_back(row.months.typical ? number(*row.months.typical) + " mo" : "never");
    table.row(std::move(cells));
  }
  return text + table.text();
}

}  // namespace

std::string cost_line(const study::ChipCost& cost) {
  return fmt::format("{}: {} mm2, {} billion transistors,\n{} W, {} a token (low to high: all constants at one end)\n",
                     cost.tech.description, span(cost.die.area_mm2), number(cost.die.transistors.typical * 1e-9),
                     span(cost.energy.power_w), millijoules(cost.energy.mj_per_token));
}

std::string cost_text(const study::CostAnswer& report, std::size_t columns) {
  const auto& cost = report.chip;
  const auto& chip = report.placement.chip();
  std::string text = verdict_lines(report.placement, report.verdict, columns) + "\n";
  text +=
      fmt::format("{} on {}, {}: {}\n\n", report.placement.model().name, chip.name, cost.tech.description,
                  chip.chips.count == 1 ? "one die" : fmt::format("{} dies, the largest of them", chip.chips.count));
  text += area_table(report);
  text += fmt::format("\n{} mm2, {} billion transistors; typical {} the reticle's {} mm2\n\n", span(cost.die.area_mm2),
                      number(cost.die.transistors.typical * 1e-9),
                      cost.die.area_mm2.typical <= cost::kReticleMm2 ? "within" : "BEYOND", number(cost::kReticleMm2));
  text += path_table(report) + "\n" + link_table(report) + "\n" + energy_table(cost.energy);
  text +=
      fmt::format("\n{} W, {} a token;\n{} tokens in and {} out, {} user{}, {} answer tokens/s over the whole run\n",
                  span(cost.energy.power_w), millijoules(cost.energy.mj_per_token),
                  grouped(report.lengths.prompt_tokens), grouped(report.lengths.answer_tokens), report.users,
                  report.users == 1 ? "" : "s", number(report.result.speed.tokens_per_s_total));
  if (report.limits) text += "\n" + limits_text(*report.limits, columns);
  if (report.timeline) text += "\n" + timeline_text(*report.timeline, report.users);
  text += "\n" + money_text(report);
  for (const auto& against : report.break_even) text += break_even_text(against);
  return text;
}

}  // namespace kiln::report
