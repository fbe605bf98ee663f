#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/baselines.hpp"
#include "cli/commands.hpp"
#include "cli/costs.hpp"
#include "cli/rtl_run.hpp"
#include "cli/run_request.hpp"
#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "host/workload.hpp"
#include "report/run_report.hpp"
#include "rom/rom_image.hpp"
#include "trace/trace.hpp"

namespace kiln::cli {
namespace {

base::Status check_options(const RunOptions& options) {
  if (options.rom.empty() == options.model.empty()) return base::Error{"one of --rom X.rom and --model M is expected"};
  if (options.new_tokens == 0) return base::Error{"-n is 0; at least 1 answer token is expected"};
  if (options.new_tokens > (1U << 24)) return base::Error{"-n is above 16777216"};
  if (const auto valid = options.sampling.check(); !valid) return valid;
  if (options.prompt_tokens && *options.prompt_tokens == 0)
    return base::Error{"--prompt-tokens is 0; at least 1 is expected"};
  if (options.prompt_tokens && *options.prompt_tokens > (1U << 24))
    return base::Error{"--prompt-tokens is above 16777216"};
  if (options.workload && (options.prompt || options.prompt_tokens || options.users > 1))
    return base::Error{"--workload says who asks what: no --prompt, --prompt-tokens or --users beside it"};
  if (options.rtl && (options.timing_only || options.rom.empty()))
    return base::Error{"--rtl runs values: --rom X.rom is expected, and no --timing-only"};
  if (options.rtl && (options.users > 1 || options.workload || !options.lora.empty()))
    return base::Error{"--rtl runs one user without an adapter: no --users, --workload or --lora beside it"};
  if (options.users == 0) return base::Error{"--users is 0; at least 1 is expected"};
  if (options.users > 65536) return base::Error{"--users is above 65536"};
  if (options.prompt && options.prompt_tokens) return base::Error{"--prompt and --prompt-tokens exclude each other"};
  return {};
}

/// Before any work, so that a name that cannot be written costs none.
base::Result<std::optional<trace::TraceWriter>> open_trace(const RunOptions& options, const Session& session) {
  std::optional<trace::TraceWriter> trace;
  if (!options.trace) return trace;
  if (options.trace == session.options().json)
    return base::Error{"--trace and --json name the same file " + *options.trace + "; two files are expected"};
  auto opened = trace::TraceWriter::create(*options.trace);
  if (!opened) return base::Error{"--trace: " + opened.error().message};
  trace = *std::move(opened);
  return trace;
}

void warn_about_context(const config::ModelConfig& model, std::uint64_t tokens) {
  if (tokens > model.max_context)
    Session::warn(
        fmt::format("{} tokens are more than the {} that {} declares", tokens, model.max_context, model.name));
}

/// What a GPU has to do for the same users: answers as long as the chip's, or, of those whom it refused, as they asked
/// for. Who went without an answer is left out.
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

base::Result<int> run(const RunOptions& options, Session& session) {
  const std::vector<std::string> kinds = options.rom.empty()
                                             ? std::vector<std::string>{"chip", "model", "recipe", "gpu", "tech"}
                                             : std::vector<std::string>{"chip", "gpu", "tech"};
  if (const auto set = session.allow_set(kinds); !set) return set.error();
  if (const auto valid = check_options(options); !valid) return valid.error();
  auto screen = session.choose_gpus(options.gpus);
  if (!screen) return screen.error();
  screen->all_units = options.all_units;
  auto trace = open_trace(options, session);
  if (!trace) return trace.error();
  const auto subject = load(options, session);
  if (!subject) return subject.error();
  const auto chip = session.chip(options.chip);
  if (!chip) return chip.error();
  if (!chip->silicon)
    if (const auto set = session.refuse_set("tech", "chip " + chip->name + " has no /silicon"); !set)
      return set.error();
  const auto placement = program::Placement::create(subject->model, subject->recipe, *chip, subject->adapter_shape);
  if (!placement) return placement.error();
  auto users = users_of(options, *subject, chip->clock_mhz);
  if (!users) return users.error();

  const bool timing_only = options.timing_only || !subject->rom;
  const numerics::Sampling sampling = options.sampling.on(*chip);
  chip::RunRequest request;
  request.users = *std::move(users);
  std::uint64_t longest = 0;
  for (chip::UserRequest& user : request.users) {
    user.sampling = sampling;
    if (subject->tokenizer && !timing_only) user.end_tokens = subject->tokenizer->spec().eos;
    longest = std::max<std::uint64_t>(longest, user.prompt.size() + user.max_new_tokens);
  }
  const std::vector<base::TokenId>& prompt = request.users.front().prompt;
  if (const auto can = chip::check(*placement, request); !can) return can.error();
  const std::uint64_t capacity = placement->kv().capacity_tokens;
  const std::uint64_t wanted = std::min(capacity, longest);
  warn_about_context(subject->model, wanted);
  std::optional<functional::FunctionalModel> values;
  if (!timing_only) {
    values.emplace(*subject->rom, wanted, session.pool(), numerics::best_simd(),
                   options.by_tile ? &*placement : nullptr, subject->adapter ? &*subject->adapter : nullptr);
  }
  if (values) values->count_switching();
  request.values = values ? &*values : nullptr;
  request.transfer_mode = options.transfer_mode;
  request.stop = session.stop();
  const auto progress = session.progress();
  request.on_progress = [&progress](std::uint64_t done, std::uint64_t total) { progress("running", done, total); };
  if (*trace) {
    (*trace)->begin(*placement);
    request.on_span = [&trace](const chip::TraceSpan& slice) { (*trace)->add(slice); };
  }
  const auto started = session.host_figures().wall_s;
  const auto result = host::run(*placement, request);
  if (!result) return result.error();
  report::HostFigures host = session.host_figures();
  host.wall_s -= started;  // of the run alone: loading and checking the image is not the chip's

  const chip::UserOutcome& first = result->chip.users.front();
  if (timing_only && first.finish == chip::Finish::KvFull)  // with values the report ends the text by saying so
    Session::warn(fmt::format("the KV cache of chip {} is full at {} tokens: the answer ends after {} of {} tokens",
                              chip->name, capacity, first.answer_tokens, request.users.front().max_new_tokens));

  report::RunReport report(*placement, subject->recipe, *result);
  if (subject->rom) report.rom_hash = subject->rom->content_hash();
  report.timing_only = timing_only;
  report.lora = options.lora;
  report.seed = options.sampling.seed;
  report.sampling = sampling;
  for (const auto& user : request.users) report.prompt_tokens += user.prompt.size();
  report.token_ids = first.answer;
  auto text = answer_text(*subject, prompt, first.answer);
  if (!text) return text.error();
  report.text = *std::move(text);
  report.prompt = options.prompt.value_or("");
  if (options.workload) {
    report.workload = host::workload_figures(request, result->chip, chip->clock_mhz);
    auto rows = baselines_under_load(session, subject->model, load_of(request, result->chip, chip->clock_mhz));
    if (!rows) return rows.error();
    report.baseline_under_load = *std::move(rows);
  }
  // As many as the chip ever had at a time: those that queue here would not be in a GPU's batch either.
  const std::uint64_t batch = std::max<std::uint64_t>(1, result->chip.most_users);
  auto baseline = baselines(session, subject->model, batch,
                            mean_context(prompt.size(), std::max<std::uint64_t>(1, first.answer_tokens)));
  if (!baseline) return baseline.error();
  report.baseline = *std::move(baseline);
  const auto cost = chip_cost(session, *placement, subject->recipe, *result, values ? &*values : nullptr);
  if (!cost) return cost.error();
  if (*cost) report.cost = &**cost;
  report.host = std::move(host);
  report.host.kernel_events = result->chip.kernel_events;
  report.host.elaboration_s = result->chip.elaboration_s;

  if (options.rtl && !result->mismatch) {
    auto rtl = run_in_rtl(*subject->rom, *placement, request.users.front(), result->chip, session);
    if (!rtl) return base::Error{"--rtl: " + rtl.error().message};
    report.rtl = *std::move(rtl);
  }
  if (report.rtl && report.rtl->mismatch) {
    fmt::print(stderr, "kiln: error: {}\n", *report.rtl->mismatch);
    return kCheckFailed;
  }
  if (result->mismatch) {
    fmt::print(stderr, "kiln: error: {}\n", *result->mismatch);
    return kCheckFailed;
  }
  if (*trace && !session.stop().stop_requested()) {
    if (const auto written = (*trace)->finish(result->chip.total); !written) return written.error();
    session.wrote(*options.trace);
  }
  if (const auto written = session.output(report::run_json(report), report::run_text(report, *screen)); !written)
    return written.error();
  return 0;
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  auto* command =
      app.add_subcommand("run", "Run a model on a chip: text, tokens/s, cycles by unit and cause, GPUs beside it");
  command->add_option("--rom", options->rom, "ROM image to run (its values too)")->type_name("X.rom");
  command
      ->add_option("--model", options->model,
                   "Shapes alone: a name under configs/model or a file; implies --timing-only")
      ->type_name("M");
  command->add_option("--recipe", options->recipe, "With --model: code widths, for the tiles' fill")
      ->type_name("R")
      ->capture_default_str();
  command->add_option("--chip", options->chip, "A name under configs/chip or a file")->type_name("C")->required();
  command->add_flag("--timing-only", options->timing_only, "Count cycles without computing values");
  command->add_option("--prompt", options->prompt, "Text to continue")->type_name("T");
  command->add_option("--prompt-tokens", options->prompt_tokens, "P seeded token ids instead of a text")
      ->check(whole_number())
      ->type_name("P");
  command->add_option("-n,--new-tokens", options->new_tokens, "Answer tokens at most")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--users", options->users, "Users who ask at the same time; with --prompt-tokens each its own ids")
      ->check(whole_number())
      ->type_name("U")
      ->capture_default_str();
  command
      ->add_option(
          "--workload", options->workload,
          "Requests over time, a JSON object a line: arrival_us, prompt or prompt_tokens, answer_tokens, leaves_us")
      ->type_name("F");
  options->sampling.add_to(*command, "Seed of --prompt-tokens and of draws");
  command
      ->add_option("--lora", options->lora,
                   "Directory of a LoRA adapter as PEFT saves it, resident in the chip's SRAM for all users")
      ->check(given())
      ->type_name("DIR");
  const std::map<std::string, chip::TransferMode> movements = {{"bursts", chip::TransferMode::Bursts},
                                                               {"beats", chip::TransferMode::Beats}};
  command
      ->add_option("--movement", options->transfer_mode,
                   "Simulate transfers as bursts or beat by beat: the same cycles, slower")
      ->transform(one_of(movements))
      ->type_name("bursts|beats");
  command->add_flag(
      "--rtl", options->rtl,
      "Run the verilated chip too, and hold its token ids and cycles against this run (needs Verilator and "
      "g++)");
  command->add_flag("--by-tile", options->by_tile,
                    "Compute matrices tile by tile, as the arrays do: the same values, much slower");
  command
      ->add_option("--trace", options->trace,
                   "Write what every unit did when: Perfetto (.pftrace, .perfetto-trace) or Chrome JSON (.json)")
      ->type_name("FILE");
  command
      ->add_option("--gpu", options->gpus,
                   "GPUs that the screen shows: names under configs/gpu or files, or all; four if not given")
      ->type_name("G...|all");
  command
      ->add_option("--units", options->all_units,
                   "Units whose cycles the screen shows: those that matter, or all [main]")
      ->transform(one_of(std::map<std::string, int>{{"main", 0}, {"all", 1}}))
      ->type_name("main|all");
  command->footer(
      "Examples:\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"Once upon a time\" -n 200\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --timing-only --prompt-tokens 1024 -n 1024\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"The dog\" --temperature 0.8 --top-k 5 --seed 7\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"The dog\" --lora my-adapter\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 128 -n 128 --users 24\n"
      "  kiln run --model llama-3.1-8b --chip hc1-pipelined --workload requests.jsonl\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 16 -n 16 --set kv.banks=512 --json -\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 4 -n 5 --trace run.pftrace");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(*options, session); }; });
}

}  // namespace kiln::cli
