#include "kiln/config/load.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/json_text.hpp"
#include "config/overrides.hpp"
#include "config/reader.hpp"
#include "config/tile_kinds.hpp"
#include "config/writer.hpp"
#include "kiln/base/units.hpp"

namespace kiln::config {
namespace {

// What no single key can tell. Called only when every key was fine.

void check_tile(const TileConfig& tile, const std::string& pointer, Errors& errors) {
  const TileKind& kind = tile_kind(tile.microarchitecture);
  if (tile.inputs_per_cycle > kind.most_inputs_per_cycle)
    errors.add(pointer + "/inputs_per_cycle",
               fmt::format("is {}, but {}/microarchitecture is `{}`; allowed there: an integer from 1 to {} inputs",
                           tile.inputs_per_cycle, pointer, tile.microarchitecture, kind.most_inputs_per_cycle));
  if (const std::string fault = kind.fault ? kind.fault(tile) : ""; !fault.empty()) errors.add(pointer, fault);
}

void check_constant(const std::string& pointer, const TechConstant& constant, Errors& errors) {
  if (constant.low <= constant.typical && constant.typical <= constant.high) return;
  errors.add(pointer, fmt::format("has low {}, typical {} and high {}; expected low <= typical <= high", constant.low,
                                  constant.typical, constant.high));
}

/// Pointers that may have a reason: `/tile/...` of the tiles of one array as well.
std::vector<std::string> parameter_pointers() {
  std::vector<std::string> known;
  for (const auto& field : fields_of<ChipConfig>()) {
    const bool name_or_note = field.unit == "text" && !field.pointer.starts_with("/silicon/");
    if (name_or_note || field.unit == "sentences" || field.unit == "object") continue;
    known.push_back(field.pointer);
    if (!field.pointer.starts_with("/tile/")) continue;
    for (const auto& array : kTileArrayNames)
      known.push_back(fmt::format("/tiles/{}/{}", array, field.pointer.substr(6)));
  }
  return known;
}

void check_together(const ChipConfig& chip, Errors& errors) {
  check_tile(chip.tile, "/tile", errors);
  for (std::size_t i = 0; i < chip.tiles.size(); ++i)
    if (chip.tiles[i]) check_tile(*chip.tiles[i], fmt::format("/tiles/{}", kTileArrayNames[i]), errors);
  const std::vector<std::string> known = parameter_pointers();
  for (const auto& reason : chip.reasons) {
    const std::string& pointer = reason.first;
    if (std::find(known.begin(), known.end(), pointer) != known.end()) continue;
    const auto near = pointer.size() <= 64 && !errors.full() ? base::nearest(pointer, known) : std::nullopt;
    errors.add(
        join_pointer("/reasons", printable(pointer)),
        "names no parameter; " + (near ? "the nearest is " + *near : "expected a JSON pointer such as /kv/banks"));
  }
}

void check_together(const ModelConfig& model, Errors& errors) {
  if (model.head_dim == 0) {
    errors.add("/head_dim", fmt::format("is missing and /hidden_size {} is not a multiple of /num_attention_heads {}",
                                        model.hidden_size, model.heads));
  } else if (const auto status = model.validate(); !status) {
    const std::string& sentence = status.error().message;  // begins with the key
    const auto space = std::min(sentence.find(' '), sentence.size() - 1);
    errors.add("/" + sentence.substr(0, space), sentence.substr(space + 1));
  }
}

void check_together(const BakeRecipe&, Errors&) {}
void check_together(const GpuSpec& gpu, Errors& errors) {
  if (gpu.price_usd_per_h && gpu.price_usd_per_h->low > gpu.price_usd_per_h->high)
    errors.add("/price_usd_per_h/high", fmt::format("is {}; expected at least /price_usd_per_h/low, {}",
                                                    gpu.price_usd_per_h->high, gpu.price_usd_per_h->low));
}
void check_together(const ReferenceMachine& machine, Errors& errors) {
  if (machine.tokens_per_s_user_low > machine.tokens_per_s_user_high)
    errors.add("/tokens_per_s_user_high", fmt::format("is {}; expected at least /tokens_per_s_user_low, {}",
                                                      machine.tokens_per_s_user_high, machine.tokens_per_s_user_low));
}
void check_together(const TechConfig& tech, Errors& errors) {
  TechConfig copy = tech;
  for (const auto& field : fields(copy)) check_constant("/" + field.key, *field.constant, errors);
}
void check_together(const EconomicsConfig& economics, Errors& errors) {
  EconomicsConfig copy = economics;
  for (const auto& field : fields(copy)) check_constant("/" + field.key, *field.constant, errors);
}

template <class Config>
base::Result<Config> parse(const std::string& text, const std::string& name, const std::vector<Override>& overrides) {
  Errors errors(name);
  auto tree = parse_json(text, errors);
  if (!tree) return errors.joined();
  apply_overrides(*tree, overrides, errors);
  Config config;
  Reader reader(*tree, errors);
  reader.read([&] { describe(reader, config); });
  if (errors.empty()) check_together(config, errors);
  if (!errors.empty()) return errors.joined();
  return config;
}

template <class Config>
base::Result<Config> load(const std::string& file, const std::vector<Override>& overrides) {
  const auto text = base::read_text_file(file, kMaximumFileBytes);
  if (!text) return text.error();
  return parse<Config>(*text, file, overrides);
}

template <class Config>
std::string write(Config config) {
  Writer writer;
  describe(writer, config);
  return writer.canonical();
}

std::vector<ParameterInfo> numeric_parameters() {
  std::vector<ParameterInfo> parameters;
  for (const auto& field : fields_of<ChipConfig>())
    if (field.integer) parameters.push_back({field.pointer, field.unit, field.range.minimum, field.range.maximum});
  return parameters;
}

}  // namespace

base::Result<ChipConfig> load_chip(const std::string& file, const std::vector<Override>& overrides) {
  return load<ChipConfig>(file, overrides);
}
base::Result<ModelConfig> load_model(const std::string& file, const std::vector<Override>& overrides) {
  return load<ModelConfig>(file, overrides);
}
base::Result<BakeRecipe> load_recipe(const std::string& file, const std::vector<Override>& overrides) {
  return load<BakeRecipe>(file, overrides);
}
base::Result<GpuSpec> load_gpu(const std::string& file, const std::vector<Override>& overrides) {
  return load<GpuSpec>(file, overrides);
}
base::Result<ReferenceMachine> load_machine(const std::string& file, const std::vector<Override>& overrides) {
  return load<ReferenceMachine>(file, overrides);
}
base::Result<TechConfig> load_tech(const std::string& file, const std::vector<Override>& overrides) {
  return load<TechConfig>(file, overrides);
}
base::Result<EconomicsConfig> load_economics(const std::string& file, const std::vector<Override>& overrides) {
  return load<EconomicsConfig>(file, overrides);
}

base::Result<ChipConfig> parse_chip(const std::string& json, const std::string& name,
                                    const std::vector<Override>& overrides) {
  return parse<ChipConfig>(json, name, overrides);
}
base::Result<ModelConfig> parse_model(const std::string& json, const std::string& name,
                                      const std::vector<Override>& overrides) {
  return parse<ModelConfig>(json, name, overrides);
}
base::Result<BakeRecipe> parse_recipe(const std::string& json, const std::string& name,
                                      const std::vector<Override>& overrides) {
  return parse<BakeRecipe>(json, name, overrides);
}
base::Result<GpuSpec> parse_gpu(const std::string& json, const std::string& name,
                                const std::vector<Override>& overrides) {
  return parse<GpuSpec>(json, name, overrides);
}
base::Result<ReferenceMachine> parse_machine(const std::string& json, const std::string& name,
                                             const std::vector<Override>& overrides) {
  return parse<ReferenceMachine>(json, name, overrides);
}
base::Result<TechConfig> parse_tech(const std::string& json, const std::string& name,
                                    const std::vector<Override>& overrides) {
  return parse<TechConfig>(json, name, overrides);
}
base::Result<EconomicsConfig> parse_economics(const std::string& json, const std::string& name,
                                              const std::vector<Override>& overrides) {
  return parse<EconomicsConfig>(json, name, overrides);
}

std::string to_json(const ChipConfig& chip) { return write(chip); }
std::string to_json(const ModelConfig& model) { return write(model); }
std::string to_json(const BakeRecipe& recipe) { return write(recipe); }

std::string config_hash(const std::string& canonical_json) {
  base::ContentHash hash;
  hash.update(canonical_json);
  return hash.hex();
}

std::vector<ParameterInfo> chip_parameters() { return numeric_parameters(); }

}  // namespace kiln::config
