#include "study/images.hpp"

#include "study/place.hpp"

namespace kiln::study {
namespace {

base::Result<Inspection> inspect_checkpoint(const InspectQuestion& question, const config::Catalogue& configs) {
  if (!question.chip.empty() || !question.against.empty())
    return base::Error{question.file + " is a checkpoint; --chip and --against need a ROM image"};
  auto checkpoint = open_checkpoint(question.file, configs);
  if (!checkpoint) return checkpoint.error();
  return Inspection(*std::move(checkpoint));
}

base::Result<bake::Comparison> compare(const InspectQuestion& question, const rom::RomImage& image,
                                       Environment& environment) {
  bake::CompareOptions options{question.rebake ? bake::Proof::Bytes : bake::Proof::Codes, nullptr};
  config::BakeRecipe recipe;
  if (!question.recipe.empty()) {
    auto named = environment.configs().recipe(question.recipe);
    if (!named) return named.error();
    recipe = *std::move(named);
    options.recipe = &recipe;
  }
  const auto checkpoint = open_checkpoint(question.against, environment.configs());
  if (!checkpoint) return checkpoint.error();
  return bake::compare(image, **checkpoint, environment.pool(), environment.progress, options);
}

base::Result<Inspection> inspect_rom(const InspectQuestion& question, Environment& environment) {
  auto image = rom::RomImage::open(question.file, environment.pool(), environment.progress);
  if (!image) return image.error();
  RomInspection inspection{*std::move(image), {}, {}};
  if (!question.chip.empty()) {
    const auto& configs = environment.configs();
    const auto chip = configs.chip(question.chip);
    if (!chip) return chip.error();
    auto placed = place(inspection.image.model(), inspection.image.recipe(), *chip, {}, configs);
    if (!placed) return placed.error();
    inspection.placement = std::move(placed->placement);
  }
  if (!question.against.empty()) {
    auto compared = compare(question, inspection.image, environment);
    if (!compared) return compared.error();
    inspection.comparison = *std::move(compared);
  }
  return Inspection(std::move(inspection));
}

base::Result<BakeAnswer> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, Environment& environment, const bake::BakeOptions& options) {
  const auto started = HostClock::now();
  auto baked = bake::bake(checkpoint, recipe, output, environment.pool(), environment.progress, options);
  if (!baked) return baked.error();
  return BakeAnswer{checkpoint.config(), recipe, *std::move(baked), output, host_figures(environment, started)};
}

}  // namespace

base::Result<BakeAnswer> bake(const BakeQuestion& question, Environment& environment) {
  const auto started = HostClock::now();
  const auto recipe = environment.configs().recipe(question.recipe);
  if (!recipe) return recipe.error();
  const auto checkpoint = open_checkpoint(question.checkpoint, environment.configs());
  if (!checkpoint) return checkpoint.error();
  Warnings warnings(environment);
  if (auto sentence = checkpoint::missing_tokenizer(**checkpoint); !sentence.empty()) warnings.add(std::move(sentence));
  auto answer = bake(**checkpoint, *recipe, question.output, environment, {true, environment.on_note});
  if (!answer) return answer;
  answer->host = host_figures(environment, started);
  answer->warnings = warnings.take();
  return answer;
}

base::Result<BakeAnswer> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, Environment& environment) {
  return bake(checkpoint, recipe, output, environment, {});
}

base::Result<Inspection> inspect(const InspectQuestion& question, Environment& environment) {
  if (question.against.empty() && (question.rebake || !question.recipe.empty()))
    return base::Error{"--rebake and --recipe have no effect without --against: nothing is compared"};
  return is_checkpoint(question.file) ? inspect_checkpoint(question, environment.configs())
                                      : inspect_rom(question, environment);
}

}  // namespace kiln::study
