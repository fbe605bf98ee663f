#include <map>
#include <memory>

#include "cli/commands.hpp"
#include "kiln/study/gpus.hpp"
#include "report/run_report.hpp"

namespace kiln::cli {
namespace {

base::Result<int> run_baseline(study::GpuQuestion question, Session& session) {
  if (const auto set = session.allow_set({"gpu", "model"}); !set) return set.error();
  const auto screen = session.choose_gpus(question.gpus);
  std::erase(question.gpus, "all");
  if (screen.ok() && screen->all_gpus) question.gpus.clear();
  const auto answer = study::gpus(question, session.environment());
  if (!answer) return answer.error();  // a model that is none comes before a GPU that is none
  if (!screen) return screen.error();
  const auto written = session.output(report::baseline_json(answer->model, answer->rows),
                                      report::baseline_table(answer->rows, std::nullopt, *screen));
  if (!written) return written.error();
  return 0;
}

}  // namespace

void add_baseline(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<study::GpuQuestion>();
  auto* command = app.add_subcommand("baseline", "The GPU model alone, fitted to published measurements");
  command
      ->add_option("--gpu", options->gpus,
                   "GPUs: names under configs/gpu or files, or all; if not given the screen shows four")
      ->type_name("G...|all");
  command->add_option("--model", options->model, "A name under configs/model or a file")->type_name("M")->required();
  const std::map<std::string, baseline::Precision> precisions = {{"bf16", baseline::Precision::Bf16},
                                                                 {"fp8", baseline::Precision::Fp8},
                                                                 {"int8", baseline::Precision::Int8},
                                                                 {"int4", baseline::Precision::Int4}};
  command->add_option("--precision", options->query.precision, "Of the weights [bf16]")
      ->transform(one_of(precisions))
      ->type_name("bf16|fp8|int8|int4");
  std::map<std::string, baseline::Engine> engines;
  for (std::size_t e = 1; e < baseline::kEngines; ++e)
    engines.emplace(config::kGpuEngines[e], static_cast<baseline::Engine>(e));
  command->add_option("--engine", options->query.engine, "Serving software [median and best of the serving engines]")
      ->transform(one_of(engines))
      ->type_name("E");
  command->add_option("--tp", options->query.gpus, "GPUs that share each layer (tensor parallelism)")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--machines", options->machines, "Adds published points of other machines");
  command->add_option("--batch", options->query.batch, "Sequences decoded together")
      ->check(whole_number())
      ->type_name("B")
      ->capture_default_str();
  command->add_option("--context", options->query.context, "Tokens in the KV cache of each sequence")
      ->check(whole_number())
      ->type_name("N")
      ->capture_default_str();
  command->footer(
      "Examples:\n"
      "  kiln baseline --model llama-3.1-8b\n"
      "  kiln baseline --model llama-3.1-8b --gpu h100-sxm --precision fp8 --batch 8 --context 4096\n"
      "  kiln baseline --model llama-3.1-8b --gpu h200 --engine trt-llm --context 2048 --machines");
  command->callback(
      [options, &chosen] { chosen = [options](Session& session) { return run_baseline(*options, session); }; });
}

}  // namespace kiln::cli
