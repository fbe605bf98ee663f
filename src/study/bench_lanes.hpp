// What Kiln does with a model, each as a measurement. Private to the study module.
#pragma once

#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "functional/functional_model.hpp"
#include "rom/rom_image.hpp"
#include "study/bench_rounds.hpp"

namespace kiln::study {

/// What lanes work on; all of it outlives them. Its progress only stops, and tells nothing.
struct BenchSubject {
  const BenchQuestion& question;
  const rom::RomImage& image;
  const program::Placement& placement;
  std::uint64_t bytes_per_token;
  base::ThreadPool& pool;
  base::Progress quiet;
};

/// A run of one user without a cached prompt or behind one: `new_tokens` tokens, all of them with logits.
struct BenchRun {
  const program::Placement& placement;
  std::uint64_t cached_prefix;
  std::uint64_t new_tokens;
  functional::FunctionalModel* values;  ///< null: timing only
  std::stop_token stop;
};
/// Seconds of the run, which fill tokens, cycles and events; fails where simulation and formulas differ.
base::Result<double> timed_run(const BenchRun& run, BenchMeasurement& measurement);

/// Decode with timing and without, with counters and without.
std::vector<BenchLane> decode_lanes(const BenchSubject& subject);
BenchLane timing_lane(const BenchSubject& subject);
BenchLane prefill_lane(const BenchSubject& subject);
BenchLane eval_lane(const BenchSubject& subject);
/// What the multiply ports bound: each thread multiplies registers. With vector instructions only.
BenchLane registers_lane(const BenchSubject& subject);
/// Into `folder`; the checkpoint outlives the lane.
BenchLane bake_lane(const BenchSubject& subject, const checkpoint::Checkpoint& checkpoint,
                    const config::BakeRecipe& recipe, const std::string& folder);

}  // namespace kiln::study
