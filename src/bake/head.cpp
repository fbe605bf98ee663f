#include "bake/head.hpp"

#include "bake/rope.hpp"

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

}  // namespace kiln::bake
