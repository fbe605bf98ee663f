#include "bake/head.hpp"

#include "bake/bake.hpp"
#include "bake/rope.hpp"
#include "bake/source_hash.hpp"

namespace kiln::bake {

base::Result<rom::ImageHead> image_head(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe) {
  const auto& model = checkpoint.config();
  const std::size_t width = model.hidden_size;
  std::vector<float> norms((2 * std::size_t{model.layers} + 1) * width);
  const auto read = [&](checkpoint::Role role, std::uint32_t layer, std::size_t place) {
    const auto* info = checkpoint.find(role, base::LayerId{layer});
    base::check(info != nullptr, "the checkpoint has every norm of its model");
    return checkpoint.read_rows(*info, 0, 1, std::span(norms).subspan(place * width, width));
  };
  for (std::uint32_t layer = 0; layer < model.layers; ++layer) {
    if (auto status = read(checkpoint::Role::AttentionNorm, layer, 2 * std::size_t{layer}); !status)
      return status.error();
    if (auto status = read(checkpoint::Role::FfnNorm, layer, 2 * std::size_t{layer} + 1); !status)
      return status.error();
  }
  if (auto status = read(checkpoint::Role::FinalNorm, 0, 2 * std::size_t{model.layers}); !status) return status.error();
  return rom::ImageHead{model, recipe, checkpoint.tokenizer(), scaled_rope_increments(checkpoint), std::move(norms)};
}

rom::Provenance provenance_of(const rom::ImageHead& head) {
  auto provenance = rom::provenance_of(head.model, head.recipe, kMethod);
  const std::size_t width = head.model.hidden_size;
  for (std::size_t place = 0; place * width < head.norms.size(); ++place) {
    SourceHash hash(1);
    hash.add(0, width, std::span(head.norms).subspan(place * width, width));
    const auto layer = static_cast<std::uint32_t>(place / 2);
    const bool last = layer == head.model.layers;
    const auto role = place % 2 == 0 ? checkpoint::Role::AttentionNorm : checkpoint::Role::FfnNorm;
    provenance.set_hash(last ? checkpoint::Role::FinalNorm : role, base::LayerId{last ? 0 : layer}, hash.hex());
  }
  return provenance;
}

rom::AddedSection provenance_section(const rom::Provenance& provenance) {
  const std::string text = rom::to_text(provenance);
  const auto bytes = std::as_bytes(std::span(text));
  return {std::string(rom::kProvenance), true, {bytes.begin(), bytes.end()}};
}

}  // namespace kiln::bake
