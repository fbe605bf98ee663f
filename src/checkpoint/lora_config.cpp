#include "checkpoint/lora_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "checkpoint/strict_json.hpp"

namespace kiln::checkpoint {
namespace {

/// Keys that add something to an adapter that Kiln does not compute; absent, null, false and empty mean that they do
/// not.
constexpr std::array<const char*, 7> kRefused = {"use_dora",          "lora_bias",       "fan_in_fan_out",
                                                 "layer_replication", "modules_to_save", "trainable_token_indices",
                                                 "use_qalora"};
/// Initialisations that leave the base's weights as they are.
constexpr std::array<std::string_view, 3> kInitialisations = {"gaussian", "eva", "orthogonal"};

bool says_no(const Json& value) {
  return value.is_null() || value == Json(false) || ((value.is_array() || value.is_object()) && value.empty());
}

bool ends_as(std::string_view module, std::string_view pattern) {
  if (!module.ends_with(pattern)) return false;
  return module.size() == pattern.size() || module[module.size() - pattern.size() - 1] == '.';
}

template <class Value>
const Value* match(const std::map<std::string, Value>& patterns, std::string_view module) {
  for (const auto& [pattern, value] : patterns)
    if (ends_as(module, pattern)) return &value;
  return nullptr;
}

/// Module names, which PEFT takes for regular expressions: only those without a special character but the dot.
bool plain(std::string_view pattern) {
  return !pattern.empty() && std::ranges::all_of(pattern, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

template <class Value, class Read>
void read_patterns(ObjectReader& reader, const char* key, std::map<std::string, Value>& out, Read read) {
  const Json* patterns = reader.find(key);
  if (patterns == nullptr) return;
  if (!patterns->is_object()) return reader.fail(key, "an object of module names and numbers is expected");
  for (const auto& [pattern, value] : patterns->items()) {
    if (!plain(pattern))
      return reader.fail(key, "\"" + pattern + "\" is no plain module name; Kiln takes no other patterns");
    out[pattern] = read(ObjectReader(*patterns, reader.file(), std::string("/") + key), pattern);
  }
}

void read_targets(ObjectReader& reader, std::vector<std::string>& targets) {
  const Json* list = reader.find("target_modules");
  if (list == nullptr || list->is_string()) return;  // a pattern; the tensors say what it found
  if (!list->is_array()) return reader.fail("target_modules", "a list of module names or a text is expected");
  for (const auto& name : *list) {
    if (!name.is_string()) return reader.fail("target_modules", "a list of module names is expected");
    targets.push_back(name.get<std::string>());
  }
}

}  // namespace

std::uint32_t LoraSettings::rank_for(std::string_view module) const {
  const auto* own = match(rank_of, module);
  return own != nullptr ? *own : rank;
}

double LoraSettings::scale_for(std::string_view module, std::uint32_t of_rank) const {
  const auto* own = match(alpha_of, module);
  const double by = root_scale ? std::sqrt(static_cast<double>(of_rank)) : static_cast<double>(of_rank);
  return (own != nullptr ? *own : alpha) / by;
}

base::Result<LoraSettings> parse_lora_config(std::string_view text, const std::string& file) {
  const auto json = parse_strict(text, file);
  if (!json) return json.error();
  ObjectReader reader(*json, file, "");
  LoraSettings settings;
  const std::string type = reader.text("peft_type", "");
  if (type != "LORA") reader.fail("peft_type", fmt::format("found \"{}\"; \"LORA\" is expected", type));
  settings.rank = reader.integer("r");
  settings.alpha = reader.number("lora_alpha");
  settings.root_scale = reader.boolean("use_rslora", false);
  for (const char* key : kRefused) {
    const Json* value = reader.find(key);
    if (value != nullptr && !says_no(*value))
      reader.fail(key, fmt::format("found {}; Kiln runs adapters without it", value->dump()));
  }
  if (const std::string bias = reader.text("bias", "none"); bias != "none")
    reader.fail("bias", fmt::format("found \"{}\"; \"none\" is expected", bias));
  if (const Json* init = reader.find("init_lora_weights"); init != nullptr && init->is_string()) {
    if (std::ranges::find(kInitialisations, init->get<std::string>()) == kInitialisations.end())
      reader.fail("init_lora_weights",
                  fmt::format("found {}; it changes the base's weights, and an adapter to the base "
                              "as it is is expected",
                              init->dump()));
  }
  read_patterns(reader, "rank_pattern", settings.rank_of, [&](ObjectReader inner, const std::string& key) {
    const auto rank = inner.integer(key.c_str());
    if (inner.failure()) reader.adopt(*inner.failure());
    return rank;
  });
  read_patterns(reader, "alpha_pattern", settings.alpha_of, [&](ObjectReader inner, const std::string& key) {
    const double alpha = inner.number(key.c_str());
    if (inner.failure()) reader.adopt(*inner.failure());
    return alpha;
  });
  read_targets(reader, settings.targets);
  if (reader.failure()) return *reader.failure();
  return settings;
}

}  // namespace kiln::checkpoint
