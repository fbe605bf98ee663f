// Sections of ROM images on their own, of any length: "model", "recipe", "tokenizer" or "provenance" says the part's name.
// What is read is written as the same bytes.
#include <string>

#include "kiln/config/load.hpp"
#include "rom/head_check.hpp"
#include "rom/provenance.hpp"
#include "rom/tokenizer_codec.hpp"
#include "support/bundle.hpp"
#include "support/checkpoint_use.hpp"
#include "support/models.hpp"
#include "support/property.hpp"

namespace {

using namespace kiln;

void read_tokenizer(std::string_view bytes) {
  const auto spec = rom::decode_tokenizer(std::as_bytes(std::span(bytes)));
  if (!fuzz::good(spec)) return;
  const auto again = rom::encode_tokenizer(*spec);
  fuzz::require(std::ranges::equal(again, std::as_bytes(std::span(bytes))), "a tokenizer has one form");
  if (*spec) fuzz::use(**spec);
}

void read_provenance(std::string_view bytes) {
  const auto model = support::model_of({"tiny", 8, 8, 1, 2, 1, 4, 16, 64});
  const auto record = rom::parse_provenance(bytes, model);
  if (fuzz::good(record) && record->version == rom::kProvenanceVersion)
    fuzz::require(rom::to_text(*record) == bytes, "a record has one form");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto& part : fuzz::parts_of(fuzz::text_of(data, size))) {
    if (part.name == "tokenizer") read_tokenizer(part.bytes);
    if (part.name == "provenance") read_provenance(part.bytes);
    if (part.name == "model") {
      const auto model = rom::parse_model_section(std::string(part.bytes));
      if (fuzz::good(model)) fuzz::require(config::to_json(*model) == part.bytes, "a model has one form");
    }
    if (part.name == "recipe") {
      const auto recipe = rom::parse_recipe_section(std::string(part.bytes));
      if (fuzz::good(recipe)) fuzz::require(config::to_json(*recipe) == part.bytes, "a recipe has one form");
    }
  }
  return 0;
}
