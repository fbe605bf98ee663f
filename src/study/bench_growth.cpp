#include "study/bench_growth.hpp"

#include <fmt/format.h>

#include <memory>

#include "functional/functional_model.hpp"
#include "host/run.hpp"
#include "study/design_point.hpp"
#include "study/place.hpp"
#include "study/prefill.hpp"

namespace kiln::study {
namespace {

/// Of a round without values: enough that elaborating the chip is little beside them.
constexpr std::uint64_t kGrowthTokens = 64;
constexpr std::uint64_t kGrowthValues = 8;  ///< with values, where a token takes longer than that
constexpr std::uint32_t kDeepestKv = 1U << 20;

using Place = std::shared_ptr<const program::Placement>;

/// On the chip with as deep a KV cache as the longest context wants.
base::Result<Place> deep_enough(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                config::ChipConfig chip, std::uint64_t tokens, const config::Catalogue& configs) {
  while (true) {
    auto placed = place(model, recipe, chip, {}, configs);
    if (!placed) return placed.error();
    if (placed->placement.kv().capacity_tokens >= tokens || chip.kv.depth_words >= kDeepestKv)
      return std::make_shared<const program::Placement>(std::move(placed->placement));
    chip.kv.depth_words *= 2;
  }
}

BenchLane growth_lane(std::string name, const Place& placement, std::uint64_t context) {
  BenchLane lane;
  auto& measurement = lane.measurement;
  measurement.name = std::move(name);
  measurement.model = placement->model().name;
  measurement.what = fmt::format("{} at {} tokens", measurement.model, context);
  measurement.context = context;
  measurement.kv_bytes = context * kv_bytes(*placement).per_token;
  return lane;
}

/// The prompt goes through in the round that does not count; the others go back to it.
BenchLane values_growth_lane(const BenchSubject& subject, const Place& placement, std::uint64_t context) {
  auto lane = growth_lane("growth_values", placement, context);
  lane.measurement.bound = "read_image";
  const std::uint64_t prefix = context - kGrowthValues;
  const auto values =
      std::make_shared<functional::FunctionalModel>(subject.image, context + 1, subject.pool, numerics::best_simd());
  lane.once = [=, filled = false, quiet = subject.quiet, &model = subject.image.model(),
               bytes = subject.bytes_per_token](BenchMeasurement& measurement) mutable -> base::Result<double> {
    if (!filled) {
      const auto ids = host::seeded_prompt(prefix, model.vocab_size, 1);
      if (const auto in = prefill(*values, model, ids, quiet); !in) return in.error();
      filled = true;
    }
    values->rewind(0, prefix);
    auto took = timed_run({*placement, prefix, kGrowthValues, values.get(), quiet.stop}, measurement);
    measurement.bytes = measurement.tokens * bytes;
    return took;
  };
  return lane;
}

}  // namespace

base::Result<std::vector<BenchLane>> growth_lanes(const BenchSubject& subject, const config::Catalogue& configs) {
  std::vector<BenchLane> lanes;
  const auto chip = configs.chip(subject.question.chip);
  if (!chip) return chip.error();
  const auto most = std::end(kGrowthContexts)[-1];
  for (const char* name : kGrowthModels) {
    const auto model = configs.model(name);
    if (!model) return model.error();
    const auto placement = deep_enough(*model, subject.image.recipe(), *chip, most, configs);
    if (!placement) return placement.error();
    for (const auto context : kGrowthContexts) {
      if (context > (*placement)->kv().capacity_tokens) continue;
      auto& lane = lanes.emplace_back(growth_lane("growth", *placement, context));
      lane.once = [placement = *placement, context, stop = subject.quiet.stop](BenchMeasurement& measurement) {
        return timed_run({*placement, context - kGrowthTokens, kGrowthTokens, nullptr, stop}, measurement);
      };
    }
  }
  if (subject.question.rom.empty()) return lanes;
  const auto own = deep_enough(subject.image.model(), subject.image.recipe(), *chip, most, configs);
  if (!own) return own.error();
  for (const auto context : kGrowthContexts)
    if (context <= std::min<std::uint64_t>(subject.image.model().max_context, (*own)->kv().capacity_tokens))
      lanes.push_back(values_growth_lane(subject, *own, context));
  return lanes;
}

}  // namespace kiln::study
