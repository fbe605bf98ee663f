#include <algorithm>
#include <map>
#include <memory>

#include "cli/baselines.hpp"
#include "cli/commands.hpp"
#include "report/run_report.hpp"

namespace kiln::cli {
namespace {

struct BaselineOptions {
  std::vector<std::string> gpus;
  std::string model;
  baseline::BaselineQuery query;  ///< the median engine: none was given
  bool machines = false;
};

bool in_hardware(const config::GpuSpec& gpu, baseline::Precision precision) {
  return precision != baseline::Precision::Fp8 || gpu.fp8_in_hardware;
}

/// The engine that was asked for, else the median and the best.
base::Status add_figures(const config::GpuSpec& gpu, const config::ModelConfig& model,
                         const baseline::BaselineQuery& query, report::BaselineRows& rows) {
  if (query.engine != baseline::Engine::Median) {
    auto figure = baseline::estimate(gpu, model, query);
    if (!figure) return figure.error();
    rows.figures.push_back(*std::move(figure));
    return {};
  }
  auto figures = baseline::band(gpu, model, query);
  if (!figures) return figures.error();
  for (auto& figure : *figures) rows.figures.push_back(std::move(figure));
  return {};
}

base::Result<int> run_baseline(const BaselineOptions& options, Session& session) {
  if (const auto set = session.allow_set({"gpu", "model"}); !set) return set.error();
  const auto model = session.model(options.model);
  if (!model) return model.error();
  const auto screen = session.choose_gpus(options.gpus);
  if (!screen) return screen.error();
  report::BaselineRows rows{options.query.batch, options.query.context, {}};
  for (const auto& name : screen->all_gpus || options.gpus.empty() ? session.gpus() : options.gpus) {
    const auto gpu = session.gpu(name);
    if (!gpu) return gpu.error();
    if (const auto added = add_figures(*gpu, *model, options.query, rows); !added) return added.error();
  }
  if (options.machines) {
    auto machines = session.machines();
    if (!machines) return machines.error();
    if (machines->empty()) return base::Error{"no file is under configs/machine; --machines expects some"};
    rows.machines = *std::move(machines);
  }
  const auto written =
      session.output(report::baseline_json(*model, rows), report::baseline_table(rows, std::nullopt, *screen));
  if (!written) return written.error();
  return 0;
}

/// Every GPU under configs/gpu, BF16 and, where it has it, FP8.
template <class Body>
base::Status for_each_gpu(const Session& session, Body body) {
  for (const auto& name : session.gpus()) {
    const auto gpu = session.gpu(name);
    if (!gpu) return gpu.error();
    for (const auto precision : {baseline::Precision::Bf16, baseline::Precision::Fp8}) {
      if (!in_hardware(*gpu, precision)) continue;
      if (auto done = body(*gpu, precision); !done) return done;
    }
  }
  return {};
}

report::GpuUnderLoad under_load(const config::GpuSpec& gpu, baseline::Precision precision,
                                const std::vector<baseline::LoadRequest>& requests, const baseline::ServingRun& run) {
  report::GpuUnderLoad row;
  row.gpu = gpu.name;
  row.precision = precision;
  row.most_in_batch = run.most_in_batch;
  std::vector<double> first, pace;
  double tokens = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& served = run.requests[i];
    if (served.refused) {
      ++row.refused;
      continue;
    }
    const auto answer = static_cast<double>(requests[i].answer_tokens);
    tokens += answer;
    first.push_back(served.first_us - requests[i].arrival_us);
    if (requests[i].answer_tokens > 1) pace.push_back((served.last_us - served.first_us) / (answer - 1));
  }
  if (run.total_us > 0) row.tokens_per_s_total = tokens * 1e6 / run.total_us;
  row.ttft_us = host::percentiles(std::move(first));
  row.time_per_token_us = host::percentiles(std::move(pace));
  return row;
}

}  // namespace

std::uint64_t mean_context(std::uint64_t prompt_tokens, std::uint64_t answer_tokens) {
  return prompt_tokens + (answer_tokens - 1) / 2;
}

base::Result<report::BaselineRows> baselines(const Session& session, const config::ModelConfig& model,
                                             std::uint64_t users, std::uint64_t context) {
  report::BaselineRows rows{users, context, {}};
  const auto done = for_each_gpu(session, [&](const auto& gpu, auto precision) -> base::Status {
    return add_figures(gpu, model, {precision, rows.batch, rows.context}, rows);
  });
  if (!done) return done.error();
  return rows;
}

base::Result<std::vector<report::GpuUnderLoad>> baselines_under_load(const Session& session,
                                                                     const config::ModelConfig& model,
                                                                     std::vector<baseline::LoadRequest> requests) {
  std::ranges::stable_sort(requests, {}, &baseline::LoadRequest::arrival_us);
  std::vector<report::GpuUnderLoad> rows;
  const auto done = for_each_gpu(session, [&](const auto& gpu, auto precision) -> base::Status {
    const auto run = baseline::serve(gpu, model, precision, requests);
    if (!run) return run.error();
    rows.push_back(under_load(gpu, precision, requests, *run));
    return {};
  });
  if (!done) return done.error();
  return rows;
}

void add_baseline(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<BaselineOptions>();
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
