// What `kiln bake` and `kiln inspect` say: JSON for machines, tables for people. docs/report.md explains every key.
#pragma once

#include <string>

#include "bake/bake.hpp"
#include "checkpoint/checkpoint.hpp"
#include "kiln/program/placement.hpp"
#include "kiln/study/inputs/host_figures.hpp"
#include "rom/rom_image.hpp"

namespace kiln::report {

struct BakeSummary {
  const config::ModelConfig& model;
  const config::BakeRecipe& recipe;
  const bake::BakeReport& report;
  std::string output;
  study::HostFigures host;
};
std::string bake_json(const BakeSummary& summary);
std::string bake_text(const BakeSummary& summary);

/// A ROM image, with its tiles on a chip and its comparison with a checkpoint where they were asked for.
struct RomInspection {
  const rom::RomImage& image;
  const program::Placement* placement = nullptr;
  const bake::Comparison* comparison = nullptr;
};
std::string inspect_json(const RomInspection& inspection);
std::string inspect_text(const RomInspection& inspection);

std::string inspect_json(const checkpoint::Checkpoint& checkpoint);
std::string inspect_text(const checkpoint::Checkpoint& checkpoint);

}  // namespace kiln::report
