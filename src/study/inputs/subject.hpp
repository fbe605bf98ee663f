// What questions are about, loaded: a ROM image with its tokenizer and adapter, shapes alone, or a checkpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/adapter_shape.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::study {

/// A file of a ROM image, or else a model as shapes_of() takes it and the name of a recipe; the directory of an adapter,
/// or empty.
struct SubjectNames {
  std::string rom, model, recipe, lora;
};

struct Subject {
  std::optional<rom::RomImage> rom;
  config::ModelConfig model;
  config::BakeRecipe recipe;
  std::optional<tokenizer::Tokenizer> tokenizer;
  config::AdapterShape adapter_shape;
  std::optional<rom::Adapter> adapter;  ///< with an image
};

/// An image whose values are computed: warns where it does not find room in memory.
base::Result<rom::RomImage> open_image(const std::string& file, Environment& environment);

base::Result<Subject> load_subject(const SubjectNames& names, Environment& environment);

/// An adapter as the chip keeps it beside its ROM.
base::Result<rom::Adapter> load_adapter(const std::string& directory, const config::ModelConfig& model);

/// A directory, a GGUF file or a seed; every other file is taken for a ROM image.
bool is_checkpoint(const std::string& file);

/// The shapes of a model: a name or a file of a config, or a checkpoint, whose directory has a '/' in its name as every
/// file has beside names.
base::Result<config::ModelConfig> shapes_of(const std::string& model, const config::Catalogue& configs);

/// A directory, a GGUF file, or synthetic:MODEL[:SEED].
base::Result<std::unique_ptr<checkpoint::Checkpoint>> open_checkpoint(const std::string& source,
                                                                      const config::Catalogue& configs);

}  // namespace kiln::study
