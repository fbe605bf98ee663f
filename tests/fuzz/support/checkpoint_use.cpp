#include "support/checkpoint_use.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bake/bake.hpp"
#include "base/utf8.hpp"
#include "kiln/base/thread_pool.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

namespace kiln::fuzz {
namespace {

/// A fuzzer has one thread.
base::ThreadPool& pool() {
  static base::ThreadPool one(1);
  return one;
}

/// True where all weights are numbers.
bool read_weights(const checkpoint::Checkpoint& checkpoint) {
  for (const auto& tensor : checkpoint.tensors()) {
    std::vector<float> values(tensor.rows * tensor.columns);
    if (!good(checkpoint.read_rows(tensor, 0, tensor.rows, values))) return false;
    require(std::ranges::all_of(values, [](float value) { return std::isfinite(value); }), "weights are numbers",
            tensor.name);
    checkpoint.release(tensor);
  }
  return true;
}

void bake(const checkpoint::Checkpoint& checkpoint) {
  static const ScratchFolder folder;
  const std::string path = folder.file("baked.rom");
  config::BakeRecipe recipe;
  recipe.name = "fuzz";
  recipe.formats.fill({4, config::CodebookKind::Uniform});
  if (!good(bake::bake(checkpoint, recipe, path, pool()))) return;
  const auto image = rom::RomImage::open(path, pool());
  require(image.ok(), "what is baked opens", image ? "" : image.error().message);
  const auto compared = bake::compare(*image, checkpoint, pool());
  if (!good(compared)) require(false, "what is baked can be compared", compared.error().message);
  // Weights too small for a scale become zeros, which is beyond the bound of their width: only that may differ.
  std::string why;
  for (const auto* reasons : {&compared->differences, &compared->other_hashes, &compared->other_codes})
    for (const auto& reason : *reasons) why += reason + "\n";
  require(why.empty() && compared->same_model, "an image is what was baked", why);
  use(*image);
}

void round_trip(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  if (!good(ids)) return;
  for (const auto id : *ids) require(id < tokenizer.vocab_size(), "ids are of the vocabulary");
  const auto decoded = tokenizer.decode(*ids);
  require(!base::first_invalid_utf8(decoded), "text is UTF-8", decoded);
}

}  // namespace

std::uint64_t weights_of(const checkpoint::Checkpoint& checkpoint) {
  std::uint64_t weights = 0;
  for (const auto& tensor : checkpoint.tensors()) weights += tensor.rows * tensor.columns;
  return weights;
}

void use(const checkpoint::Checkpoint& checkpoint, bool bakes) {
  if (checkpoint.tokenizer()) use(*checkpoint.tokenizer());
  if (weights_of(checkpoint) > kMostWeights) return;
  if (read_weights(checkpoint) && bakes) bake(checkpoint);
}

void use(const tokenizer::TokenizerSpec& spec) {
  const auto tokenizer = tokenizer::Tokenizer::create(spec);
  if (!good(tokenizer)) return;
  for (const std::string_view text :
       {"", " ", "a", "Hello  world\n\t12345 it's", "\xE2\x96\x81 \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x94\xA5",
        "<s></s><unk><|end|><0x0A>", "\x01\x7F"})
    round_trip(*tokenizer, text);
  const std::size_t some = std::min<std::size_t>(tokenizer->vocab_size(), 64);
  for (std::size_t id = 0; id < some; ++id) {
    static_cast<void>(tokenizer->decode(static_cast<base::TokenId>(id)));
    static_cast<void>(tokenizer->is_end_of_text(static_cast<base::TokenId>(id)));
  }
  require(tokenizer->decode(static_cast<base::TokenId>(tokenizer->vocab_size())).empty(), "an unknown id has no text");
}

void use(const rom::RomImage& image) {
  for (const auto& tensor : image.tensors()) require(tensor.rom_bits() > 0, "a matrix has bits");
  for (std::uint32_t layer = 0; layer < image.model().layers; ++layer)
    for (const float norm : image.attention_norm({layer})) require(std::isfinite(norm), "norms are numbers");
  for (std::uint64_t byte = 0; byte < image.file_bytes(); byte += 101)
    require(!image.part_at(byte).empty(), "a byte belongs to something");
  if (image.tokenizer()) use(*image.tokenizer());
}

}  // namespace kiln::fuzz
