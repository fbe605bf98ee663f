#include "kiln/study/cost.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run.hpp"
#include "kiln/baseline/serving.hpp"
#include "study/chip_cost.hpp"
#include "study/latencies.hpp"

namespace kiln::study {
namespace {

/// The question with no more tokens than the KV cache has room for.
CostQuestion within_capacity(CostQuestion question, const program::Placement& placement, Warnings& warnings) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const std::uint64_t prompt = std::min(question.prompt_tokens, std::max<std::uint64_t>(1, capacity / 2));
  const std::uint64_t answer = std::min(question.new_tokens, capacity - prompt + 1);
  if (prompt != question.prompt_tokens || answer != question.new_tokens)
    warnings.add(fmt::format("the KV cache of chip {} holds {} tokens: {} in and {} out instead of {} and {}",
                             placement.chip().name, capacity, prompt, answer, question.prompt_tokens,
                             question.new_tokens));
  question.prompt_tokens = prompt;
  question.new_tokens = answer;
  return question;
}

/// The chip at work, without values.
base::Result<host::RunResult> run_chip(const program::Placement& placement, const CostQuestion& question,
                                       const Environment& environment) {
  chip::RunRequest request;
  for (std::uint64_t u = 0; u < question.users; ++u) {
    chip::UserRequest user;
    user.prompt.assign(question.prompt_tokens, 0);
    user.max_new_tokens = question.new_tokens;
    request.users.push_back(std::move(user));
  }
  if (const auto can = chip::check(placement, request); !can) return can.error();
  request.on_progress = [&progress = environment.progress](std::uint64_t done, std::uint64_t total) {
    progress("running", done, total);
  };
  request.stop = environment.progress.stop;
  auto result = host::run(placement, request);
  if (!result) return result.error();
  if (result->mismatch) return base::Error{*result->mismatch};
  return result;
}

/// Refused if no die of this size can be made.
base::Result<cost::Replica> machine_of(const program::Placement& placement, const ChipCost& cost, double tokens_per_s) {
  const auto size = cost::die_of_area(cost.die.area_mm2, cost.die.plan.height_mm / cost.die.plan.width_mm);
  if (!size) return size.error();
  cost::Replica machine;
  machine.dies = placement.chip().chips.count;
  machine.die = *size;
  machine.tokens_per_s_total = {tokens_per_s, tokens_per_s, tokens_per_s};
  machine.power_w = cost.energy.power_w;
  return machine;
}

base::Result<ChipMoney> money_of(const cost::Replica& machine, const CostQuestion& question,
                                 const config::TechConfig& tech, const config::EconomicsConfig& economics) {
  const auto die = cost::die_cost(machine.die, tech);
  if (!die) return die.error();
  ChipMoney money;
  money.die = *die;
  money.card = cost::card_cost(die->usd_per_good_die, economics);
  money.first_chip = cost::one_off_cost(cost::Release::FirstChip, machine.dies, tech, economics);
  money.new_model = cost::one_off_cost(cost::Release::NewModel, machine.dies, tech, economics);
  money.machines = static_cast<double>(question.machines);
  money.utilisation = economics.utilisation.range();
  money.months = economics.depreciation_years.range() * 12;
  const auto tokens =
      cost::usd_per_million_tokens(machine, {cost::Release::NewModel, money.machines, std::nullopt}, tech, economics);
  if (!tokens) return tokens.error();
  money.tokens = *tokens;
  return money;
}

/// A GPU's rate with as many users at a time as its batch has, with the same prompts and answers.
base::Result<AgainstGpu> against(const std::string& name, const cost::Replica& machine,
                                 const config::ModelConfig& model, const CostQuestion& question,
                                 const config::TechConfig& tech, const config::EconomicsConfig& economics,
                                 const config::Catalogue& configs) {
  const auto gpu = configs.gpu(name);
  if (!gpu) return gpu.error();
  const auto& price = gpu->price_usd_per_h;
  if (!price) return base::Error{fmt::format("--gpu {}: it has no /price_usd_per_h, which is expected", name)};
  const auto precision = gpu->fp8_in_hardware ? baseline::Precision::Fp8 : baseline::Precision::Bf16;
  const std::vector<baseline::LoadRequest> requests(question.gpu_batch,
                                                    {0, question.prompt_tokens, question.new_tokens});
  const auto served = baseline::serve(*gpu, model, precision, requests);
  if (!served) return served.error();
  std::uint64_t tokens = 0;
  for (const auto& request : served->requests) tokens += request.refused ? 0 : question.new_tokens;
  if (tokens == 0) return base::Error{fmt::format("--gpu {}: {} does not fit its memory", name, model.name)};
  AgainstGpu row;
  row.gpu = gpu->name;
  row.basis = fmt::format("{}, {} users at a time, {} tokens in and {} out", baseline::name(precision),
                          served->most_in_batch, question.prompt_tokens, question.new_tokens);
  row.question.machine = machine;
  row.question.gpu = {gpu->name,
                      static_cast<double>(tokens) * 1e6 / served->total_us,
                      {price->low, (price->low + price->high) / 2, price->high}};
  auto answer = cost::break_even(row.question, tech, economics);
  if (!answer) return answer.error();
  row.answer = *std::move(answer);
  return row;
}

/// "all" is every GPU that has a price.
base::Result<std::vector<std::string>> priced_gpus(const std::vector<std::string>& names,
                                                   const config::Catalogue& configs) {
  if (names.empty()) return std::vector<std::string>{"h100-sxm", "b200"};
  if (std::ranges::find(names, "all") == names.end()) return names;
  std::vector<std::string> priced;
  for (const auto& name : configs.gpus()) {
    const auto gpu = configs.gpu(name);
    if (!gpu) return gpu.error();
    if (gpu->price_usd_per_h) priced.push_back(name);
  }
  return priced;
}

/// The chip, its run and all figures of both except money.
base::Result<CostAnswer> silicon(const CostQuestion& question, const program::Placement& placement,
                                 const config::BakeRecipe& recipe, const Environment& environment,
                                 const config::Catalogue& configs) {
  const auto ran = run_chip(placement, question, environment);
  if (!ran) return ran.error();
  auto cost = chip_cost(configs, placement, recipe, *ran);
  if (!cost) return cost.error();
  CostAnswer answer(placement, recipe, **std::move(cost));
  answer.prompt_tokens = question.prompt_tokens;
  answer.answer_tokens = question.new_tokens;
  answer.users = question.users;
  answer.tokens_per_s_user = ran->speed.tokens_per_s_user;
  answer.tokens_per_s_total = ran->speed.tokens_per_s_total;
  return answer;
}

base::Status add_money(const CostQuestion& question, const config::EconomicsConfig& economics,
                       const config::Catalogue& configs, CostAnswer& answer) {
  const config::TechConfig& tech = answer.chip.tech;
  answer.economics = economics.name;
  const auto machine = machine_of(answer.placement, answer.chip, answer.tokens_per_s_total);
  auto money = machine ? money_of(*machine, question, tech, economics) : base::Result<ChipMoney>(machine.error());
  if (money) {
    answer.money = *std::move(money);
  } else if (question.break_even) {
    return base::Error{"--break-even: " + money.error().message};
  } else {
    answer.no_money = money.error().message;
  }
  if (!question.break_even) return {};
  const auto gpus = priced_gpus(question.gpus, configs);
  if (!gpus) return gpus.error();
  for (const auto& gpu : *gpus) {
    auto row = against(gpu, *machine, answer.placement.model(), question, tech, economics, configs);
    if (!row) return row.error();
    answer.break_even.push_back(*std::move(row));
  }
  return {};
}

}  // namespace

base::Status check(const CostQuestion& question) {
  const auto within = [](const char* option, std::uint64_t value, std::uint64_t most) -> base::Status {
    if (value >= 1 && value <= most) return {};
    return base::Error{fmt::format("{} is {}; 1 to {} is expected", option, value, most)};
  };
  if (const auto ok = within("--prompt-tokens", question.prompt_tokens, 1U << 24); !ok) return ok;
  if (const auto ok = within("-n", question.new_tokens, 1U << 24); !ok) return ok;
  if (const auto ok = within("--users", question.users, 65536); !ok) return ok;
  if (const auto ok = within("--machines", question.machines, 1000000000); !ok) return ok;
  if (const auto ok = within("--gpu-batch", question.gpu_batch, 65536); !ok) return ok;
  if (!question.gpus.empty() && !question.break_even)
    return base::Error{"--gpu is for --break-even, which is not given"};
  return {};
}

base::Result<CostAnswer> cost(const CostQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  const config::Catalogue& configs = environment.configs();
  const auto model = configs.model(question.model);
  if (!model) return model.error();
  const auto recipe = configs.recipe(question.recipe);
  if (!recipe) return recipe.error();
  const auto chip = with_latencies(configs.chip(question.chip), *model, *recipe, configs);
  if (!chip) return chip.error();
  const auto placement = program::Placement::create(*model, *recipe, *chip);
  if (!placement) return placement.error();
  const auto economics = configs.economics(question.economics);
  if (!economics) return economics.error();
  if (!chip->silicon)
    return base::Error{fmt::format("chip {} has no /silicon; its technology and ROM cell are expected", chip->name)};

  Warnings warnings(environment);
  const CostQuestion asked = within_capacity(question, *placement, warnings);
  auto answer = silicon(asked, *placement, *recipe, environment, configs);
  if (!answer) return answer;
  if (const auto added = add_money(asked, *economics, configs, *answer); !added) return added.error();
  answer->warnings = warnings.take();
  return answer;
}

}  // namespace kiln::study
