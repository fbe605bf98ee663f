// What a stage's units are made of, array by array and unit by unit: amounts that do not depend on the technology.
#pragma once

#include <string>
#include <vector>

#include "kiln/cost/die.hpp"

namespace kiln::cost {

/// An amount of one kind: logic (transistors that formulas count), ROM or SRAM (bits in macros of `words`), or weights
/// in separate cells.
struct Amount {
  program::Unit unit = program::Unit::Sequencer;
  std::string what;
  floorplan::BlockKind kind = floorplan::BlockKind::Logic;
  double transistors = 0;    ///< logic
  double bits = 0;           ///< ROM and SRAM
  double words = 0;          ///< of a macro
  double weight_cells = 0;   ///< cells of one transistor
  double metal_weights = 0;  ///< weights in wires
  double held_bits = 0;      ///< codes in those cells or wires
  std::uint64_t tiles = 1;   ///< for the picture
};

/// Area, transistors and leakage of an amount.
Part priced(const Amount& amount, const config::TechConfig& tech);

/// Everything that stage `stage` has, tile arrays first.
std::vector<Amount> stage_amounts(const program::Placement& placement, const config::BakeRecipe& recipe,
                                  std::uint32_t stage);

// Circuits of single operations, for energy as well.
double vector_operation();  ///< one element through one of the vector unit's operations, mean
double score_mac();
double value_mac();
double softmax_lane();
double output_lane();
double lora_mac();
double tree_adder();
double row_scale();
double compare_lane(const config::SamplerConfig& sampler);
double embedding_lane();

}  // namespace kiln::cost
