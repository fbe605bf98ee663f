#include "kiln/study/bench.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "bake/bake.hpp"
#include "base/file_roles.hpp"
#include "base/temporary_folder.hpp"
#include "evaluate/evaluate.hpp"
#include "kiln/study/evaluate.hpp"
#include "study/bench_growth.hpp"
#include "study/bench_lanes.hpp"
#include "study/bench_llama.hpp"
#include "study/bench_machine.hpp"
#include "study/bench_reads.hpp"
#include "study/bytes_read.hpp"
#include "study/inputs/subject.hpp"
#include "study/place.hpp"
#include "study/prompts.hpp"

namespace kiln::study {
namespace {

/// While it is there, the environment's progress only stops: each measurement would tell its own.
class QuietTime {
 public:
  explicit QuietTime(Environment& environment)
      : environment_(environment), loud_(std::exchange(environment.progress, {{}, environment.progress.stop})) {}
  ~QuietTime() { environment_.progress = loud_; }
  QuietTime(const QuietTime&) = delete;
  QuietTime& operator=(const QuietTime&) = delete;
  [[nodiscard]] const base::Progress& loud() const { return loud_; }

 private:
  Environment& environment_;
  base::Progress loud_;
};

base::Status between(const char* option, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return {};
  return base::Error{fmt::format("{} is {}; {} to {} is expected", option, value, least, most)};
}

bool is_wanted(const BenchQuestion& question, std::string_view part) {
  return question.only.empty() || std::ranges::find(question.only, part) != question.only.end();
}

/// What is measured: an image that is there or was baked, and the checkpoint that is baked.
struct Parts {
  std::unique_ptr<checkpoint::Checkpoint> source;  ///< null: an image is there, and nothing is baked
  config::BakeRecipe recipe;                       ///< of the source
  std::optional<rom::RomImage> image;
};

base::Result<Parts> open_parts_of(const BenchQuestion& question, const std::string& folder, Environment& environment,
                                  const base::Progress& progress) {
  Parts parts;
  if (question.rom.empty() || !question.model.empty()) {
    const auto& configs = environment.configs();
    auto recipe = configs.recipe(question.recipe.value_or("w3w6"));
    if (!recipe) return recipe.error();
    auto source = open_checkpoint(question.model.empty() ? kBenchModel : question.model, configs);
    if (!source) return source.error();
    parts.recipe = *std::move(recipe);
    parts.source = *std::move(source);
  }
  std::string rom = question.rom;
  if (rom.empty()) {
    rom = folder + "/bench.rom";
    const auto baked = bake::bake(*parts.source, parts.recipe, rom, environment.pool(), progress);
    if (!baked) return baked.error();
  }
  auto image = open_image(rom, environment);
  if (!image) return image.error();
  parts.image = *std::move(image);
  return parts;
}

base::Status fits_kv(const BenchQuestion& question, const program::Placement& placement) {
  const auto capacity = placement.kv().capacity_tokens;
  if (question.new_tokens < capacity) return {};
  return base::Error{fmt::format("-n is {}; the KV cache of chip {} holds {} tokens, one of them the prompt's",
                                 question.new_tokens, placement.chip().name, capacity)};
}

KernelSizes sizes_of(const BenchQuestion& question, const MachineFigures& machine) {
  const auto enough = std::clamp<std::uint64_t>(machine.largest_cache_bytes >> 19, 128, 1024);
  return {question.kernel_mib == 0 ? enough : question.kernel_mib, std::max<std::uint64_t>(1, question.window_mib)};
}

/// For what is baked and for what llama-bench says; none where neither is.
base::Result<std::optional<base::TemporaryFolder>> folder_of(const BenchQuestion& question) {
  std::optional<base::TemporaryFolder> folder;
  if (!question.rom.empty() && question.model.empty() && question.llama_bench.empty()) return folder;
  auto made = base::TemporaryFolder::create("kiln-bench", "where an image is baked");
  if (!made) return made.error();
  folder.emplace(*std::move(made));
  return folder;
}

/// In the order of a round.
base::Result<std::vector<BenchLane>> lanes_of(const BenchSubject& subject, const Parts& parts,
                                              const MachineFigures& machine, const std::string& folder,
                                              const std::shared_ptr<LlamaSaid>& said,
                                              const config::Catalogue& configs) {
  const auto& question = subject.question;
  std::vector<BenchLane> lanes;
  const auto add = [&](std::vector<BenchLane> more) {
    lanes.insert(lanes.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
  };
  lanes.push_back(read_lane("read_image", "plain read of the image", subject.image.bytes(), subject.pool));
  if (is_wanted(question, "decode")) add(decode_lanes(subject));
  if (!question.llama_bench.empty()) add(llama_lanes(subject, folder, said));
  const bool many = is_wanted(question, "prefill") || is_wanted(question, "eval");
  if (many && numerics::best_simd() != numerics::Simd::Scalar) lanes.push_back(registers_lane(subject));
  if (is_wanted(question, "prefill")) lanes.push_back(prefill_lane(subject));
  if (is_wanted(question, "eval")) lanes.push_back(eval_lane(subject));
  if (is_wanted(question, "timing")) lanes.push_back(timing_lane(subject));
  if (is_wanted(question, "bake") && parts.source)
    lanes.push_back(bake_lane(subject, *parts.source, parts.recipe, folder));
  if (is_wanted(question, "kernels")) add(kernel_lanes(sizes_of(question, machine), machine.widths, subject.pool));
  if (question.growth) {
    auto growth = growth_lanes(subject, configs);
    if (!growth) return growth.error();
    add(*std::move(growth));
  }
  return lanes;
}

}  // namespace

base::Status check(const BenchQuestion& question) {
  for (const auto& part : question.only)
    if (std::ranges::find(kBenchParts, part) == std::end(kBenchParts))
      return base::Error{fmt::format("--only {}: one of {} is expected", part, fmt::join(kBenchParts, ", "))};
  if (!question.rom.empty() && question.model.empty() && question.recipe)
    return base::Error{"--recipe has no effect beside --rom without --model: nothing is baked"};
  if (!question.rom.empty() && question.model.empty() && !question.only.empty() && is_wanted(question, "bake"))
    return base::Error{"--only bake needs a checkpoint to bake beside --rom: give --model P"};
  if (question.llama_bench.empty() != question.llama_model.empty())
    return base::Error{"--llama-bench and --llama-model are expected together"};
  for (const auto& [option, value, least, most] :
       {std::tuple("--rounds", question.rounds, 1, 1000),
        {"-n", question.new_tokens, 2, 1 << 20},
        {"--prompt-tokens", question.prompt_tokens, 1, 1 << 20},
        {"--context", question.context, static_cast<int>(kLeastContext), 1 << 20},
        {"--kernel-mib", question.kernel_mib, 0, 65536}})
    if (const auto good = between(option, value, static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most));
        !good)
      return good;
  return {};
}

base::Result<BenchAnswer> bench(const BenchQuestion& question, Environment& environment) {
  const auto started = HostClock::now();
  if (const auto valid = check(question); !valid) return valid.error();
  if (!question.llama_bench.empty())
    for (const auto& file : {question.llama_bench, question.llama_model})
      if (const auto free = base::claim_input(file); !free) return free.error();
  const QuietTime quiet(environment);
  const auto folder = folder_of(question);
  if (!folder) return folder.error();
  const auto chip = environment.configs().chip(question.chip);
  if (!chip) return chip.error();
  if (!chip->silicon) {
    const auto read = environment.configs().refuse_overrides("tech", "chip " + chip->name + " has no /silicon");
    if (!read) return read.error();
  }
  const std::string place_for_files = *folder ? (*folder)->path() : "";
  const auto parts = open_parts_of(question, place_for_files, environment, quiet.loud());
  if (!parts) return parts.error();
  const auto& image = *parts->image;
  auto placed = place(image.model(), image.recipe(), *chip, {}, environment.configs());
  if (!placed) return placed.error();
  BenchAnswer answer(placed->placement, image.recipe());
  if (const auto good = fits_kv(question, answer.placement); !good) return good.error();
  answer.rom_hash = image.content_hash();
  answer.image_bytes = image.file_bytes();
  answer.bytes_per_token = bytes_read_per_token(image);
  answer.machine = this_machine();
  if (is_wanted(question, "kernels"))
    if (const auto good = fits_memory(sizes_of(question, answer.machine), answer.machine.memory_bytes); !good)
      return good.error();
  answer.rounds = question.rounds;
  const BenchSubject subject{
      question, image, answer.placement, answer.bytes_per_token, environment.pool(), environment.progress};
  const auto said = std::make_shared<LlamaSaid>();
  auto lanes = lanes_of(subject, *parts, answer.machine, place_for_files, said, environment.configs());
  if (!lanes) return lanes.error();
  if (const auto done = take_turns(*lanes, question.rounds, quiet.loud()); !done) return done.error();
  for (auto& lane : *lanes) answer.measurements.push_back(std::move(lane.measurement));
  if (!question.llama_bench.empty()) answer.llama = llama_answer(answer.measurements, *said);
  answer.host = host_figures(environment, started);
  return answer;
}

}  // namespace kiln::study
