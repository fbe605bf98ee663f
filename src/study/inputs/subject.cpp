#include "study/inputs/subject.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "bake/bake.hpp"
#include "checkpoint/lora.hpp"

namespace kiln::study {
namespace {

base::Result<Subject> shapes_alone(const SubjectNames& names, const config::Catalogue& configs) {
  Subject subject;
  auto model = shapes_of(names.model, configs);
  if (!model) return model.error();
  auto recipe = configs.recipe(names.recipe);
  if (!recipe) return recipe.error();
  subject.model = *std::move(model);
  subject.recipe = *std::move(recipe);
  return subject;
}

base::Result<Subject> image(const SubjectNames& names, Environment& environment) {
  Subject subject;
  auto opened = open_image(names.rom, environment);
  if (!opened) return opened.error();
  subject.rom = *std::move(opened);
  subject.model = subject.rom->model();
  subject.recipe = subject.rom->recipe();
  if (subject.rom->tokenizer()) {
    auto made = tokenizer::Tokenizer::create(*subject.rom->tokenizer());
    if (!made) return base::Error{names.rom + ": " + made.error().message};
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

constexpr double kAllInMemory = 0.95;  // some pages may be gone by chance

}  // namespace

base::Result<rom::RomImage> open_image(const std::string& file, Environment& environment) {
  auto image = rom::RomImage::open(file, environment.pool(), environment.progress);
  if (!image || image->share_in_memory() >= kAllInMemory || !environment.on_warning) return image;
  environment.on_warning(fmt::format(
      "{} ({:.1f} GB) does not find room in memory: each pass over its weights reads them from the disk again", file,
      static_cast<double>(image->file_bytes()) * 1e-9));
  return image;
}

base::Result<Subject> load_subject(const SubjectNames& names, Environment& environment) {
  auto subject = names.rom.empty() ? shapes_alone(names, environment.configs()) : image(names, environment);
  if (!subject) return subject;
  if (const auto added = add_adapter(names.lora, *subject); !added) return added.error();
  return subject;
}

bool is_checkpoint(const std::string& file) {
  if (file.starts_with("synthetic:") || file.ends_with(".gguf")) return true;
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return true;
  if (!std::filesystem::is_regular_file(file, ignored)) return false;  // reading a pipe would wait for a writer
  char magic[4] = {};
  std::ifstream(file, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "GGUF";
}

base::Result<config::ModelConfig> shapes_of(const std::string& model, const config::Catalogue& configs) {
  const bool synthetic = model.starts_with("synthetic:");
  const bool file = model.find('/') != model.npos && !model.ends_with(".json");
  if (!synthetic && !model.ends_with(".gguf") && !(file && is_checkpoint(model))) return configs.model(model);
  if (!synthetic)
    if (const auto good = configs.refuse_overrides("model", model + " has shapes of its own"); !good)
      return good.error();
  const auto checkpoint = open_checkpoint(model, configs);
  if (!checkpoint) return checkpoint.error();
  return (*checkpoint)->config();
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
