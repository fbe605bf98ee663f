#include "kiln/study/new_chip.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "config/fields.hpp"
#include "study/new_chip_file.hpp"

namespace kiln::study {
namespace {

CostQuestion lengths_of(const NewChipQuestion& question) {
  CostQuestion cost;
  cost.model = question.model;
  cost.recipe = question.recipe;
  cost.prompt_tokens = std::max<std::uint64_t>(1, question.context / 2);
  cost.new_tokens = question.context - cost.prompt_tokens + 1;
  return cost;
}

/// What makes the same file again.
std::string command_of(const NewChipQuestion& question, const config::Catalogue& configs) {
  using base::shell_word;
  std::string command = fmt::format("kiln new --model {} --node {} --area {}", shell_word(question.model),
                                    shell_word(question.node), question.area_mm2);
  if (question.recipe != NewChipQuestion{}.recipe) command += " --recipe " + shell_word(question.recipe);
  if (question.dies != 1) command += fmt::format(" --dies {}", question.dies);
  if (question.context != NewChipQuestion{}.context) command += fmt::format(" --context {}", question.context);
  if (!question.name.empty()) command += " --name " + shell_word(question.name);
  for (const auto* kind : {"model", "recipe", "tech"})
    for (const auto& set : configs.overrides(kind)) command += " --set " + shell_word(fmt::format("{}:{}", kind, set));
  return command;
}

base::Error too_small(const NewChipQuestion& question, const config::ModelConfig& model, double smallest_mm2) {
  const std::string of = question.dies == 1 ? "one die" : fmt::format("each of {} dies", question.dies);
  if (smallest_mm2 == 0)
    return base::Error{
        fmt::format("no chip for {} with {} that could be built was found, whatever its area; --dies takes "
                    "more of them",
                    model.name, of)};
  return base::Error{fmt::format("--area {:g}: {} on {} takes {:.0f} mm2 of {}{}", question.area_mm2, model.name,
                                 question.node, std::ceil(smallest_mm2), of,
                                 smallest_mm2 > cost::kReticleMm2 / 2 ? "; --dies takes more of them" : "")};
}

}  // namespace

base::Status check(const NewChipQuestion& question) {
  if (!(question.area_mm2 > 0) || question.area_mm2 > cost::kReticleMm2)
    return base::Error{fmt::format("--area is {:g}; above 0, to {:g} mm2 is expected: no scanner exposes more at once",
                                   question.area_mm2, cost::kReticleMm2)};
  if (question.dies < 1 || question.dies > 1024)
    return base::Error{fmt::format("--dies is {}; 1 to 1024 is expected", question.dies)};
  if (question.context < 2 || question.context > (1U << 20))
    return base::Error{fmt::format("--context is {}; 2 to 1048576 is expected", question.context)};
  return {};
}

base::Result<NewChipAnswer> new_chip(const NewChipQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  const config::Catalogue& configs = environment.configs();
  if (const auto none = configs.refuse_overrides(
          "chip",
          "the chip is what is looked for; change it in the file that is written (model:, recipe: and tech: "
          "keys can be set)");
      !none)
    return none.error();
  const auto model = configs.model(question.model);
  if (!model) return model.error();
  const auto recipe = configs.recipe(question.recipe);
  if (!recipe) return recipe.error();
  const auto tech = configs.tech(question.node);
  if (!tech) return tech.error();
  auto base = configs.chip(kFirstChip);
  if (!base) return base.error();
  base->chips.count = static_cast<std::uint32_t>(question.dies);
  base->silicon->technology = question.node;
  base->name =
      question.name.empty() ? fmt::format("{}-{}-{:g}mm2", model->name, tech->name, question.area_mm2) : question.name;
  if (!config::is_name(base->name))
    return base::Error{
        fmt::format("--name: the chip would be called \"{}\"; 1 to {} bytes without control characters are "
                    "expected",
                    base::excerpt(base::without_controls(base->name)), config::kMaximumNameBytes)};

  const SearchQuestion sizes{*model, *recipe, *tech, *base, question.area_mm2, question.context};
  const auto found = search_chip(sizes, environment.progress);
  if (!found) return found.error();
  if (!found->best) return too_small(question, *model, found->smallest_mm2);
  ChipFile about{base->name, "", kFirstChip, question.node, question.dies};
  about.description = fmt::format("{}: {:.1f} mm2, {:.0f} tokens/s", command_of(question, configs),
                                  found->best->facts.area_mm2, found->best->facts.tokens_per_s_user);
  std::string file = chip_file(about, sizes, *found->best);
  const auto chip = config::parse_chip(file, base->name + ".json", {}, configs.finder("chip"));
  if (!chip) return chip.error();
  auto cost = study::cost(lengths_of(question), *chip, *model, *recipe, environment);
  if (!cost) return cost.error();
  if (cost->result.mismatch) return base::Error{*cost->result.mismatch};
  if (!cost->verdict.is_buildable()) return base::Error{cost->verdict.reasons.front().sentence};
  return NewChipAnswer{std::move(file), *std::move(cost), found->points};
}

}  // namespace kiln::study
