// What an image was baked from: the added section "provenance", docs/formats/rom-image.md. It holds the hash of every
// tensor of the checkpoint as it was read, the hash of the recipe, and the number of the method by which codes were
// found, so that a checkpoint can be told from any other without its file. Lines of text; a later version may have
// others, and of such a record only the version is read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_tensors.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::rom {

inline constexpr std::string_view kProvenance = "provenance";  ///< the section's name
inline constexpr std::uint32_t kProvenanceVersion = 1;

/// A tensor of the checkpoint: a tied LM head is none.
struct SourceTensor {
  config::TensorRole role = config::TensorRole::Embedding;
  base::LayerId layer;
  std::string hash = std::string(32, '0');  ///< hex digits
};

struct Provenance {
  std::uint32_t version = kProvenanceVersion;
  std::uint32_t method = 0;  ///< this and the rest: of version 1
  std::string recipe;        ///< recipe_hash()
  std::vector<SourceTensor> tensors;
  /// Null if the checkpoint has no such tensor.
  [[nodiscard]] const SourceTensor* find(config::TensorRole role, base::LayerId layer) const;
  /// A bug if there is none.
  void set_hash(config::TensorRole role, base::LayerId layer, std::string hash);
};

/// With the tensors of a checkpoint of this model; their hashes are still zeros.
Provenance provenance_of(const config::ModelConfig& model, const config::BakeRecipe& recipe, std::uint32_t method);
/// XXH3-128 of the recipe's section, hex digits.
std::string recipe_hash(const config::BakeRecipe& recipe);

/// The section's text. It takes as many bytes whatever the hashes are.
std::string to_text(const Provenance& provenance);
/// The same, or what is wrong in `text`; memory is taken for what `model` has, whatever the text says.
base::Result<Provenance> parse_provenance(std::string_view text, const config::ModelConfig& model);

/// "gate", "final_norm": as the record has it.
std::string_view name_of(config::TensorRole role);
/// "layer 3 gate", "final_norm": for sentences.
std::string name_of(config::TensorRole role, base::LayerId layer);

}  // namespace kiln::rom
