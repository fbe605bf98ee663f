#include "kiln/study/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "host/workload.hpp"
#include "study/bytes_read.hpp"
#include "study/chip_cost.hpp"
#include "study/design_point.hpp"
#include "study/prompts.hpp"
#include "study/rtl_run.hpp"

namespace kiln::study {
namespace {

base::Result<chip::RunRequest> request_of(const RunQuestion& question, const Subject& subject,
                                          const config::ChipConfig& chip, bool timing_only,
                                          const Environment& environment) {
  auto users = users_of(question, subject, chip.clock_mhz);
  if (!users) return users.error();
  chip::RunRequest request;
  request.users = *std::move(users);
  for (chip::UserRequest& user : request.users) {
    user.sampling = question.sampling.on(chip);
    if (subject.tokenizer && !timing_only) user.end_tokens = subject.tokenizer->spec().eos;
  }
  request.transfer_mode = question.transfer_mode;
  request.stop = environment.progress.stop;
  request.on_progress = [&progress = environment.progress](std::uint64_t done, std::uint64_t total) {
    progress("running", done, total);
  };
  request.on_span = question.on_span;
  return request;
}

/// Of the user who asks for most, as far as the KV cache goes.
std::uint64_t most_tokens(const chip::RunRequest& request, std::uint64_t capacity) {
  std::uint64_t longest = 0;
  for (const auto& user : request.users)
    longest = std::max<std::uint64_t>(longest, user.prompt.size() + user.max_new_tokens);
  return std::min(capacity, longest);
}

/// What a GPU has to do for the same users: answers as long as the chip's, or, of those whom it refused, as they asked
/// for. Users who left without an answer are left out.
std::vector<baseline::LoadRequest> load_of(const chip::RunRequest& request, const chip::RunOutcome& outcome,
                                           std::uint32_t clock_mhz) {
  std::vector<baseline::LoadRequest> load;
  for (std::size_t u = 0; u < request.users.size(); ++u) {
    const auto& user = request.users[u];
    const bool refused = outcome.users[u].finish == chip::Finish::Refused;
    const std::uint64_t answer = refused ? user.max_new_tokens : outcome.users[u].answer_tokens;
    if (answer > 0) load.push_back({static_cast<double>(user.arrival.count()) / clock_mhz, user.prompt.size(), answer});
  }
  return load;
}

/// First token if tokens of a prompt shared passes of the arrays; docs/units/README.md, "Batches".
std::vector<BatchRegisterPoint> batch_register(const program::Placement& placement, std::uint64_t prompt_tokens,
                                               base::Cycles prompt_arrival) {
  std::vector<BatchRegisterPoint> points;
  if (prompt_tokens < 2) return points;  // nothing to share
  for (const std::uint64_t batch : {2, 4, 8, 16}) {
    const auto first = closed_form::first_answer_with_batch_register(placement, prompt_tokens, batch);
    if (!first) break;
    const auto since_arrival = *first - prompt_arrival;
    points.push_back({batch, *first, static_cast<double>(since_arrival.count()) / placement.chip().clock_mhz});
  }
  return points;
}

/// What follows from the run and the question without anything more being read.
base::Status describe(const RunQuestion& question, const Subject& subject, const chip::RunRequest& request,
                      RunAnswer& answer) {
  const chip::RunOutcome& ran = answer.result.chip;
  if (subject.rom) answer.rom_hash = subject.rom->content_hash();
  if (!answer.timing_only) answer.bytes_read_per_token = bytes_read_per_token(*subject.rom);
  answer.lora = question.lora;
  answer.seed = question.sampling.seed;
  answer.sampling = question.sampling.on(answer.placement.chip());
  answer.prompt = question.prompt.value_or("");
  for (const auto& user : request.users) answer.prompt_tokens += user.prompt.size();
  answer.token_ids = ran.users.front().answer;
  answer.text = answer_text(subject, request.users.front().prompt, answer.token_ids);
  if (answer.result.closed_form)
    answer.batch_register = batch_register(answer.placement, answer.prompt_tokens, ran.users.front().prompt_arrival);
  answer.kv = kv_bytes(answer.placement);
  return {};
}

/// GPUs on the same job.
base::Status compare(const RunQuestion& question, const chip::RunRequest& request, const config::Catalogue& configs,
                     RunAnswer& answer) {
  const auto& model = answer.placement.model();
  const std::uint32_t clock_mhz = answer.placement.chip().clock_mhz;
  const chip::RunOutcome& ran = answer.result.chip;
  if (question.workload) {
    answer.workload = host::workload_figures(request, ran, clock_mhz);
    auto rows = compare_gpus_under_load(configs, model, load_of(request, ran, clock_mhz));
    if (!rows) return rows.error();
    answer.baseline_under_load = *std::move(rows);
  }
  auto rows = gpus_beside(configs, model, ran, request.users.front().prompt.size());
  if (!rows) return rows.error();
  answer.baseline = *std::move(rows);
  return {};
}

/// Tokens in the KV cache of the user who asks for most.
std::uint64_t most_kv_tokens(const chip::RunRequest& request) {
  std::uint64_t most = 0;
  for (const auto& user : request.users)
    if (user.max_new_tokens > 0) most = std::max(most, kv_tokens(user.prompt.size(), user.max_new_tokens));
  return most;
}

/// What the chip is made of, costs and draws, and whether it can be built.
base::Status weigh(const RunQuestion& question, const Placed& placed, const chip::RunRequest& request,
                   const functional::FunctionalModel* values, const config::Catalogue& configs, RunAnswer& answer) {
  auto made = silicon(configs, placed, answer.recipe);
  if (!made) return made.error();
  std::optional<double> power_w;
  if (*made && !answer.result.chip.tokens.empty()) {
    answer.cost = chip_cost(**made, answer.placement, answer.recipe, answer.result, values);
    power_w = answer.cost->energy.power_w.typical;
    // A folder of one's own configs need not have any.
    if (const auto economics = configs.economics(kEconomics)) add_money(*answer.cost, kMachines, *economics, answer);
  }
  add_verdict(*made, power_w, most_kv_tokens(request), answer);
  // A run for its values is for those: what would help is asked with `kiln cost` or without values.
  if (question.limits && (question.timing_only || question.rom.empty()))
    answer.limits =
        limits({question.chip, answer.placement, answer.recipe, answer.result, answer.prompt_tokens}, configs);
  return {};
}

void warn_about_context(const config::ModelConfig& model, std::uint64_t tokens, Warnings& warnings) {
  if (tokens > model.max_context)
    warnings.add(fmt::format("{} tokens are more than the {} that {} declares", tokens, model.max_context, model.name));
}

/// With values the report ends the text by saying so.
void warn_about_room(const program::Placement& placement, const chip::UserOutcome& first, std::uint64_t wanted,
                     Warnings& warnings) {
  if (first.finish == chip::Finish::KvFull)
    warnings.add(fmt::format("the KV cache of chip {} is full at {} tokens: the answer ends after {} of {} tokens",
                             placement.chip().name, placement.kv().capacity_tokens, first.answer_tokens, wanted));
}

}  // namespace

base::Status SamplingWish::check() const {
  if (top_k && *top_k > UINT32_MAX) return base::Error{"--top-k is above 4294967295"};
  return {};
}

numerics::Sampling SamplingWish::on(const config::ChipConfig& chip) const {
  return {temperature, static_cast<std::uint32_t>(top_k.value_or(chip.sampler.max_top_k)), seed};
}

SimulationPace RtlFigures::pace() const {
  if (run_s <= 0) return {};
  return {static_cast<double>(cycles_total) / run_s, static_cast<double>(tokens) / run_s, std::nullopt};
}

SimulationPace RunAnswer::pace() const {
  SimulationPace pace;
  const auto tokens = static_cast<double>(result.chip.tokens.size());
  if (tokens > 0) pace.kernel_events_per_token = static_cast<double>(host.kernel_events) / tokens;
  if (host.wall_s > 0) {
    pace.cycles_per_s = static_cast<double>(result.chip.total.count()) / host.wall_s;
    pace.tokens_per_s = tokens / host.wall_s;
  }
  return pace;
}

base::Status check(const RunQuestion& question) {
  if (question.rom.empty() == question.model.empty())
    return base::Error{"one of --rom X.rom and --model M is expected"};
  if (question.new_tokens == 0) return base::Error{"-n is 0; at least 1 answer token is expected"};
  if (question.new_tokens > kMostTokens) return base::Error{"-n is above 16777216"};
  if (const auto valid = question.sampling.check(); !valid) return valid;
  if (question.prompt_tokens && *question.prompt_tokens == 0)
    return base::Error{"--prompt-tokens is 0; at least 1 is expected"};
  if (question.prompt_tokens && *question.prompt_tokens > kMostTokens)
    return base::Error{"--prompt-tokens is above 16777216"};
  if (question.workload && (question.prompt || question.prompt_tokens || question.users > 1))
    return base::Error{"--workload says who asks what: no --prompt, --prompt-tokens or --users beside it"};
  if (question.rtl && (question.timing_only || question.rom.empty()))
    return base::Error{"--rtl runs values: --rom X.rom is expected, and no --timing-only"};
  if (question.rtl && (question.users > 1 || question.workload || !question.lora.empty()))
    return base::Error{"--rtl runs one user without an adapter: no --users, --workload or --lora beside it"};
  if (question.users == 0) return base::Error{"--users is 0; at least 1 is expected"};
  if (question.users > 65536) return base::Error{"--users is above 65536"};
  if (question.prompt && question.prompt_tokens) return base::Error{"--prompt and --prompt-tokens exclude each other"};
  return {};
}

base::Result<RunAnswer> run(const RunQuestion& question, Environment& environment) {
  if (const auto valid = check(question); !valid) return valid.error();
  const auto subject = load_subject({question.rom, question.model, question.recipe, question.lora}, environment);
  if (!subject) return subject.error();
  const auto& configs = environment.configs();
  const auto chip = configs.chip(question.chip);
  if (!chip) return chip.error();
  if (!chip->silicon) {
    const auto read = configs.refuse_overrides("tech", "chip " + chip->name + " has no /silicon");
    if (!read) return read.error();
  }
  const auto placed = place(subject->model, subject->recipe, *chip, subject->adapter_shape, configs);
  if (!placed) return placed.error();
  const program::Placement& placement = placed->placement;
  const bool timing_only = question.timing_only || !subject->rom;
  auto request = request_of(question, *subject, *chip, timing_only, environment);
  if (!request) return request.error();
  if (const auto can = chip::check(placement, *request); !can) return can.error();

  Warnings warnings(environment);
  const std::uint64_t tokens = most_tokens(*request, placement.kv().capacity_tokens);
  warn_about_context(subject->model, tokens, warnings);
  std::optional<functional::FunctionalModel> values;
  if (!timing_only) {
    values.emplace(*subject->rom, tokens, environment.pool(), numerics::best_simd(),
                   question.by_tile ? &placement : nullptr, subject->adapter ? &*subject->adapter : nullptr);
    values->count_switching();
    request->values = &*values;
  }
  if (question.on_start) question.on_start(placement);
  const auto started = HostClock::now();
  auto ran = host::run(placement, *request);
  if (!ran) return ran.error();

  RunAnswer answer(placement, subject->recipe, *std::move(ran));
  const chip::RunOutcome& outcome = answer.result.chip;
  answer.host = host_figures(environment, started);
  answer.host.kernel_events = outcome.kernel_events;
  answer.host.elaboration_s = outcome.elaboration_s;
  answer.timing_only = timing_only;
  if (timing_only) warn_about_room(placement, outcome.users.front(), request->users.front().max_new_tokens, warnings);
  if (const auto described = describe(question, *subject, *request, answer); !described) return described.error();
  if (const auto done = compare(question, *request, environment.configs(), answer); !done) return done.error();
  answer.warnings = warnings.take();
  if (const auto done = weigh(question, *placed, *request, values ? &*values : nullptr, environment.configs(), answer);
      !done)
    return done.error();
  if (question.rtl && !answer.result.mismatch) {
    auto rtl = run_in_rtl(*subject->rom, placement, request->users.front(), outcome, environment);
    if (!rtl) return base::Error{"--rtl: " + rtl.error().message, rtl.error().interrupted};
    answer.rtl = *std::move(rtl);
  }
  return answer;
}

}  // namespace kiln::study
