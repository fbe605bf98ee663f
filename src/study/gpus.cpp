#include "kiln/study/gpus.hpp"

#include <algorithm>

#include "host/distribution.hpp"

namespace kiln::study {
namespace {

bool in_hardware(const config::GpuSpec& gpu, baseline::Precision precision) {
  return precision != baseline::Precision::Fp8 || gpu.fp8_in_hardware;
}

/// The engine that was asked for, else the median and the best.
base::Status add_figures(const config::GpuSpec& gpu, const config::ModelConfig& model,
                         const baseline::BaselineQuery& query, BaselineRows& rows) {
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

/// Every GPU under configs/gpu, BF16 and, where it has it, FP8.
template <class Body>
base::Status for_each_gpu(const config::Catalogue& configs, Body body) {
  for (const auto& name : configs.gpus()) {
    const auto gpu = configs.gpu(name);
    if (!gpu) return gpu.error();
    for (const auto precision : {baseline::Precision::Bf16, baseline::Precision::Fp8}) {
      if (!in_hardware(*gpu, precision)) continue;
      if (auto done = body(*gpu, precision); !done) return done;
    }
  }
  return {};
}

GpuUnderLoad under_load(const config::GpuSpec& gpu, baseline::Precision precision,
                        const std::vector<baseline::LoadRequest>& requests, const baseline::ServingRun& run) {
  GpuUnderLoad row;
  row.gpu = gpu.name;
  row.precision = precision;
  row.most_in_batch = run.most_in_batch;
  host::Distribution first, pace;
  double tokens = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& served = run.requests[i];
    if (served.refused) {
      ++row.refused;
      continue;
    }
    const auto answer = static_cast<double>(requests[i].answer_tokens);
    tokens += answer;
    first.add(served.first_us - requests[i].arrival_us);
    if (requests[i].answer_tokens > 1) pace.add((served.last_us - served.first_us) / (answer - 1));
  }
  if (run.total_us > 0) row.tokens_per_s_total = tokens * 1e6 / run.total_us;
  row.ttft_us = first.percentiles();
  row.time_per_token_us = pace.percentiles();
  return row;
}

}  // namespace

base::Result<GpuAnswer> gpus(const GpuQuestion& question, Environment& environment) {
  const auto& configs = environment.configs();
  auto model = configs.model(question.model);
  if (!model) return model.error();
  GpuAnswer answer{*std::move(model), {question.query.batch, question.query.context, {}}};
  for (const auto& name : question.gpus.empty() ? configs.gpus() : question.gpus) {
    const auto gpu = configs.gpu(name);
    if (!gpu) return gpu.error();
    if (const auto added = add_figures(*gpu, answer.model, question.query, answer.rows); !added) return added.error();
  }
  if (question.machines) {
    auto machines = configs.machines();
    if (!machines) return machines.error();
    if (machines->empty()) return base::Error{"no file is under configs/machine; --machines expects some"};
    answer.rows.machines = *std::move(machines);
  }
  return answer;
}

std::uint64_t mean_context(std::uint64_t prompt_tokens, std::uint64_t answer_tokens) {
  return prompt_tokens + (answer_tokens - 1) / 2;
}

base::Result<BaselineRows> compare_gpus(const config::Catalogue& configs, const config::ModelConfig& model,
                                        std::uint64_t users, std::uint64_t context) {
  BaselineRows rows{users, context, {}};
  const auto done = for_each_gpu(configs, [&](const auto& gpu, auto precision) -> base::Status {
    return add_figures(gpu, model, {precision, rows.batch, rows.context}, rows);
  });
  if (!done) return done.error();
  return rows;
}

base::Result<std::vector<GpuUnderLoad>> compare_gpus_under_load(const config::Catalogue& configs,
                                                                const config::ModelConfig& model,
                                                                std::vector<baseline::LoadRequest> requests) {
  std::ranges::stable_sort(requests, {}, &baseline::LoadRequest::arrival_us);
  std::vector<GpuUnderLoad> rows;
  const auto done = for_each_gpu(configs, [&](const auto& gpu, auto precision) -> base::Status {
    const auto run = baseline::serve(gpu, model, precision, requests);
    if (!run) return run.error();
    rows.push_back(under_load(gpu, precision, requests, *run));
    return {};
  });
  if (!done) return done.error();
  return rows;
}

}  // namespace kiln::study
