#include <memory>

#include "base/atomic_file.hpp"
#include "cli/commands.hpp"
#include "cli/requirement.hpp"
#include "cli/terminal.hpp"
#include "kiln/study/cost.hpp"
#include "report/cost_report.hpp"

namespace kiln::cli {
namespace {

struct CostOptions {
  study::CostQuestion question;
  std::string svg;
  std::string require;
};

/// Before any work, so that a name that cannot be written costs none.
base::Result<std::optional<base::AtomicFile>> open_svg(const CostOptions& options) {
  std::optional<base::AtomicFile> svg;
  if (options.svg.empty()) return svg;
  auto opened = base::AtomicFile::create(options.svg);
  if (!opened) return base::Error{"--svg: " + opened.error().message};
  svg = *std::move(opened);
  return svg;
}

base::Result<int> run_cost(const CostOptions& options, Session& session) {
  if (const auto set = session.allow_set({"chip", "model", "recipe", "tech", "economics", "gpu"}); !set)
    return set.error();
  if (const auto valid = study::check(options.question); !valid) return valid.error();
  if (!options.require.empty()) {  // what cannot be known is no bad input then
    const auto& configs = session.environment().configs();
    const auto chip = configs.chip(options.question.chip);
    if (const auto model = configs.model(options.question.model); !model) return model.error();
    if (const auto recipe = configs.recipe(options.question.recipe); !recipe) return recipe.error();
    if (chip && !chip->silicon) return required(options.require, study::without_silicon(*chip));
  }
  auto svg = open_svg(options);
  if (!svg) return svg.error();
  const auto answer = study::cost(options.question, session.environment());
  if (!answer) return answer.error();
  if (answer->result.mismatch) return base::Error{*answer->result.mismatch};
  if (*svg) {
    if (const auto done = (*svg)->append(report::die_svg(*answer)); !done) return done.error();
    if (const auto done = (*svg)->commit(); !done) return done.error();
    session.wrote(options.svg);
  }
  if (const auto written = session.output(report::cost_json(*answer), report::cost_text(*answer, text_columns()));
      !written)
    return written.error();
  return required(options.require, answer->verdict);
}

}  // namespace

void add_cost(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<CostOptions>();
  options->question.limits = true;
  auto* command = app.add_subcommand("cost", "Area, transistors, power, yield and price of a chip; when baking pays");
  command->add_option("--chip", options->question.chip, "A name under configs/chip or a file, with /silicon")
      ->type_name("C")
      ->required();
  command->add_option("--model", options->question.model, "A name under configs/model or a file")
      ->type_name("M")
      ->required();
  command->add_option("--recipe", options->question.recipe, "Code widths")->type_name("R")->capture_default_str();
  command->add_option("--economics", options->question.economics, "A name under configs/economics or a file")
      ->type_name("E")
      ->capture_default_str();
  const auto count = [&](const char* flag, std::uint64_t& value, const char* help, const char* type) {
    command->add_option(flag, value, help)->check(whole_number())->type_name(type)->capture_default_str();
  };
  count("--prompt-tokens", options->question.prompt_tokens, "Of the run that power and rates are of", "P");
  count("-n,--new-tokens", options->question.new_tokens, "Answer tokens of that run", "N");
  count("--users", options->question.users, "Users of that run", "U");
  command->add_flag("--shorten", options->question.shorten,
                    "Take as many tokens as the KV cache holds where it holds fewer");
  count("--machines", options->question.machines,
        "Machines that share the one-off costs of a model in the price of a million tokens", "K");
  command->add_flag("--break-even", options->question.break_even,
                    "Tokens a day and months from which baking pays, against GPUs");
  command
      ->add_option("--gpu", options->question.gpus,
                   "With --break-even: GPUs with a /price_usd_per_h, or all; h100-sxm and b200 if not given")
      ->type_name("G...|all");
  count("--gpu-batch", options->question.gpu_batch, "Users at a time on a GPU", "B");
  command->add_flag("--timeline", options->question.timeline,
                    "Draw a layer's operations over time, of an answer token at the run's mean context");
  command->add_option("--svg", options->svg, "Write a picture of the die")->type_name("FILE");
  add_require(*command, options->require);
  command->footer(
      "Examples:\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --break-even --gpu h100-sxm --gpu-batch 128\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --svg die.svg --json cost.json\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --prompt-tokens 16 -n 16 --timeline\n"
      "  kiln cost --chip hc1-pipelined --model llama-3.1-8b --users 32 -n 256\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --prompt-tokens 8000 --shorten --require buildable\n"
      "  kiln cost --chip hc1 --model llama-3.1-8b --set tech:wafer_usd.high=14000");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_cost(*options, session); }; });
}

}  // namespace kiln::cli
