#include "config/chip_defaults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "config/tile_kinds.hpp"
#include "config/writer.hpp"
#include "json/keys.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/scale_lanes.hpp"

namespace kiln::config {
namespace {

constexpr std::string_view kOneBeat = "default: one beat a cycle";
constexpr std::string_view kFloor = "default: the fewest cycles in which the clock allows it";
constexpr std::string_view kScalesInTime =
    "default: the scales of a group take as many cycles as its 64 inputs, so that they never hold the tile up";

json::Value* find(json::Value& tree, std::string_view pointer) {
  json::Value* node = &tree;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    if (!node->is_object()) return nullptr;
    const auto at = node->object().find(pointer.substr(0, end));
    if (at == node->object().end()) return nullptr;
    node = &at->second;
    pointer.remove_prefix(end);
  }
  return node;
}

std::string parent(const std::string& pointer) { return pointer.substr(0, pointer.rfind('/')); }

class Completion {
 public:
  explicit Completion(json::Value& chip) : chip_(chip) {}

  void run() {
    const bool silicon = find(chip_, "/silicon") != nullptr;
    for (const auto& row : chip_defaults()) {
      if (row.pointer == "/link" && !silicon) continue;
      if (row.like.empty())
        add(row.pointer, row.value, row.reason);
      else if (const auto* other = find(chip_, row.like))
        add(row.pointer, json::Value(*other), row.reason);
    }
    add_scale_lanes();
    if (silicon) add_latencies();
  }

 private:
  /// Only where there is an object to put it into, or one that every chip has.
  bool add(const std::string& pointer, const json::Value& value, std::string_view reason) {
    const std::string above = parent(pointer);
    json::Value* object = find(chip_, above);
    if (object == nullptr && !may_be_left_out(above)) object = &(chip_.object()[above.substr(1)] = json::Object());
    if (object == nullptr || !object->is_object()) return false;
    const auto key = pointer.substr(above.size() + 1);
    if (!object->object().try_emplace(key, value).second) return false;
    give_reason(pointer, reason);
    return true;
  }

  static bool may_be_left_out(const std::string& object) {
    static const std::vector<std::string> kAlways = {"/tile",      "/reduction", "/vector",    "/attention", "/kv",
                                                     "/embedding", "/sampler",   "/sequencer", "/host"};
    return std::ranges::find(kAlways, object) == kAlways.end();
  }

  void give_reason(const std::string& pointer, std::string_view reason) {
    json::Value& reasons = chip_.object().try_emplace("reasons", json::Object()).first->second;
    if (!reasons.is_object()) return;
    for (std::string above = pointer; !above.empty(); above = parent(above))
      if (reasons.object().contains(above)) return;
    reasons.object().try_emplace(pointer, std::string(reason));
  }

  /// Of /tile, and of an array whose tile has another width where /tile says nothing of its lanes.
  void add_scale_lanes() {
    if (const auto lanes = scale_lanes("/tile"); !lanes || !add("/tile/scale_lanes", *lanes, kScalesInTime)) return;
    for (const auto array : kTileArrayNames) {
      const std::string own = fmt::format("/tiles/{}", array);
      if (find(chip_, own + "/columns") == nullptr && find(chip_, own + "/inputs_per_cycle") == nullptr) continue;
      if (const auto lanes = scale_lanes(own)) add(own + "/scale_lanes", *lanes, kScalesInTime);
    }
  }

  std::optional<std::uint64_t> scale_lanes(const std::string& tile) {
    const auto number = [&](const std::string& key) -> std::uint32_t {
      const json::Value* value = find(chip_, tile + key);
      if (value == nullptr) value = find(chip_, "/tile" + key);
      return value != nullptr && value->is_whole()
                 ? static_cast<std::uint32_t>(std::min<std::uint64_t>(value->whole(), kMostOfTile))
                 : 0;
    };
    const std::uint32_t columns = number("/columns"), inputs = number("/inputs_per_cycle");
    if (columns == 0 || inputs == 0) return std::nullopt;
    return scale_lanes_in_time(columns, inputs);
  }

  void add_latencies() {
    for (const auto& field : fields_of<ChipConfig>())
      if (field.integer && field.pointer.ends_with("_cycles") && !of_a_tile_kind(field.pointer))
        add(field.pointer, "auto", kFloor);
    add_tile_latencies("/tile", "/tile");
    for (const auto array : kTileArrayNames) add_tile_latencies(fmt::format("/tiles/{}", array), "/tile");
  }

  static bool of_a_tile_kind(const std::string& pointer) {
    return pointer.starts_with("/tile/") && parent(pointer) != "/tile";
  }

  /// Those of the kind that is chosen and of those that are there; an array inherits what /tile has.
  void add_tile_latencies(const std::string& tile, const std::string& inherited) {
    const json::Value* chosen = find(chip_, tile + "/microarchitecture");
    const std::string name = chosen != nullptr && chosen->is_text() ? chosen->text() : "";
    for (const std::string& kind : tile_kind_names()) {
      if (kind != name && find(chip_, fmt::format("{}/{}", tile, kind)) == nullptr) continue;
      if (tile != inherited && find(chip_, fmt::format("{}/{}", inherited, kind)) != nullptr) continue;
      add_latencies_of(kind, tile);
    }
  }

  void add_latencies_of(const std::string& kind, const std::string& tile) {
    for (const auto& parameter : tile_kind(kind).parameters) {
      if (!parameter.is_latency()) continue;
      const std::string object = fmt::format("{}/{}", tile, kind);
      if (find(chip_, object) == nullptr) find(chip_, tile)->object()[kind] = json::Object();
      add(object + "/" + parameter.key, "auto", kFloor);
    }
  }

  json::Value& chip_;
};

}  // namespace

const std::vector<ChipDefault>& chip_defaults() {
  static const std::string beat(kOneBeat);
  static const std::vector<ChipDefault> kDefaults = {
      {"/schedule", "layer_serial", "", "default: one periphery for all layers, the smallest chip"},
      {"/tile/microarchitecture", "product_select", "", "default: that of the shipped chips"},
      {"/reduction/fan_in", 4, "", "default: two levels for up to 16 tiles"},
      {"/reduction/outputs_per_cycle", {}, "/vector/lanes", beat},
      {"/attention/input_lanes", {}, "/vector/lanes", beat},
      {"/attention/heads_parallel", 8, "", "default: all heads of a model of the Llama family"},
      {"/attention/softmax_lanes", {}, "/vector/lanes", beat},
      {"/attention/output_lanes", {}, "/vector/lanes", beat},
      {"/kv/ports", 1, "", "default: cells of one port are the smallest"},
      {"/kv/width_bytes", 16, "", "default: a head of 128 elements in eight words"},
      {"/kv/row_pad_words", 0, "", "default: none, for an odd number of banks needs none"},
      {"/embedding/elements_per_cycle", {}, "/vector/lanes", beat},
      {"/sampler/lanes", {}, "/vector/lanes", beat},
      {"/link", "auto", "", "default: from the chip's floorplan"},
      {"/host/cycles_per_token", 4, "", "default: far faster than tokens are made"},
      {"/chips/bytes_per_cycle", 128, "", "default: 128 GB/s at 1 GHz, as the HNLPU's links have (arXiv 2508.16151)"},
      {"/silicon/rom_cell", "transistor_per_bit", "", "default: a plain mask ROM"},
  };
  return kDefaults;
}

std::uint32_t scale_lanes_in_time(std::uint32_t columns, std::uint32_t inputs_per_cycle) {
  constexpr std::uint32_t kGroup = 64;
  return base::ceil_div(columns, base::ceil_div(kGroup, std::min(inputs_per_cycle, kGroup)));
}

void apply_chip_defaults(json::Value& chip) {
  if (chip.is_object()) Completion(chip).run();
}

}  // namespace kiln::config
