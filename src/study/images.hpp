// ROM images as `kiln bake` writes them and `kiln inspect` describes them: the questions, and answers that own what they
// tell.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bake/bake.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/inputs/host_figures.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::study {

struct BakeQuestion {
  std::string checkpoint;  ///< a directory, a GGUF file, or synthetic:MODEL[:SEED]
  std::string output;      ///< appears when all of it is written, or not at all
  std::string recipe = "w3w6";
};

struct BakeAnswer {
  config::ModelConfig model;
  config::BakeRecipe recipe;
  bake::BakeReport report;
  std::string output;
  HostFigures host;
  std::vector<std::string> warnings = {};  ///< of the checkpoint; said at once as well
};

/// Goes on with what an earlier one left that was killed or interrupted.
base::Result<BakeAnswer> bake(const BakeQuestion& question, Environment& environment);
/// Of a checkpoint that is open and a recipe as resolved, from the beginning.
base::Result<BakeAnswer> bake(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                              const std::string& output, Environment& environment);

struct InspectQuestion {
  std::string file;          ///< a ROM image or a checkpoint
  std::string chip = {};     ///< of an image: its tiles on this chip; or empty
  std::string against = {};  ///< the checkpoint that it is compared with; or empty
  bool rebake = false;       ///< with `against`: every byte must be what baking again writes
  std::string recipe = {};   ///< with `against`: by which the image must have been baked; or empty
};

struct RomInspection {
  rom::RomImage image;
  std::optional<program::Placement> placement;
  std::optional<bake::Comparison> comparison;
};

using Inspection = std::variant<RomInspection, std::unique_ptr<checkpoint::Checkpoint>>;

base::Result<Inspection> inspect(const InspectQuestion& question, Environment& environment);

}  // namespace kiln::study
