#include "kiln/study/cost.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run.hpp"
#include "kiln/baseline/serving.hpp"
#include "study/chip_cost.hpp"
#include "study/design_point.hpp"

namespace kiln::study {
namespace {

/// The lengths, or as many tokens as the KV cache has room for where the question allows that.
base::Result<Lengths> lengths_of(const CostQuestion& question, const program::Placement& placement,
                                 Warnings& warnings) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const Lengths asked{question.prompt_tokens, question.new_tokens};
  if (kv_tokens(asked.prompt_tokens, asked.answer_tokens) <= capacity) return asked;
  if (!question.shorten)
    return base::Error{
        fmt::format("the KV cache of chip {} holds {} tokens; {} in and {} out need {} (--shorten takes as "
                    "many as there is room for)",
                    placement.chip().name, capacity, asked.prompt_tokens, asked.answer_tokens,
                    kv_tokens(asked.prompt_tokens, asked.answer_tokens))};
  Lengths fitting;
  // Half for each, and more for the prompt where the answer is short.
  const std::uint64_t beside = capacity + 1 - std::min(capacity, asked.answer_tokens);
  fitting.prompt_tokens = std::min({asked.prompt_tokens, std::max({std::uint64_t{1}, capacity / 2, beside}), capacity});
  fitting.answer_tokens = std::min(asked.answer_tokens, capacity - fitting.prompt_tokens + 1);
  warnings.add(fmt::format("the KV cache of chip {} holds {} tokens: {} in and {} out instead of {} and {}",
                           placement.chip().name, capacity, fitting.prompt_tokens, fitting.answer_tokens,
                           asked.prompt_tokens, asked.answer_tokens));
  return fitting;
}

/// The chip at work, without values.
base::Result<host::RunResult> run_chip(const program::Placement& placement, const Lengths& lengths, std::uint64_t users,
                                       const Environment& environment) {
  chip::RunRequest request;
  for (std::uint64_t u = 0; u < users; ++u) {
    chip::UserRequest user;
    user.prompt.assign(lengths.prompt_tokens, 0);
    user.max_new_tokens = lengths.answer_tokens;
    user.sampling.top_k = placement.chip().sampler.max_top_k;  // as a run that is not told
    request.users.push_back(std::move(user));
  }
  if (const auto can = chip::check(placement, request); !can) return can.error();
  request.on_progress = [&progress = environment.progress](std::uint64_t done, std::uint64_t total) {
    progress("running", done, total);
  };
  request.stop = environment.progress.stop;
  return host::run(placement, request);
}

/// A GPU's rate with as many users at a time as its batch has, with the same prompts and answers.
base::Result<AgainstGpu> against(const std::string& name, const cost::Replica& machine,
                                 const config::ModelConfig& model, std::uint64_t gpu_batch, const Lengths& lengths,
                                 const config::TechConfig& tech, const config::EconomicsConfig& economics,
                                 const config::Catalogue& configs) {
  const auto gpu = configs.gpu(name);
  if (!gpu) return gpu.error();
  const auto& price = gpu->price_usd_per_h;
  if (!price) return base::Error{fmt::format("--gpu {}: it has no /price_usd_per_h, which is expected", name)};
  const auto precision = gpu->fp8_in_hardware ? baseline::Precision::Fp8 : baseline::Precision::Bf16;
  const std::vector<baseline::LoadRequest> requests(gpu_batch, {0, lengths.prompt_tokens, lengths.answer_tokens});
  const auto served = baseline::serve(*gpu, model, precision, requests);
  if (!served) return served.error();
  std::uint64_t tokens = 0;
  for (const auto& request : served->requests) tokens += request.refused ? 0 : lengths.answer_tokens;
  if (tokens == 0) return base::Error{fmt::format("--gpu {}: {} does not fit its memory", name, model.name)};
  AgainstGpu row;
  row.gpu = gpu->name;
  row.basis = fmt::format("{}, {} users at a time, {} tokens in and {} out", baseline::name(precision),
                          served->most_in_batch, lengths.prompt_tokens, lengths.answer_tokens);
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
base::Result<CostAnswer> at_work(const CostQuestion& question, const Lengths& lengths, const Placed& placed,
                                 const config::BakeRecipe& recipe, const Environment& environment, Warnings& warnings) {
  const config::Catalogue& configs = environment.configs();
  auto ran = run_chip(placed.placement, lengths, question.users, environment);
  if (!ran) return ran.error();
  auto made = silicon(configs, placed, recipe);
  if (!made) return made.error();
  auto beside = gpus_beside(configs, placed.placement.model(), ran->chip, lengths.prompt_tokens);
  if (!beside) return beside.error();
  DesignPoint point(placed.placement, recipe, *std::move(ran));
  point.prompt_tokens = lengths.prompt_tokens * question.users;
  point.kv = kv_bytes(point.placement);
  point.baseline = *std::move(beside);
  point.warnings = warnings.take();
  auto cost = chip_cost(**made, point.placement, recipe, point.result);
  add_verdict(*made, cost.energy.power_w.typical, kv_tokens(lengths.prompt_tokens, lengths.answer_tokens), point);
  if (question.limits && question.users == 1)
    point.limits = limits({question.chip, point.placement, recipe, point.result, lengths.prompt_tokens}, configs);
  CostAnswer answer(std::move(point), std::move(cost));
  answer.lengths = lengths;
  answer.users = question.users;
  if (lengths != Lengths{question.prompt_tokens, question.new_tokens})
    answer.shortened_from = Lengths{question.prompt_tokens, question.new_tokens};
  return answer;
}

base::Status add_break_even(const CostQuestion& question, const config::EconomicsConfig& economics,
                            const config::Catalogue& configs, CostAnswer& answer) {
  if (!answer.money) return base::Error{"--break-even: " + answer.no_money};
  const auto replica = replica_of(answer.placement, answer.chip, answer.result.speed.tokens_per_s_total);
  if (!replica) return replica.error();
  const auto gpus = priced_gpus(question.gpus, configs);
  if (!gpus) return gpus.error();
  for (const auto& gpu : *gpus) {
    auto row = against(gpu, *replica, answer.placement.model(), question.gpu_batch, answer.lengths, answer.chip.tech,
                       economics, configs);
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
  const auto model = environment.configs().model(question.model);
  if (!model) return model.error();
  const auto recipe = environment.configs().recipe(question.recipe);
  if (!recipe) return recipe.error();
  const auto chip = environment.configs().chip(question.chip);
  if (!chip) return chip.error();
  return cost(question, *chip, *model, *recipe, environment);
}

base::Result<CostAnswer> cost(const CostQuestion& question, const config::ChipConfig& chip,
                              const config::ModelConfig& model, const config::BakeRecipe& recipe,
                              Environment& environment) {
  const config::Catalogue& configs = environment.configs();
  const auto placed = place(model, recipe, chip, {}, configs);
  if (!placed) return placed.error();
  const auto economics = configs.economics(question.economics);
  if (!economics) return economics.error();
  if (!chip.silicon)
    return base::Error{fmt::format("chip {} has no /silicon; its technology and ROM cell are expected", chip.name)};

  Warnings warnings(environment);
  const auto lengths = lengths_of(question, placed->placement, warnings);
  if (!lengths) return lengths.error();
  auto answer = at_work(question, *lengths, *placed, recipe, environment, warnings);
  if (!answer) return answer;
  add_money(answer->chip, question.machines, *economics, *answer);
  if (question.timeline) {
    auto timeline = layer_timeline(answer->placement, mean_context(lengths->prompt_tokens, lengths->answer_tokens));
    if (!timeline) return timeline.error();
    answer->timeline = *std::move(timeline);
  }
  if (question.break_even)
    if (const auto added = add_break_even(question, *economics, configs, *answer); !added) return added.error();
  return answer;
}

}  // namespace kiln::study
