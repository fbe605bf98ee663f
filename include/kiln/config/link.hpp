// The links between the units of a chip: one enumerator, one name and one value each. The name is the key below /link
// of a chip's config and in reports. Which units a link joins: program/link_ends.hpp. docs/units/link.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

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

inline constexpr std::uint32_t kMostLinkRegisters = 1024;

/// Registers of each link, at least 1. It is given values by name or all eleven at once: a list of fewer does not
/// compile, for links without registers are none.
class LinkRegisters {
 public:
  constexpr LinkRegisters() { registers_.fill(1); }
  template <class... Registers>
  requires(sizeof...(Registers) == kLinks &&
           (std::is_convertible_v<Registers, std::uint32_t> && ...)) constexpr LinkRegisters(Registers... registers)
      : registers_{static_cast<std::uint32_t>(registers)...} {}
  constexpr std::uint32_t& operator[](Link link) { return registers_[static_cast<std::size_t>(link)]; }
  constexpr std::uint32_t operator[](Link link) const { return registers_[static_cast<std::size_t>(link)]; }

 private:
  std::array<std::uint32_t, kLinks> registers_{};
};
static_assert(LinkRegisters()[Link::VectorToVector] == 1 && !std::is_constructible_v<LinkRegisters, int, int>);

/// Beats of 64 * beat_groups elements; how they travel.
struct LinkConfig {
  std::uint32_t beat_groups = 1;  ///< groups of 64 elements in a beat; each group travels with its exponent
  LinkRegisters registers = {};
  [[nodiscard]] constexpr std::uint32_t beat_elements() const { return 64 * beat_groups; }
  constexpr std::uint32_t& operator[](Link link) { return registers[link]; }
  constexpr std::uint32_t operator[](Link link) const { return registers[link]; }
};

}  // namespace kiln::config
