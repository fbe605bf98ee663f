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
  std::uint32_t ports = 1;   ///< reads of a word of SRAM a cycle
  double weight_cells = 0;   ///< cells of one transistor
  double metal_weights = 0;  ///< weights in wires
  double held_bits = 0;      ///< codes in those cells or wires
  std::uint64_t tiles = 1;   ///< for the picture
  double flip_flops = 0;     ///< among the transistors
};

/// Area, transistors and leakage of an amount.
Part priced(const Amount& amount, const config::TechConfig& tech);

/// Everything that stage `stage` has, tile arrays first.
std::vector<Amount> stage_amounts(const program::Placement& placement, const config::BakeRecipe& recipe,
                                  std::uint32_t stage);

/// An amount of logic; `transistors` without those of its flip-flops.
Amount logic(program::Unit unit, std::string what, double transistors, double flip_flops);
void add_attention(std::vector<Amount>& all, const program::Placement& placement);
void add_kv(std::vector<Amount>& all, const program::Placement& placement, std::uint32_t layers);

// Circuits of single operations, for energy as well.
double quantise_lane();
double vector_operation();  ///< one element through one of the vector unit's operations, mean
double score_mac();
double value_mac();
double softmax_lane(double cycles);
double output_lane();
double lora_mac();
double tree_adder();
double row_scale(double cycles);
double compare_lane(const config::SamplerConfig& sampler);
double embedding_lane();
/// Between the words that banks give in a cycle and the lanes that take them: of `bits` bits of a word, the transistors
/// that one word passes. Any permutation of `ends` words: a Benes network, two multiplexers a switch.
double crossbar_word(double ends, double bits);
double crossbar_levels(double ends);
double crossbar_ends(const program::Placement& placement);

}  // namespace kiln::cost
