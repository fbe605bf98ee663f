#include <fmt/format.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/requirement.hpp"
#include "cli/sampling_options.hpp"
#include "cli/standard_error.hpp"
#include "kiln/study/run.hpp"
#include "report/run_report.hpp"
#include "trace/trace.hpp"

namespace kiln::cli {
namespace {

struct RunOptions {
  study::RunQuestion question;
  std::optional<std::string> trace;
  std::vector<std::string> gpus;  ///< that the screen shows
  bool all_units = false;         ///< as above
  std::string require;
};

/// Before any work, so that a name that cannot be written costs none.
base::Result<std::optional<trace::TraceWriter>> open_trace(const RunOptions& options) {
  std::optional<trace::TraceWriter> trace;
  if (!options.trace) return trace;
  auto opened = trace::TraceWriter::create(*options.trace);
  if (!opened) return base::Error{"--trace: " + opened.error().message};
  trace = *std::move(opened);
  return trace;
}

base::Result<int> run(const RunOptions& options, Session& session) {
  study::RunQuestion question = options.question;
  const std::vector<std::string> kinds =
      question.rom.empty() ? std::vector<std::string>{"chip", "model", "recipe", "gpu", "tech", "economics"}
                           : std::vector<std::string>{"chip", "gpu", "tech", "economics"};
  if (const auto set = session.allow_set(kinds); !set) return set.error();
  if (const auto valid = study::check(question); !valid) return valid.error();
  auto screen = session.choose_gpus(options.gpus);
  if (!screen) return screen.error();
  screen->all_units = options.all_units;
  auto trace = open_trace(options);
  if (!trace) return trace.error();
  if (*trace) {
    question.on_start = [&trace](const program::Placement& placement) { (*trace)->begin(placement); };
    question.on_span = [&trace](const chip::TraceSpan& span) { (*trace)->add(span); };
  }
  const auto answer = study::run(question, session.environment());
  if (!answer) return answer.error();
  if (const auto& mismatch = answer->mismatch()) {
    complain(*mismatch);
    return kCheckFailed;
  }
  if (*trace && !session.stop().stop_requested()) {
    if (const auto written = (*trace)->finish(answer->result.chip.total); !written) return written.error();
    session.wrote(*options.trace);
  }
  if (const auto written = session.output(report::run_json(*answer), report::run_text(*answer, *screen)); !written)
    return written.error();
  return required(options.require, answer->verdict);
}

void add_subject(CLI::App& command, study::RunQuestion& question) {
  command.add_option("--rom", question.rom, "ROM image to run (its values too)")->type_name("X.rom");
  command
      .add_option("--model", question.model,
                  "Shapes alone: a name under configs/model, a file, or a checkpoint; implies --timing-only")
      ->type_name("M");
  command.add_option("--recipe", question.recipe, "With --model: code widths, for the tiles' fill")
      ->type_name("R")
      ->capture_default_str();
  command.add_option("--chip", question.chip, "A name under configs/chip or a file")->type_name("C")->required();
  command.add_flag("--timing-only", question.timing_only, "Count cycles without computing values");
}

void add_prompts(CLI::App& command, study::RunQuestion& question) {
  command.add_option("--prompt", question.prompt, "Text to continue")->type_name("T");
  command.add_option("--prompt-tokens", question.prompt_tokens, "P seeded token ids instead of a text")
      ->check(whole_number())
      ->type_name("P");
  command.add_option("-n,--new-tokens", question.new_tokens, "Answer tokens at most")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  command
      .add_option("--users", question.users, "Users who ask at the same time; with --prompt-tokens each its own ids")
      ->check(whole_number())
      ->type_name("U")
      ->capture_default_str();
  command
      .add_option(
          "--workload", question.workload,
          "Requests over time, a JSON object a line: arrival_us, prompt or prompt_tokens, answer_tokens, leaves_us")
      ->type_name("F");
  add_sampling(command, question.sampling, "Seed of --prompt-tokens and of draws");
}

void add_ways(CLI::App& command, study::RunQuestion& question) {
  command
      .add_option("--lora", question.lora,
                  "Directory of a LoRA adapter as PEFT saves it, resident in the chip's SRAM for all users")
      ->type_name("DIR");
  const std::map<std::string, chip::TransferMode> movements = {{"bursts", chip::TransferMode::Bursts},
                                                               {"beats", chip::TransferMode::Beats}};
  command
      .add_option("--movement", question.transfer_mode,
                  "Simulate transfers as bursts or beat by beat: the same cycles, slower")
      ->transform(one_of(movements))
      ->type_name("bursts|beats");
  command.add_flag(
      "--rtl", question.rtl,
      "Run the verilated chip too, and hold its token ids and cycles against this run (needs Verilator and "
      "g++)");
  command.add_flag("--by-tile", question.by_tile,
                   "Compute matrices tile by tile, as the arrays do: the same values, much slower");
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  options->question.limits = true;
  auto* command =
      app.add_subcommand("run", "Run a model on a chip: text, tokens/s, cycles by unit and cause, GPUs beside it");
  add_subject(*command, options->question);
  add_prompts(*command, options->question);
  add_ways(*command, options->question);
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
  add_require(*command, options->require);
  command->footer(
      "Examples:\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"Once upon a time\" -n 200\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --timing-only --prompt-tokens 1024 -n 1024\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"The dog\" --temperature 0.8 --top-k 5 --seed 7\n"
      "  kiln run --rom stories.rom --chip demo --prompt \"The dog\" --lora my-adapter\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 128 -n 128 --users 24\n"
      "  kiln run --model llama-3.1-8b --chip hc1-pipelined --workload requests.jsonl\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 16 -n 16 --set kv.banks=512 --json -\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 16 --set link=auto --require buildable\n"
      "  kiln run --model llama-3.1-8b --chip hc1 --prompt-tokens 4 -n 5 --trace run.pftrace");
  command->callback([options, &chosen] { chosen = [options](Session& session) { return run(*options, session); }; });
}

}  // namespace kiln::cli
