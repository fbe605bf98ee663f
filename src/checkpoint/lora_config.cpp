#include "checkpoint/lora_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "base/text.hpp"
#include "checkpoint/strict_json.hpp"
#include "json/keys.hpp"

namespace kiln::checkpoint {
namespace {

/// Keys that are read here or that change nothing of what an adapter computes. Any other may, known or not, and must
/// say that it does not: null, false or empty.
constexpr std::string_view kHarmless[] = {"peft_type",
                                          "task_type",
                                          "base_model_name_or_path",
                                          "revision",
                                          "inference_mode",
                                          "auto_mapping",
                                          "peft_version",
                                          "r",
                                          "lora_alpha",
                                          "lora_dropout",
                                          "target_modules",
                                          "exclude_modules",
                                          "layers_to_transform",
                                          "layers_pattern",
                                          "bias",
                                          "init_lora_weights",
                                          "use_rslora",
                                          "rank_pattern",
                                          "alpha_pattern",
                                          "megatron_config",
                                          "megatron_core",
                                          "loftq_config",
                                          "eva_config",
                                          "corda_config",
                                          "runtime_config",
                                          "qalora_group_size",
                                          "ensure_weight_tying"};
/// Initialisations that do not change the base's weights.
constexpr std::array<std::string_view, 3> kInitialisations = {"gaussian", "eva", "orthogonal"};

bool says_no(const json::Value& value) {
  return value.is_null() || value == false || ((value.is_array() || value.is_object()) && value.size() == 0);
}

/// No module's name is as long, so that no longer pattern means any.
constexpr std::size_t kLongestModule = 256;

/// As PEFT looks at words.
std::string small_letters(std::string word) {
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return word;
}

template <class Value>
const Value* match(const std::map<std::string, Value, std::less<>>& patterns, std::string_view module) {
  for (const auto end : ends_of(module))
    if (const auto found = patterns.find(end); found != patterns.end()) return &found->second;
  return nullptr;
}

/// Module names, which PEFT takes for regular expressions: only those without a special character but the dot.
bool plain(std::string_view pattern) {
  return !pattern.empty() && std::ranges::all_of(pattern, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

template <class Value, class Read>
void read_patterns(ObjectReader& reader, const char* key, std::map<std::string, Value, std::less<>>& out, Read read) {
  const json::Value* patterns = reader.find(key);
  if (patterns == nullptr) return;
  if (!patterns->is_object()) return reader.fail(key, "an object of module names and numbers is expected");
  for (const auto& [pattern, value] : patterns->object()) {
    if (!plain(pattern))
      return reader.fail(key, "\"" + pattern + "\" is no plain module name; Kiln takes no other patterns");
    const auto number = read(ObjectReader(*patterns, reader.file(), std::string("/") + key), pattern);
    if (reader.failure()) return;
    if (pattern.size() <= kLongestModule) out[pattern] = number;
  }
  // Two patterns mean a common module only where one is an end of the other.
  for (const auto& [pattern, number] : out)
    for (const auto end : ends_of(pattern)) {
      const auto other = out.find(end);
      if (other != out.end() && other->second != number)
        return reader.fail(key, fmt::format("\"{}\" and \"{}\" give the same modules different numbers",
                                            std::min(pattern, other->first), std::max(pattern, other->first)));
    }
}

/// A text is a regular expression, or the word for all that an adapter may have.
void read_target_text(ObjectReader& reader, const std::string& text, LoraSettings& settings) {
  if (small_letters(text) == "all-linear") return;
  auto pattern = ModulePattern::create(text);
  if (!pattern)
    return reader.fail("target_modules",
                       fmt::format("\"{}\" {}", base::excerpt(base::without_controls(text)), pattern.error().message));
  settings.target_pattern = *std::move(pattern);
}

void read_targets(ObjectReader& reader, LoraSettings& settings) {
  const json::Value* list = reader.find("target_modules");
  if (list == nullptr) return;  // the tensors say
  if (list->is_text()) return read_target_text(reader, list->text(), settings);
  settings.targets.emplace();
  if (!list->is_array()) return reader.fail("target_modules", "a list of module names or a text is expected");
  for (const auto& name : list->array()) {
    if (!name.is_text() || !plain(name.text()))
      return reader.fail("target_modules", "a list of module names is expected");
    settings.targets->push_back(name.text());
  }
}

void read_layers(ObjectReader& reader, std::optional<std::set<std::uint64_t>>& layers) {
  const json::Value* list = reader.find("layers_to_transform");
  if (list == nullptr) return;
  layers.emplace();
  for (const auto& layer : list->is_array() ? std::span(list->array()) : std::span(list, 1)) {
    if (!layer.is_whole()) return reader.fail("layers_to_transform", "a layer or a list of layers is expected");
    layers->insert(layer.whole());
  }
}

void read_excluded(ObjectReader& reader, std::set<std::string, std::less<>>& excluded) {
  const json::Value* list = reader.find("exclude_modules");
  if (list == nullptr) return;
  if (!list->is_array()) return reader.fail("exclude_modules", "a list of module names is expected");
  for (const auto& name : list->array()) {
    if (!name.is_text() || !plain(name.text()))
      return reader.fail("exclude_modules", "a list of module names is expected");
    excluded.insert(name.text());
  }
}

}  // namespace

std::vector<std::string_view> ends_of(std::string_view module) {
  std::vector<std::string_view> ends = {module};
  for (std::size_t dot = module.find('.'); dot != module.npos; dot = module.find('.', dot + 1))
    ends.push_back(module.substr(dot + 1));
  return ends;
}

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
  for (const auto key : json::unknown_keys(json->object(), kHarmless)) {
    const json::Value& value = *json->find(key);
    if (says_no(value) || reader.failure()) continue;
    reader.fail(base::excerpt(base::without_controls(key)).c_str(),
                fmt::format("found {}; Kiln runs adapters without it", excerpt(value)));
  }
  if (const std::string bias = reader.text("bias", "none"); bias != "none")
    reader.fail("bias", fmt::format("found \"{}\"; \"none\" is expected", bias));
  if (const json::Value* init = reader.find("init_lora_weights"); init != nullptr && init->is_text()) {
    if (std::ranges::find(kInitialisations, small_letters(init->text())) == kInitialisations.end()) {
      reader.fail("init_lora_weights",
                  fmt::format("found {}; it changes the base's weights, and an adapter to the base "
                              "as it is is expected",
                              excerpt(*init)));
    }
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
  read_targets(reader, settings);
  read_layers(reader, settings.layers);
  read_excluded(reader, settings.excluded);
  if (reader.failure()) return *reader.failure();
  return settings;
}

}  // namespace kiln::checkpoint
