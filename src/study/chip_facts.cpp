#include "study/chip_facts.hpp"

#include <algorithm>

namespace kiln::study {
namespace {

double lm_head_mm2(const cost::Die& die) {
  double area = 0;
  for (const auto& part : die.parts)
    if (part.unit == program::array_unit(program::ArrayKind::LmHead)) area += part.area_mm2.typical;
  return area;
}

}  // namespace

base::Result<ChipFacts> facts_of(const SearchQuestion& question, const ChipSketch& sketch) {
  const std::uint64_t prompt = std::max<std::uint64_t>(1, question.context / 2);
  const auto chip = chip_of(sketch, question.base, question.model, question.context);
  const auto point =
      closed_point(chip, {question.model, question.recipe, question.tech, prompt, question.context - prompt + 1});
  if (!point) return point.error();
  const auto& die = point->chip.die;
  ChipFacts facts;
  facts.area_mm2 = die.area_mm2.typical;
  facts.lm_head_mm2 = lm_head_mm2(die);
  facts.tokens_per_s_user = point->tokens_per_s_user;
  facts.kv_tokens = point->placement.kv().capacity_tokens;
  facts.sound = std::ranges::all_of(point->verdict.reasons, [](const Reason& reason) {
    return reason.kind == ReasonKind::DieArea || reason.kind == ReasonKind::DieCount;
  });
  facts.buildable = point->verdict.is_buildable();
  facts.cooled_mhz =
      chip.clock_mhz * kCoolableWPerMm2 * facts.area_mm2 * chip.chips.count / point->chip.energy.power_w.typical;
  const auto loop = cost::loops_limit(point->chip.paths, chip.clock_mhz);
  facts.loops_mhz = loop.mhz;
  facts.loop = loop.path;
  return facts;
}

}  // namespace kiln::study
