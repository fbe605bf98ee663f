#include "study/bench_lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "bake/bake.hpp"
#include "evaluate/evaluate.hpp"
#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "numerics/register_products.hpp"
#include "study/bytes_read.hpp"
#include "study/prefill.hpp"

namespace kiln::study {
namespace {

using Values = std::shared_ptr<functional::FunctionalModel>;

constexpr std::uint64_t kBenchSeed = 1;
/// Times as many tokens as with values, so that a round is no moment.
constexpr std::uint64_t kTimingTokens = 16;

Values values_of(const BenchSubject& subject, std::uint64_t tokens, bool counters = false) {
  auto values =
      std::make_shared<functional::FunctionalModel>(subject.image, tokens, subject.pool, numerics::best_simd());
  if (counters) values->count_switching();
  return values;
}

BenchLane lane_of(const BenchSubject& subject, std::string name, std::string what, std::uint64_t tokens) {
  BenchLane lane;
  auto& measurement = lane.measurement;
  measurement.name = std::move(name);
  measurement.what = std::move(what);
  measurement.bound = "read_image";
  measurement.tokens = tokens;
  measurement.bytes = tokens * subject.bytes_per_token;
  return lane;
}

/// The chip's run, whose units ask for the values.
BenchLane with_timing(const BenchSubject& subject, bool counters) {
  const auto tokens = subject.question.new_tokens;
  auto lane = lane_of(subject, counters ? "decode" : "decode_uncounted",
                      counters ? "decode: values, timing, counters" : "decode: values, timing", tokens);
  lane.once = [&placement = subject.placement, tokens, stop = subject.quiet.stop,
               values = values_of(subject, tokens + 1, counters)](BenchMeasurement& measurement) {
    return timed_run({placement, 0, tokens, values.get(), stop}, measurement);
  };
  return lane;
}

/// Each token is the most likely one after those before it.
BenchLane without_timing(const BenchSubject& subject, bool counters) {
  const auto tokens = subject.question.new_tokens;
  auto lane = lane_of(subject, counters ? "values_counted" : "values",
                      counters ? "decode: values, counters" : "decode: values alone", tokens);
  lane.once = [tokens, quiet = subject.quiet,
               values = values_of(subject, tokens + 1, counters)](BenchMeasurement&) -> base::Result<double> {
    values->reset();
    return seconds_of([&]() -> base::Status {
      base::TokenId id = 1;
      for (std::uint64_t i = 0; i < tokens; ++i) {
        if (quiet.stopped()) return base::Error{"interrupted"};
        values->forward(id, true);
        id = values->argmax();
      }
      return {};
    });
  };
  return lane;
}

}  // namespace

base::Result<double> timed_run(const BenchRun& run, BenchMeasurement& measurement) {
  chip::RunRequest request;
  auto& user = request.users.emplace_back();
  user.prompt = {1};
  user.cached_prefix = run.cached_prefix;
  user.max_new_tokens = run.new_tokens;
  request.values = run.values;
  request.stop = run.stop;
  return seconds_of([&]() -> base::Status {
    const auto ran = host::run(run.placement, request);
    if (!ran) return ran.error();
    if (ran->mismatch) return base::Error{*ran->mismatch};
    measurement.tokens = ran->chip.tokens.size();
    measurement.cycles = ran->chip.total.count();
    measurement.kernel_events = ran->chip.kernel_events;
    return {};
  });
}

std::vector<BenchLane> decode_lanes(const BenchSubject& subject) {
  std::vector<BenchLane> lanes;
  for (const bool counters : {true, false}) lanes.push_back(with_timing(subject, counters));
  for (const bool counters : {true, false}) lanes.push_back(without_timing(subject, counters));
  return lanes;
}

BenchLane timing_lane(const BenchSubject& subject) {
  const auto tokens = std::min(kTimingTokens * subject.question.new_tokens, subject.placement.kv().capacity_tokens - 1);
  auto lane = lane_of(subject, "timing", "decode: timing alone", tokens);
  lane.measurement.bytes = 0;  // no weight is read
  lane.measurement.bound = "";
  lane.once = [&placement = subject.placement, tokens, stop = subject.quiet.stop](BenchMeasurement& measurement) {
    return timed_run({placement, 0, tokens, nullptr, stop}, measurement);
  };
  return lane;
}

BenchLane prefill_lane(const BenchSubject& subject) {
  const auto tokens = subject.question.prompt_tokens;
  auto lane = lane_of(subject, "prefill", "prefill: values alone", tokens);
  lane.measurement.products = products_of(subject.image, tokens, 1);
  lane.once = [quiet = subject.quiet, values = values_of(subject, tokens), &model = subject.image.model(),
               ids = host::seeded_prompt(tokens, subject.image.model().vocab_size, kBenchSeed)](BenchMeasurement&) {
    return seconds_of([&] { return prefill(*values, model, ids, quiet); });
  };
  return lane;
}

BenchLane registers_lane(const BenchSubject& subject) {
  constexpr std::uint64_t kRoundsOfRegisters = 4096;  // 4 billion products a thread: tens of milliseconds
  BenchLane lane;
  lane.measurement.name = kBenchRegisters;
  lane.measurement.what = "products of registers alone";
  lane.once = [&pool = subject.pool](BenchMeasurement& measurement) {
    std::vector<std::uint64_t> products(pool.threads());
    const auto took = seconds_of([&]() -> base::Status {
      pool.parallel_for(products.size(), [&](std::size_t i) {
        auto sum = static_cast<std::int32_t>(i);
        products[i] = numerics::multiply_registers(numerics::best_simd(), kRoundsOfRegisters, sum);
        volatile std::int32_t kept = sum;
        static_cast<void>(kept);
      });
      return {};
    });
    measurement.products = std::accumulate(products.begin(), products.end(), std::uint64_t{0});
    return took;
  };
  return lane;
}

BenchLane eval_lane(const BenchSubject& subject) {
  const auto tokens = subject.question.context;
  auto lane = lane_of(subject, "eval", "eval: logits of every token", tokens);
  lane.measurement.products = products_of(subject.image, tokens, tokens);
  evaluate::EvaluateRequest request;
  request.ids = host::seeded_prompt(tokens, subject.image.model().vocab_size, kBenchSeed);
  request.context = tokens;
  request.pool = &subject.pool;
  lane.once = [quiet = subject.quiet, request,
               chip = std::shared_ptr<evaluate::Predictor>(evaluate::chip_predictor(
                   subject.image, tokens, subject.pool, numerics::best_simd()))](BenchMeasurement&) {
    return seconds_of([&]() -> base::Status {
      const auto done = evaluate::evaluate(request, nullptr, chip.get(), quiet);
      if (!done) return done.error();
      return {};
    });
  };
  return lane;
}

BenchLane bake_lane(const BenchSubject& subject, const checkpoint::Checkpoint& checkpoint,
                    const config::BakeRecipe& recipe, const std::string& folder) {
  BenchLane lane;
  lane.warms_up = false;  // the longest of all, and its source is generated or read from a file in any case
  lane.measurement.name = "bake";
  lane.measurement.what = fmt::format("bake: {} by {}", checkpoint.config().name, recipe.name);
  lane.once = [&checkpoint, recipe, &pool = subject.pool, quiet = subject.quiet,
               output = folder + "/again.rom"](BenchMeasurement& measurement) {
    return seconds_of([&]() -> base::Status {
      const auto baked = bake::bake(checkpoint, recipe, output, pool, quiet);
      if (!baked) return baked.error();
      measurement.bytes = 2 * baked->weights;
      return {};
    });
  };
  return lane;
}

}  // namespace kiln::study
