// The links between the units of a chip: one enumerator, one name and one value each. The name is the key below /link
// of a chip's config and in reports. Which units a link joins: program/link_ends.hpp. docs/units/link.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kiln/base/enum_table.hpp"

namespace kiln::config {

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
  VectorToVector,  ///< from one stage to the next on the same chip
};
inline constexpr std::size_t kLinks = 11;

struct NamedLink {
  Link link;
  std::string_view name;
};
/// All links, each at its own place.
inline constexpr std::array<NamedLink, kLinks> kNamedLinks = {{
    {Link::SequencerToEmbedding, "sequencer_to_embedding"},
    {Link::EmbeddingToVector, "embedding_to_vector"},
    {Link::VectorToArray, "vector_to_array"},
    {Link::ArrayToTree, "array_to_tree"},
    {Link::TreeToVector, "tree_to_vector"},
    {Link::VectorToAttention, "vector_to_attention"},
    {Link::AttentionToVector, "attention_to_vector"},
    {Link::TreeToSampler, "tree_to_sampler"},
    {Link::SamplerToSequencer, "sampler_to_sequencer"},
    {Link::VectorToSequencer, "vector_to_sequencer"},
    {Link::VectorToVector, "vector_to_vector"},
}};
static_assert([] {
  for (std::size_t i = 0; i < kLinks; ++i)
    if (static_cast<std::size_t>(kNamedLinks[i].link) != i || kNamedLinks[i].name.empty()) return false;
  return !base::is_enumerator<static_cast<Link>(kLinks)>();
}());

constexpr std::string_view name(Link link) { return kNamedLinks[static_cast<std::size_t>(link)].name; }

/// Beats of 64 * beat_groups elements; registers of each link, at least 1.
struct LinkConfig {
  std::uint32_t beat_groups = 1;  ///< groups of 64 elements in a beat; each group travels with its exponent
  std::array<std::uint32_t, kLinks> registers = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  [[nodiscard]] constexpr std::uint32_t beat_elements() const { return 64 * beat_groups; }
  constexpr std::uint32_t& operator[](Link link) { return registers[static_cast<std::size_t>(link)]; }
  constexpr std::uint32_t operator[](Link link) const { return registers[static_cast<std::size_t>(link)]; }
};
static_assert(LinkConfig{}[Link::VectorToVector] == 1);

}  // namespace kiln::config
