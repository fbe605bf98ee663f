#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/atomic_file.hpp"
#include "cli/baselines.hpp"
#include "cli/commands.hpp"
#include "cli/costs.hpp"
#include "floorplan/svg.hpp"

namespace kiln::cli {
namespace {

struct CostOptions {
  std::string chip, model, recipe = "w3w6", economics = "default";
  std::string svg;
  std::uint64_t prompt_tokens = 1024, new_tokens = 1024, users = 1, machines = 1000;
  bool break_even = false;
  std::vector<std::string> gpus;
  std::uint64_t gpu_batch = 64;
};

base::Status check_options(const CostOptions& options) {
  const auto within = [](const char* option, std::uint64_t value, std::uint64_t most) -> base::Status {
    if (value >= 1 && value <= most) return {};
    return base::Error{fmt::format("{} is {}; 1 to {} is expected", option, value, most)};
  };
  if (const auto ok = within("--prompt-tokens", options.prompt_tokens, 1U << 24); !ok) return ok;
  if (const auto ok = within("-n", options.new_tokens, 1U << 24); !ok) return ok;
  if (const auto ok = within("--users", options.users, 65536); !ok) return ok;
  if (const auto ok = within("--machines", options.machines, 1000000000); !ok) return ok;
  if (const auto ok = within("--gpu-batch", options.gpu_batch, 65536); !ok) return ok;
  if (!options.gpus.empty() && !options.break_even) return base::Error{"--gpu is for --break-even, which is not given"};
  return {};
}

/// "all" is every GPU that has a price.
base::Result<std::vector<std::string>> priced_gpus(const std::vector<std::string>& names, const Session& session) {
  if (std::ranges::find(names, "all") == names.end()) return names;
  std::vector<std::string> priced;
  for (const auto& name : session.gpus()) {
    const auto gpu = session.gpu(name);
    if (!gpu) return gpu.error();
    if (gpu->price_usd_per_h) priced.push_back(name);
  }
  return priced;
}

/// The chip at work, without values; as many tokens as the KV cache holds where it holds fewer.
base::Result<host::RunResult> run_chip(const program::Placement& placement, CostOptions& options, Session& session) {
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const std::uint64_t prompt = std::min(options.prompt_tokens, std::max<std::uint64_t>(1, capacity / 2));
  const std::uint64_t answer = std::min(options.new_tokens, capacity - prompt + 1);
  if (prompt != options.prompt_tokens || answer != options.new_tokens)
    Session::warn(fmt::format("the KV cache of chip {} holds {} tokens: {} in and {} out instead of {} and {}",
                              placement.chip().name, capacity, prompt, answer, options.prompt_tokens,
                              options.new_tokens));
  options.prompt_tokens = prompt;
  options.new_tokens = answer;
  chip::RunRequest request;
  for (std::uint64_t u = 0; u < options.users; ++u) {
    chip::UserRequest user;
    user.prompt.assign(options.prompt_tokens, 0);
    user.max_new_tokens = options.new_tokens;
    request.users.push_back(std::move(user));
  }
  if (const auto can = chip::check(placement, request); !can) return can.error();
  const auto progress = session.progress();
  request.on_progress = [&progress](std::uint64_t done, std::uint64_t total) { progress("running", done, total); };
  request.stop = session.stop();
  auto result = host::run(placement, request);
  if (!result) return result.error();
  if (result->mismatch) return base::Error{*result->mismatch};
  return result;
}

cost::Replica machine_of(const program::Placement& placement, const report::ChipCost& cost, double tokens_per_s) {
  cost::Replica machine;
  machine.dies = placement.chip().chips.count;
  const auto size = cost::die_of_area(cost.die.area_mm2, cost.die.plan.height_mm / cost.die.plan.width_mm);
  base::check(size.ok(), "a die whose area is not above 0 or out of order");
  machine.die = *size;
  machine.tokens_per_s_total = {tokens_per_s, tokens_per_s, tokens_per_s};
  machine.power_w = cost.energy.power_w;
  return machine;
}

base::Result<report::ChipMoney> money_of(const cost::Replica& machine, const CostOptions& options,
                                         const config::TechConfig& tech, const config::EconomicsConfig& economics) {
  const auto die = cost::die_cost(machine.die, tech);
  if (!die) return die.error();
  report::ChipMoney money;
  money.die = *die;
  money.card = cost::card_cost(die->usd_per_good_die, economics);
  money.first_chip = cost::one_off_cost(cost::Release::FirstChip, machine.dies, tech, economics);
  money.new_model = cost::one_off_cost(cost::Release::NewModel, machine.dies, tech, economics);
  money.machines = static_cast<double>(options.machines);
  money.utilisation = economics.utilisation.range();
  money.months = economics.depreciation_years.range() * 12;
  const auto tokens =
      cost::usd_per_million_tokens(machine, {cost::Release::NewModel, money.machines, std::nullopt}, tech, economics);
  if (!tokens) return tokens.error();
  money.tokens = *tokens;
  return money;
}

/// What a GPU makes of as many users at a time as its batch has, with the same prompts and answers.
base::Result<report::CostReport::AgainstGpu> against(const std::string& name, const cost::Replica& machine,
                                                     const config::ModelConfig& model, const CostOptions& options,
                                                     const config::TechConfig& tech,
                                                     const config::EconomicsConfig& economics, const Session& session) {
  const auto gpu = session.gpu(name);
  if (!gpu) return gpu.error();
  const auto& price = gpu->price_usd_per_h;
  if (!price) return base::Error{fmt::format("--gpu {}: it has no /price_usd_per_h, which is expected", name)};
  const auto precision = gpu->fp8_in_hardware ? baseline::Precision::Fp8 : baseline::Precision::Bf16;
  const std::vector<baseline::LoadRequest> requests(options.gpu_batch, {0, options.prompt_tokens, options.new_tokens});
  const auto served = baseline::serve(*gpu, model, precision, requests);
  if (!served) return served.error();
  std::uint64_t tokens = 0;
  for (const auto& request : served->requests) tokens += request.refused ? 0 : options.new_tokens;
  if (tokens == 0) return base::Error{fmt::format("--gpu {}: {} does not fit its memory", name, model.name)};
  report::CostReport::AgainstGpu row;
  row.gpu = gpu->name;
  row.basis = fmt::format("{}, {} users at a time, {} tokens in and {} out", baseline::name(precision),
                          served->most_in_batch, options.prompt_tokens, options.new_tokens);
  row.question.machine = machine;
  row.question.gpu = {gpu->name,
                      static_cast<double>(tokens) * 1e6 / served->total_us,
                      {price->low, (price->low + price->high) / 2, price->high}};
  auto answer = cost::break_even(row.question, tech, economics);
  if (!answer) return answer.error();
  row.answer = *std::move(answer);
  return row;
}

floorplan::SvgLabels labels(const program::Placement& placement, const report::ChipCost& cost) {
  floorplan::SvgLabels labels;
  labels.title = fmt::format("{} on {}", placement.model().name, placement.chip().name);
  labels.subtitle = fmt::format("{}, {:.0f} mm2, {:.1f} billion transistors (typical)", cost.tech.description,
                                cost.die.area_mm2.typical, cost.die.transistors.typical * 1e-9);
  return labels;
}

base::Result<int> run_cost(CostOptions options, Session& session) {
  if (const auto set = session.allow_set({"chip", "model", "recipe", "tech", "economics", "gpu"}); !set)
    return set.error();
  if (!options.break_even)
    if (const auto set = session.refuse_set("gpu", "without --break-even no GPU is compared"); !set) return set.error();
  if (const auto valid = check_options(options); !valid) return valid.error();
  std::optional<base::AtomicFile> svg;
  if (!options.svg.empty()) {
    if (options.svg == session.options().json)
      return base::Error{"--svg and --json name the same file " + options.svg + "; two files are expected"};
    auto opened = base::AtomicFile::create(options.svg);
    if (!opened) return base::Error{"--svg: " + opened.error().message};
    svg.emplace(*std::move(opened));
  }
  const auto model = session.model(options.model);
  if (!model) return model.error();
  const auto recipe = session.recipe(options.recipe);
  if (!recipe) return recipe.error();
  const auto chip = session.chip(options.chip);
  if (!chip) return chip.error();
  const auto placement = program::Placement::create(*model, *recipe, *chip);
  if (!placement) return placement.error();
  const auto economics = session.economics(options.economics);
  if (!economics) return economics.error();
  if (!chip->silicon)
    return base::Error{fmt::format("chip {} has no /silicon; its technology and ROM cell are expected", chip->name)};

  const auto ran = run_chip(*placement, options, session);
  if (!ran) return ran.error();
  const auto cost = chip_cost(session, *placement, *recipe, *ran);
  if (!cost) return cost.error();
  report::CostReport report(*placement, *recipe, **cost);
  report.prompt_tokens = options.prompt_tokens;
  report.answer_tokens = options.new_tokens;
  report.users = options.users;
  report.tokens_per_s_user = ran->speed.tokens_per_s_user;
  report.tokens_per_s_total = ran->speed.tokens_per_s_total;
  report.economics = economics->name;
  const cost::Replica machine = machine_of(*placement, **cost, report.tokens_per_s_total);
  auto money = money_of(machine, options, (*cost)->tech, *economics);
  if (money) {
    report.money = *std::move(money);
  } else if (options.break_even) {
    return base::Error{"--break-even: " + money.error().message};
  } else {
    report.no_money = money.error().message;
  }
  if (options.break_even) {
    if (options.gpus.empty()) options.gpus = {"h100-sxm", "b200"};
    const auto gpus = priced_gpus(options.gpus, session);
    if (!gpus) return gpus.error();
    for (const auto& gpu : *gpus) {
      auto row = against(gpu, machine, *model, options, (*cost)->tech, *economics, session);
      if (!row) return row.error();
      report.break_even.push_back(*std::move(row));
    }
  }
  if (svg) {
    if (const auto done = svg->append(floorplan::floorplan_svg((*cost)->die.plan, labels(*placement, **cost))); !done)
      return done.error();
    if (const auto done = svg->commit(); !done) return done.error();
    session.wrote(options.svg);
  }
  if (const auto written = session.output(report::cost_json(report), report::cost_text(report)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_cost(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CostOptions>();
  auto* command = app.add_subcommand("cost", "Area, transistors, power, yield and price of a chip; when baking pays");
  command->add_option("--chip", options->chip, "A name under configs/chip or a file, with /silicon")
      ->type_name("C")
      ->required();
  command->add_option("--model", options->model, "A name under configs/model or a file")->type_name("M")->required();
  command->add_option("--recipe", options->recipe, "Code widths")->type_name("R")->capture_default_str();
  command->add_option("--economics", options->economics, "A name under configs/economics or a file")
      ->type_name("E")
      ->capture_default_str();
  const auto count = [&](const char* flag, std::uint64_t& value, const char* help, const char* type) {
    command->add_option(flag, value, help)->check(whole_number())->type_name(type)->capture_default_str();
  };
  count("--prompt-tokens", options->prompt_tokens, "Of the run that power and rates are of", "P");
  count("-n,--new-tokens", options->new_tokens, "Answer tokens of that run", "N");
  count("--users", options->users, "Users of that run", "U");
  count("--machines", options->machines,
        "Machines that share the one-off costs of a model in the price of a million tokens", "K");
  command->add_flag("--break-even", options->break_even,
                    "Tokens a day and months from which baking pays, against GPUs");
  command
      ->add_option("--gpu", options->gpus,
                   "With --break-even: GPUs with a /price_usd_per_h, or all; h100-sxm and b200 if not given")
      ->type_name("G...|all");
  count("--gpu-batch", options->gpu_batch, "Users at a time on a GPU", "B");
  command->add_option("--svg", options->svg, "Write a picture of the die")->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --break-even --gpu h100-sxm --gpu-batch 128\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --svg die.svg --json cost.json\n"
      "  kiln cost --chip hc1-pipelined --model llama-3.1-8b --users 32 -n 256\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --set tech:wafer_usd.typical=12000 --set tech:wafer_usd.high=14000");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_cost(*options, session); }; });
}

}  // namespace kiln::cli
