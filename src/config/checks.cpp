#include "config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/fields.hpp"
#include "config/tile_kinds.hpp"
#include "config/writer.hpp"
#include "json/keys.hpp"
#include "kiln/config/model_fault.hpp"

namespace kiln::config {
namespace {

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

/// Pointers that may have a reason: keys, objects of keys, `/tile/...` of the tiles of one array as well.
std::vector<std::string> parameter_pointers() {
  std::vector<std::string> known, objects;
  for (const auto& field : fields_of<ChipConfig>()) {
    const bool name_or_note = field.unit == "text" && !field.pointer.starts_with("/silicon/");
    if (name_or_note || field.unit == "sentences" || field.unit == "object") continue;
    known.push_back(field.pointer);
    for (auto end = field.pointer.rfind('/'); end > 0; end = field.pointer.rfind('/', end - 1))
      objects.push_back(field.pointer.substr(0, end));
    if (!field.pointer.starts_with("/tile/")) continue;
    for (const auto& array : kTileArrayNames)
      known.push_back(fmt::format("/tiles/{}/{}", array, field.pointer.substr(6)));
  }
  objects.emplace_back("/tiles");
  for (const auto& array : kTileArrayNames) objects.push_back(fmt::format("/tiles/{}", array));
  known.insert(known.end(), objects.begin(), objects.end());
  return known;
}

}  // namespace

void check_together(const ChipConfig& chip, Errors& errors) {
  check_tile(chip.tile, "/tile", errors);
  for (std::size_t i = 0; i < chip.tiles.size(); ++i)
    if (chip.tiles[i]) check_tile(*chip.tiles[i], fmt::format("/tiles/{}", kTileArrayNames[i]), errors);
  const std::vector<std::string> known = parameter_pointers();
  for (const auto& reason : chip.reasons) {
    const std::string& pointer = reason.first;
    if (std::find(known.begin(), known.end(), pointer) != known.end()) continue;
    const auto near = errors.full() ? std::nullopt : json::nearest_key(pointer, known);
    errors.add(
        join_pointer("/reasons", printable(pointer)),
        "names no parameter; " + (near ? "the nearest is " + *near : "expected a JSON pointer such as /kv/banks"));
  }
}

void check_together(const ModelConfig& model, Errors& errors) {
  if (model.head_dim == 0) {
    errors.add("/head_dim", fmt::format("is missing and /hidden_size {} is not a multiple of /num_attention_heads {}",
                                        model.hidden_size, model.heads));
  } else if (const auto fault = fault_of(model)) {
    errors.add(fault->key, fault->what);
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

}  // namespace kiln::config
