// The longest way of every link over a set of placed blocks. kiln/floorplan/floorplan.hpp says where a way begins and
// ends.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "floorplan/slicing.hpp"

namespace kiln::floorplan {

/// In the order of config::LinkConfig.
enum class Link {
  SequencerToEmbedding,
  EmbeddingToVector,
  VectorToArray,
  ArrayToTree,
  TreeToVector,
  VectorToAttention,
  AttentionToVector,
  TreeToSampler,
  SamplerToSequencer,
  VectorToSequencer,
  VectorToVector,
};
inline constexpr std::array<std::string_view, 11> kLinkNames = {
    "sequencer_to_embedding", "embedding_to_vector", "vector_to_array",     "array_to_tree",
    "tree_to_vector",         "vector_to_attention", "attention_to_vector", "tree_to_sampler",
    "sampler_to_sequencer",   "vector_to_sequencer", "vector_to_vector"};

struct Site {
  program::Unit unit = program::Unit::Links;
  std::uint32_t stage = 0;
  std::uint64_t tiles = 1;
  Rectangle place;
};

struct Way {
  double length_mm = 0;
  bool exists = false;
  std::size_t from = 0, to = 0;  ///< sites
};
using Ways = std::array<Way, kLinkNames.size()>;

/// Sites of each unit.
using Units = std::array<std::vector<std::size_t>, program::kUnits>;
/// Which site is what; holds for any places of the same sites.
struct SiteIndex {
  explicit SiteIndex(std::span<const Site> sites);
  Units all;
  std::map<std::uint32_t, Units> stages;
};
Ways longest_ways(const SiteIndex& index, std::span<const Site> sites);

/// Rows and columns of near-square cells.
TileGrid tile_grid(std::uint64_t tiles, const Rectangle& place);

}  // namespace kiln::floorplan
