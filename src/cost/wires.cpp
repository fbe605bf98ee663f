#include "cost/wires.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cost/tile.hpp"
#include "cost/tile_shape.hpp"
#include "program/link_ends.hpp"

namespace kiln::cost {
namespace {

using config::Link;
using program::ArrayKind;
using program::Unit;

constexpr double kWord = 32;                       // bits of binary32, and of a token id with its slot
constexpr double kActivationBits = 8 + 12 / 64.0;  // INT8 code, and an exponent a group of 64
constexpr double kSumBits = 46;                    // S

// Of the side of a stage's region, from its centre: the mean over a square is a half; a bus reaches the farthest tile of
// its array, which for the arrays of the shipped chips is this far on their floorplans (wires_test.cpp).
constexpr double kMean = 0.5;
constexpr double kFarthest = 0.65;

std::optional<ArrayKind> array_of(const Bus& bus) {
  for (std::size_t k = 0; k < program::kArrays; ++k) {
    const auto kind = static_cast<ArrayKind>(k);
    for (const Unit unit : {program::array_unit(kind), program::tree_unit(kind)})
      if (bus.from == unit || bus.to == unit) return kind;
  }
  return std::nullopt;
}

double wires_of(const program::Placement& placement, const Bus& bus) {
  const auto& chip = placement.chip();
  const double beat = chip.link.beat_elements();
  switch (bus.link) {
    case Link::VectorToArray:
      return beat * kActivationBits;
    case Link::ArrayToTree: {
      // A lane of the tree takes a sum of every row of tiles.
      const auto& plan = placement.array(*array_of(bus));
      return kSumBits * plan.tiles_over_inputs * std::min(chip.reduction.outputs_per_cycle, plan.outputs);
    }
    case Link::SequencerToEmbedding:
    case Link::SamplerToSequencer:
    case Link::VectorToSequencer:
      return kWord;
    case Link::EmbeddingToVector:
    case Link::TreeToVector:
    case Link::TreeToSampler:
    case Link::VectorToAttention:
    case Link::AttentionToVector:
    case Link::VectorToVector:
      return beat * kWord;
  }
  base::check(false, "cost: a link without a width");
  return 0;
}

bool is_here(const program::Placement& placement, std::uint32_t stage, const Bus& bus) {
  const auto& stages = placement.dataflow().stages();
  const bool first = stage == 0, last = stage + 1 == stages.size(), layers = stages[stage].layers > 0;
  switch (bus.link) {
    case Link::SequencerToEmbedding:
    case Link::EmbeddingToVector:
    case Link::VectorToSequencer:
      return first;
    case Link::SamplerToSequencer:
    case Link::TreeToSampler:
      return last;
    case Link::VectorToVector:
      return !last;
    case Link::VectorToAttention:
    case Link::AttentionToVector:
      return layers;
    case Link::VectorToArray:
    case Link::ArrayToTree:
    case Link::TreeToVector:
      return array_of(bus) == ArrayKind::LmHead ? last : layers;
  }
  return false;
}

/// At the side of the stage's centre, where the vector unit is.
bool is_near(const Bus& bus) {
  switch (bus.link) {
    case Link::TreeToVector:
    case Link::TreeToSampler:
    case Link::VectorToAttention:
    case Link::AttentionToVector:
    case Link::SamplerToSequencer:
    case Link::VectorToSequencer:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<Bus> buses(const program::Placement& placement, std::uint32_t stage) {
  std::vector<Bus> all;
  for (const auto& ends : program::link_ends()) {
    Bus bus{ends.link, ends.from, ends.to, 0};
    if (!is_here(placement, stage, bus)) continue;
    bus.wires = wires_of(placement, bus);
    all.push_back(bus);
  }
  return all;
}

std::vector<Bus> buses(const program::Placement& placement) {
  std::vector<Bus> all;
  for (std::uint32_t stage = 0; stage < placement.dataflow().stages().size(); ++stage)
    for (const Bus& bus : buses(placement, stage)) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const Bus& other) {
        return other.link == bus.link && other.from == bus.from && other.to == bus.to;
      });
      if (!known) all.push_back(bus);
    }
  return all;
}

double bits_per_token(const program::Placement& placement, const Bus& bus) {
  const auto& model = placement.model();
  const double layers = model.layers;
  const double head = static_cast<double>(model.heads) * model.head_dim;
  if (const auto kind = array_of(bus)) {
    const auto& plan = placement.array(*kind);
    const double times = *kind == ArrayKind::LmHead ? 1 : layers;
    if (bus.link == Link::VectorToArray) return times * plan.inputs * kActivationBits;
    if (bus.link == Link::ArrayToTree) return times * plan.outputs * plan.tiles_over_inputs * kSumBits;
    return times * plan.outputs * kWord;
  }
  switch (bus.link) {
    case Link::EmbeddingToVector:
      return model.hidden_size * kWord;
    case Link::VectorToVector:
      return (static_cast<double>(placement.dataflow().stages().size()) - 1) * model.hidden_size * kWord;
    case Link::VectorToAttention:
      return layers * (head + 2.0 * model.kv_heads * model.head_dim) * kWord;
    case Link::AttentionToVector:
      return layers * head * kWord;
    default:
      return kWord;
  }
}

Length length(const Bus& bus, const StageArea& stage) {
  const double side = std::sqrt(stage.whole_mm2);
  if (bus.link == Link::VectorToVector) return {side, side};
  if (!is_near(bus)) return {kMean * side, kFarthest * side};
  const double apart = (std::sqrt(stage.of(bus.from)) + std::sqrt(stage.of(bus.to))) / 2;
  return {apart, apart};
}

double link_bit_mm(const program::Placement& placement, std::uint32_t stage, const StageArea& area) {
  double bit_mm = 0;
  for (const Bus& bus : buses(placement, stage)) bit_mm += bus.wires * length(bus, area).farthest_mm;
  return bit_mm;
}

double line_bit_mm(const program::Placement& placement, const config::BakeRecipe& recipe, ArrayKind kind,
                   std::uint32_t layers, double array_mm2, const config::TechConfig& tech) {
  const auto& plan = placement.array(kind);
  const double columns = static_cast<double>(plan.outputs) * plan.tiles_over_inputs;
  const double lines =
      tile_circuits(placement, recipe, kind).column_lines * used_tile(placement, kind).inputs_per_cycle;
  return lines * columns * tile_shape(placement, kind, layers, array_mm2, tech).column_mm;
}

}  // namespace kiln::cost
