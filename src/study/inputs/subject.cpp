#include "study/inputs/subject.hpp"

#include "bake/bake.hpp"
#include "checkpoint/lora.hpp"

namespace kiln::study {
namespace {

base::Result<Subject> shapes_alone(const SubjectNames& names, const config::Catalogue& configs) {
  Subject subject;
  auto model = configs.model(names.model);
  if (!model) return model.error();
  auto recipe = configs.recipe(names.recipe);
  if (!recipe) return recipe.error();
  subject.model = *std::move(model);
  subject.recipe = *std::move(recipe);
  return subject;
}

base::Result<Subject> image(const SubjectNames& names, Environment& environment) {
  Subject subject;
  auto opened = rom::RomImage::open(names.rom, environment.pool(), environment.progress);
  if (!opened) return opened.error();
  subject.rom = *std::move(opened);
  subject.model = subject.rom->model();
  subject.recipe = subject.rom->recipe();
  if (subject.rom->tokenizer()) {
    auto made = tokenizer::Tokenizer::create(*subject.rom->tokenizer());
    if (!made) return made.error();
    subject.tokenizer = *std::move(made);
  }
  return subject;
}

base::Status add_adapter(const std::string& directory, Subject& subject) {
  if (directory.empty()) return {};
  const auto adapter = checkpoint::open_lora(directory, subject.model);
  if (!adapter) return adapter.error();
  subject.adapter_shape = adapter->shape();
  if (!subject.rom) return {};
  auto baked = bake::bake_adapter(*adapter, subject.model);
  if (!baked) return baked.error();
  subject.adapter = *std::move(baked);
  return {};
}

}  // namespace

base::Result<Subject> load_subject(const SubjectNames& names, Environment& environment) {
  auto subject = names.rom.empty() ? shapes_alone(names, environment.configs()) : image(names, environment);
  if (!subject) return subject;
  if (const auto added = add_adapter(names.lora, *subject); !added) return added.error();
  return subject;
}

base::Result<rom::Adapter> load_adapter(const std::string& directory, const config::ModelConfig& model) {
  const auto adapter = checkpoint::open_lora(directory, model);
  if (!adapter) return adapter.error();
  return bake::bake_adapter(*adapter, model);
}

base::Result<std::unique_ptr<checkpoint::Checkpoint>> open_checkpoint(const std::string& source,
                                                                      const config::Catalogue& configs) {
  const auto synthetic = checkpoint::parse_synthetic(source);
  if (!synthetic) return synthetic.error();
  if (!*synthetic) return checkpoint::open(source);
  const auto shapes = configs.model((*synthetic)->model);
  if (!shapes) return shapes.error();
  return checkpoint::synthetic(*shapes, (*synthetic)->seed);
}

}  // namespace kiln::study
