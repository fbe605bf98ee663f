#include "program/link_ends.hpp"

namespace kiln::program {
namespace {

using config::Link;

std::vector<LinkEnds> all_link_ends() {
  std::vector<LinkEnds> all = {{Link::SequencerToEmbedding, Unit::Sequencer, Unit::EmbeddingRom},
                               {Link::EmbeddingToVector, Unit::EmbeddingRom, Unit::VectorUnit}};
  for (std::size_t i = 0; i < kArrays; ++i) {
    const auto kind = static_cast<ArrayKind>(i);
    const Unit array = array_unit(kind), tree = tree_unit(kind);
    all.push_back({Link::VectorToArray, Unit::VectorUnit, array});
    all.push_back({Link::ArrayToTree, array, tree});
    if (kind == ArrayKind::LmHead) {
      all.push_back({Link::TreeToSampler, tree, Unit::Sampler});
    } else {
      all.push_back({Link::TreeToVector, tree, Unit::VectorUnit});
    }
  }
  all.push_back({Link::VectorToAttention, Unit::VectorUnit, Unit::Attention});
  all.push_back({Link::AttentionToVector, Unit::Attention, Unit::VectorUnit});
  all.push_back({Link::SamplerToSequencer, Unit::Sampler, Unit::Sequencer});
  all.push_back({Link::VectorToSequencer, Unit::VectorUnit, Unit::Sequencer});
  all.push_back({Link::VectorToVector, Unit::VectorUnit, Unit::VectorUnit});
  return all;
}

}  // namespace

const std::vector<LinkEnds>& link_ends() {
  static const std::vector<LinkEnds> all = all_link_ends();
  return all;
}

}  // namespace kiln::program
