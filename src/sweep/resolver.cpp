#include "sweep/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"
#include "kiln/config/link.hpp"
#include "kiln/study/design_point.hpp"
#include "report/version.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::sweep {
namespace {

template <class Config>
base::Status found(const base::Result<Config>& loaded) {
  if (!loaded) return loaded.error();
  return {};
}

json::Value at(const json::Value& tree, std::string_view pointer) {
  const json::Value* node = &tree;
  while (!pointer.empty() && node != nullptr) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    node = node->find(json::unescaped(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  return node == nullptr ? json::Value() : *node;
}

/// A checkpoint as --model takes it beside names: with a '/', if it is a directory.
std::string as_model(const std::string& checkpoint) {
  const bool told = checkpoint.starts_with("synthetic:") || checkpoint.ends_with(".gguf");
  return told || checkpoint.find('/') != checkpoint.npos ? checkpoint : "./" + checkpoint;
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ' ';
    text += base::shell_word(word);
  }
  return text;
}

std::string answering_revision() {
  auto revision = report::revision();
  if (revision != "unknown" && !revision.ends_with("-dirty")) return revision;
  const auto program = base::MappedFile::open("/proc/self/exe");
  return revision + "+" + (program ? base::hex_of(base::digest128(program->bytes())) : "");
}

base::Result<Resolver> Resolver::create(const Spec& spec, study::Environment& environment) {
  Resolver resolver(spec, environment);
  if (const auto good = resolver.prepare(); !good) return good.error();
  if (const auto good = resolver.check_names(); !good) return good.error();
  const auto base = resolver.load_base();
  auto points = points_of(spec, [&](const Axis& axis) { return resolver.base_value(axis); });
  if (!points) return points.error();
  resolver.points_ = *std::move(points);
  // A base that is no chip without its axes is none of any point's business; one that never is, of all.
  const auto resolves = [&](const Setting& setting) { return resolver.resolve(0, setting).ok(); };
  if (!base && std::ranges::none_of(resolver.points_, resolves)) return base.error();
  return resolver;
}

base::Status Resolver::prepare() {
  for (const auto& setting : spec_->base.set) {
    const auto parts = parts_of_set(setting);
    if (!parts) return parts.error();
    base_set_[parts->kind].push_back(parts->pointer + "=" + parts->value);
  }
  if (!spec_->base.rom.empty()) {
    auto subject = study::load_subject({spec_->base.rom, "", "", ""}, *environment_);
    if (!subject) return subject.error();
    model_ = subject->model;
    recipe_ = subject->recipe;
  }
  if (!spec_->base.checkpoint.empty()) {
    auto checkpoint = study::open_checkpoint(spec_->base.checkpoint, environment_->configs());
    if (!checkpoint) return prefixed("/base/checkpoint: ", checkpoint.error());
    model_ = (*checkpoint)->config();
  }
  if (spec_->base.accuracy) {
    auto keys = AccuracyKeys::create(*spec_->base.accuracy, revision_, *environment_);
    if (!keys) return keys.error();
    accuracy_keys_ = *std::move(keys);
  }
  return {};
}

/// A name that no file has is a mistake in the spec, or of the folder of configs; no chip that cannot be built.
base::Status Resolver::check_names() const {
  for (const auto& axis : spec_->axes) {
    if (axis.kind.empty() || !axis.pointer.empty()) continue;
    std::set<std::string> seen;  // a list may have one name a hundred thousand times
    for (std::size_t i = 0; i < axis.values.size(); ++i) {
      const auto& configs = environment_->configs();
      const auto& name = axis.values[i].text();
      if (!seen.insert(name).second) continue;
      const auto loaded = [&]() -> base::Status {
        if (axis.kind == "chip") return found(configs.load<config::ChipConfig>(name));
        if (axis.kind == "model") return found(configs.load<config::ModelConfig>(name));
        return found(configs.load<config::BakeRecipe>(name));
      }();
      if (!loaded) return prefixed(fmt::format("/vary/{}/{}: ", axis.name, i), loaded.error());
    }
  }
  return {};
}

std::string Resolver::key_of(std::uint64_t number) const {
  if (number >= points_.size()) return "";
  const auto point = resolve(number, points_.at(number));
  return point ? point->key : std::string();
}

base::Status Resolver::load_base() {
  const auto& configs = environment_->configs();
  const auto keep = [&](std::string_view kind, const auto& config) -> base::Status {
    if (!config) return config.error();
    base_json_[std::string(kind)] = *json::read(config::to_json(*config), 64, [](const auto&) { return false; });
    return {};
  };
  const Setting none(spec_->axes.size());
  const auto named = [&](std::string_view kind) {
    auto name = name_of(kind, none);
    if (!name.empty()) return name;
    const auto axis = std::ranges::find(spec_->axes, kind, &Axis::name);
    return axis == spec_->axes.end() || axis->values.empty() ? std::string() : axis->values.front().text();
  };
  if (const auto good = keep("chip", configs.load<config::ChipConfig>(named("chip"), base_set_["chip"])); !good)
    return good;
  if (!model_)
    if (const auto good = keep("model", configs.load<config::ModelConfig>(named("model"), base_set_["model"])); !good)
      return good;
  if (!recipe_)
    if (const auto good = keep("recipe", configs.load<config::BakeRecipe>(named("recipe"), base_set_["recipe"])); !good)
      return good;
  const auto* silicon = base_json_["chip"].find("silicon");
  const auto* technology = silicon == nullptr ? nullptr : silicon->find("technology");
  if (technology != nullptr && technology->is_text())
    if (const auto good = keep("tech", configs.load<config::TechConfig>(technology->text(), base_set_["tech"])); !good)
      return good;
  return keep("economics", configs.load<config::EconomicsConfig>(study::kEconomics, base_set_["economics"]));
}

std::optional<json::Value> Resolver::base_value(const Axis& axis) const {
  if (axis.name == "prompt_tokens") return json::Value(spec_->base.prompt_tokens);
  if (axis.name == "new_tokens") return json::Value(spec_->base.new_tokens);
  if (axis.name == "users") return json::Value(spec_->base.users);
  if (axis.pointer.empty()) {
    const auto name = name_of(axis.kind, Setting(spec_->axes.size()));
    return name.empty() ? std::nullopt : std::optional(json::Value(name));
  }
  const auto tree = base_json_.find(axis.kind);
  if (tree == base_json_.end()) return std::nullopt;
  auto value = at(tree->second, axis.pointer);
  return value.is_null() ? std::nullopt : std::optional(std::move(value));
}

std::string Resolver::name_of(std::string_view kind, const Setting& setting) const {
  for (std::size_t a = 0; a < spec_->axes.size(); ++a)
    if (spec_->axes[a].name == kind && !setting[a].is_null()) return setting[a].text();
  if (kind == "chip") return spec_->base.chip;
  if (kind == "model") return spec_->base.model;
  return spec_->base.recipe;
}

std::uint64_t Resolver::length(std::string_view name, const Setting& setting, std::uint64_t own) const {
  for (std::size_t a = 0; a < spec_->axes.size(); ++a)
    if (spec_->axes[a].name == name && setting[a].is_whole()) return setting[a].whole();
  return own;
}

Resolver::Overrides Resolver::overrides(const Setting& setting) const {
  Overrides all = base_set_;
  // One by one: `"link": "auto"` as a whole would take away what the chip says of beats.
  if (spec_->automatic_links)
    for (const auto& link : config::kNamedLinks) all["chip"].push_back(fmt::format("/link/{}=auto", link.name));
  for (std::size_t a = 0; a < spec_->axes.size(); ++a) {
    const auto& axis = spec_->axes[a];
    if (!axis.pointer.empty() && !setting[a].is_null())
      all[axis.kind].push_back(axis.pointer + "=" + json::write(setting[a]));
  }
  return all;
}

base::Result<Point> Resolver::resolve(std::uint64_t number, const Setting& setting) const {
  const auto& configs = environment_->configs();
  auto all = overrides(setting);
  Point point;
  point.number = number;
  const auto load = [&](std::string_view kind, const std::string& name, auto& config) -> base::Status {
    auto loaded = configs.load<std::remove_reference_t<decltype(config)>>(name, all[std::string(kind)]);
    if (!loaded) return loaded.error();
    config = *std::move(loaded);
    return {};
  };
  if (const auto good = load("chip", name_of("chip", setting), point.chip); !good) return good.error();
  if (model_) {
    point.model = *model_;
  } else if (const auto good = load("model", name_of("model", setting), point.model); !good) {
    return good.error();
  }
  if (recipe_) {
    point.recipe = *recipe_;
  } else if (const auto good = load("recipe", name_of("recipe", setting), point.recipe); !good) {
    return good.error();
  }
  if (!point.chip.silicon)
    return base::Error{
        fmt::format("chip {} has no /silicon; its technology and ROM cell are expected", point.chip.name)};
  if (const auto good = load("tech", point.chip.silicon->technology, point.tech); !good) return good.error();
  if (const auto good = load("economics", study::kEconomics, point.economics); !good) return good.error();
  point.chip_name = name_of("chip", setting);
  point.chip_set = all["chip"];
  point.tech_set = all["tech"];
  point.economics_set = all["economics"];
  point.prompt_tokens = length("prompt_tokens", setting, spec_->base.prompt_tokens);
  point.new_tokens = length("new_tokens", setting, spec_->base.new_tokens);
  point.users = length("users", setting, spec_->base.users);
  base::ContentHash hash;
  for (const auto& text : {config::to_json(point.chip), config::to_json(point.model), config::to_json(point.recipe),
                           config::to_json(point.tech), config::to_json(point.economics),
                           fmt::format("{} {} {} {} {}", point.prompt_tokens, point.new_tokens, point.users,
                                       kEngines[spec_->engine], revision_)}) {
    hash.update(text);
    hash.update("\n");
  }
  if (accuracy_keys_) point.accuracy_key = accuracy_keys_->of(point.recipe);
  hash.update(point.accuracy_key);
  point.key = hash.hex();
  return point;
}

base::Result<config::BakeRecipe> Resolver::recipe(const Setting& setting) const {
  if (recipe_) return *recipe_;
  return environment_->configs().load<config::BakeRecipe>(name_of("recipe", setting), overrides(setting)["recipe"]);
}

std::vector<std::string> Resolver::recipe_words(const Setting& setting) const {
  std::vector<std::string> words = {"--recipe", name_of("recipe", setting)};
  auto all = overrides(setting);
  for (const auto& each : all["recipe"]) {
    words.emplace_back("--set");
    words.push_back(each);
  }
  return words;
}

const json::Object* Resolver::accuracy(const std::string& key) const {
  const auto found = accuracy_.find(key);
  return found == accuracy_.end() ? nullptr : &found->second;
}

std::string Resolver::command(const Setting& setting) const {
  std::vector<std::string> words = {"kiln", "run"};
  const auto add = [&](const char* option, const std::string& value) {
    words.emplace_back(option);
    words.push_back(value);
  };
  if (!spec_->base.rom.empty()) {
    add("--rom", spec_->base.rom);
    words.emplace_back("--timing-only");
  } else {
    add("--model", spec_->base.checkpoint.empty() ? name_of("model", setting) : as_model(spec_->base.checkpoint));
    add("--recipe", name_of("recipe", setting));
  }
  add("--chip", name_of("chip", setting));
  add("--prompt-tokens", std::to_string(length("prompt_tokens", setting, spec_->base.prompt_tokens)));
  add("-n", std::to_string(length("new_tokens", setting, spec_->base.new_tokens)));
  if (const auto users = length("users", setting, spec_->base.users); users != 1) add("--users", std::to_string(users));
  for (const auto& [kind, list] : overrides(setting))
    for (const auto& each : list) add("--set", fmt::format("{}:{}", kind, each));
  return shell_line(words);
}

}  // namespace kiln::sweep
