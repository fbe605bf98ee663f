#include "rom/provenance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "base/hash.hpp"
#include "kiln/base/enum_table.hpp"
#include "kiln/config/load.hpp"

namespace kiln::rom {
namespace {

using config::TensorRole;

constexpr auto kRoleNames = base::enum_names<TensorRole>({{TensorRole::Embedding, "embedding"},
                                                          {TensorRole::Q, "q"},
                                                          {TensorRole::K, "k"},
                                                          {TensorRole::V, "v"},
                                                          {TensorRole::O, "o"},
                                                          {TensorRole::Gate, "gate"},
                                                          {TensorRole::Up, "up"},
                                                          {TensorRole::Down, "down"},
                                                          {TensorRole::LmHead, "lm_head"},
                                                          {TensorRole::AttentionNorm, "attention_norm"},
                                                          {TensorRole::FfnNorm, "ffn_norm"},
                                                          {TensorRole::FinalNorm, "final_norm"}});

std::string line_of(const SourceTensor& tensor) {
  return fmt::format("tensor {} {} ", kRoleNames[tensor.role], tensor.layer.value);
}

bool is_hash(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || text != std::to_string(value)) return std::nullopt;
  return value;
}

/// Takes the lines off a text one by one.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  /// What follows `beginning` on the next line, or nothing if that line begins otherwise or has no end.
  std::optional<std::string_view> after(std::string_view beginning) {
    ++line_;
    const auto end = rest_.find('\n');
    if (end == rest_.npos || !rest_.starts_with(beginning)) return std::nullopt;
    const auto found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found.substr(beginning.size());
  }
  std::optional<std::uint32_t> number(std::string_view beginning) {
    const auto text = after(beginning);
    return text ? number_of(*text) : std::nullopt;
  }
  std::optional<std::string_view> hash(std::string_view beginning) {
    const auto text = after(beginning);
    return text && is_hash(*text) ? text : std::nullopt;
  }
  [[nodiscard]] base::Error expected(std::string_view what) const {
    return base::Error{fmt::format("line {} of its provenance is not \"{}\"", line_, what)};
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::size_t line_ = 0;
};

template <class Tensors>
auto place_in(Tensors& tensors, TensorRole role, base::LayerId layer) {
  return std::ranges::lower_bound(tensors, std::tuple(layer, role), {},
                                  [](const SourceTensor& t) { return std::tuple(t.layer, t.role); });
}

}  // namespace

std::string_view name_of(TensorRole role) { return kRoleNames[role]; }

std::string name_of(TensorRole role, base::LayerId layer) {
  if (!config::in_layer(role)) return std::string(kRoleNames[role]);
  return fmt::format("layer {} {}", layer.value, kRoleNames[role]);
}

const SourceTensor* Provenance::find(TensorRole role, base::LayerId layer) const {
  const auto at = place_in(tensors, role, layer);
  return at != tensors.end() && at->role == role && at->layer == layer ? &*at : nullptr;
}

void Provenance::set_hash(TensorRole role, base::LayerId layer, std::string hash) {
  const auto at = place_in(tensors, role, layer);
  base::check(at != tensors.end() && at->role == role && at->layer == layer, "a tensor of the checkpoint");
  base::check(is_hash(hash), "a hash of 32 hex digits");
  at->hash = std::move(hash);
}

std::string recipe_hash(const config::BakeRecipe& recipe) {
  const std::string text = config::to_json(recipe);
  return base::hex_of(base::digest128(std::as_bytes(std::span(text))));
}

Provenance provenance_of(const config::ModelConfig& model, const config::BakeRecipe& recipe, std::uint32_t method) {
  Provenance out;
  out.method = method;
  out.recipe = recipe_hash(recipe);
  for (std::uint32_t layer = 0; layer < model.layers; ++layer) {
    for (std::size_t i = 0; i < config::kTensorRoles; ++i) {
      const auto role = static_cast<TensorRole>(i);
      if (!config::in_layer(role) && layer > 0) continue;
      if (role == TensorRole::LmHead && model.tied_embeddings) continue;
      SourceTensor tensor;
      tensor.role = role;
      tensor.layer = base::LayerId{layer};
      out.tensors.push_back(std::move(tensor));
    }
  }
  return out;
}

std::string to_text(const Provenance& provenance) {
  std::string text =
      fmt::format("provenance {}\nmethod {}\nrecipe {}\n", kProvenanceVersion, provenance.method, provenance.recipe);
  for (const auto& tensor : provenance.tensors) text += line_of(tensor) + tensor.hash + "\n";
  return text;
}

base::Result<Provenance> parse_provenance(std::string_view text, const config::ModelConfig& model) {
  Lines lines(text);
  const auto version = lines.number("provenance ");
  if (!version || *version == 0) return lines.expected("provenance VERSION");
  Provenance out;
  out.version = *version;
  if (out.version > kProvenanceVersion) return out;
  out = provenance_of(model, {}, 0);
  const auto method = lines.number("method ");
  if (!method) return lines.expected("method NUMBER");
  out.method = *method;
  const auto recipe = lines.hash("recipe ");
  if (!recipe) return lines.expected("recipe HASH");
  out.recipe = *recipe;
  for (auto& tensor : out.tensors) {
    const std::string beginning = line_of(tensor);
    const auto hash = lines.hash(beginning);
    if (!hash) return lines.expected(beginning + "HASH");
    tensor.hash = *hash;
  }
  if (!lines.at_end()) return base::Error{"its provenance has more lines than its model has tensors"};
  return out;
}

}  // namespace kiln::rom
