// Configs from JSON: typed, complete, and strict. Unknown keys, wrong types and values out of range are errors that
// name the file, the JSON pointer, what was found, what is allowed and the nearest key; all errors of a file come at
// once (one sentence each, joined by newlines in Error::message). A config may extend
// another; a key that a chip leaves out takes its default where it has one (configs/README.md), else it is an error too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/kinds.hpp"

namespace kiln::config {

/// `--set POINTER=VALUE`: `kv.banks=64` or `/kv/banks=64`. The value is JSON if it parses as JSON, else a string.
using Override = std::string;

/// Where configs are looked up: KILN_CONFIG_PATH (colon separated) if set, then beside the executable.
class ConfigPath {
 public:
  /// `environment`: value of KILN_CONFIG_PATH or empty; `executable`: path of the running program, or empty.
  ConfigPath(std::string_view environment, std::string_view executable);
  /// Looks `name` up as a file if it contains '/' or ends in ".json", else as KIND/NAME.json in each folder.
  /// `kind` is one of kKindNames. The error lists the names there are and the nearest.
  [[nodiscard]] base::Result<std::string> find(std::string_view kind, std::string_view name) const;
  /// Names of all configs of a kind, sorted.
  [[nodiscard]] std::vector<std::string> list(std::string_view kind) const;

 private:
  std::vector<std::string> folders_;
};

/// The file of a config of the same kind that another one extends by its name.
using FindBase = std::function<base::Result<std::string>(std::string_view name)>;

/// Into `config`, which must be discarded after an error.
/// Without `find` a name that it extends is that of a file beside it.
base::Status load_into(AnyConfig config, const std::string& file, const std::vector<Override>& overrides,
                       const FindBase& find = {});
base::Status parse_into(AnyConfig config, const std::string& json, const std::string& name,
                        const std::vector<Override>& overrides, const FindBase& find = {});
std::string canonical_json(AnyConfig config);

/// A config of any kind from its file.
template <class Config>
base::Result<Config> load(const std::string& file, const std::vector<Override>& overrides = {},
                          const FindBase& find = {}) {
  Config config;
  if (const auto loaded = load_into(&config, file, overrides, find); !loaded) return loaded.error();
  return config;
}

/// The same from text; `name` names the file in errors.
template <class Config>
base::Result<Config> parse(const std::string& json, const std::string& name,
                           const std::vector<Override>& overrides = {}, const FindBase& find = {}) {
  Config config;
  if (const auto parsed = parse_into(&config, json, name, overrides, find); !parsed) return parsed.error();
  return config;
}

/// The resolved config as canonical JSON (sorted keys, no white space), without `reasons` and `description`: what a
/// report carries and what config_hash() hashes (XXH3-128, 32 hex digits).
template <class Config>
std::string to_json(Config config) {
  return canonical_json(&config);
}
std::string config_hash(const std::string& canonical_json);

/// One numeric parameter of a chip config: for documentation tests, random configs and sensitivity tables.
struct ParameterInfo {
  std::string pointer;  ///< "/kv/banks"
  std::string unit;     ///< "cycles", "elements", ...
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;
};
std::vector<ParameterInfo> chip_parameters();
/// JSON pointers of all keys that configs of a kind may have; `kind` is one of kKindNames.
std::vector<std::string> key_pointers(std::string_view kind);
/// Those of them that take whole numbers alone.
std::vector<std::string> whole_key_pointers(std::string_view kind);

// load() and parse() by the kind's name.

inline base::Result<ChipConfig> load_chip(const std::string& file, const std::vector<Override>& overrides = {}) {
  return load<ChipConfig>(file, overrides);
}
inline base::Result<ModelConfig> load_model(const std::string& file, const std::vector<Override>& overrides = {}) {
  return load<ModelConfig>(file, overrides);
}
inline base::Result<BakeRecipe> load_recipe(const std::string& file, const std::vector<Override>& overrides = {}) {
  return load<BakeRecipe>(file, overrides);
}
inline base::Result<GpuSpec> load_gpu(const std::string& file, const std::vector<Override>& overrides = {}) {
  return load<GpuSpec>(file, overrides);
}
inline base::Result<TechConfig> load_tech(const std::string& file, const std::vector<Override>& overrides = {}) {
  return load<TechConfig>(file, overrides);
}
inline base::Result<EconomicsConfig> load_economics(const std::string& file,
                                                    const std::vector<Override>& overrides = {}) {
  return load<EconomicsConfig>(file, overrides);
}
inline base::Result<ReferenceMachine> load_machine(const std::string& file,
                                                   const std::vector<Override>& overrides = {}) {
  return load<ReferenceMachine>(file, overrides);
}
inline base::Result<ChipConfig> parse_chip(const std::string& json, const std::string& name,
                                           const std::vector<Override>& overrides = {}, const FindBase& find = {}) {
  return parse<ChipConfig>(json, name, overrides, find);
}
inline base::Result<ModelConfig> parse_model(const std::string& json, const std::string& name,
                                             const std::vector<Override>& overrides = {}) {
  return parse<ModelConfig>(json, name, overrides);
}
inline base::Result<BakeRecipe> parse_recipe(const std::string& json, const std::string& name,
                                             const std::vector<Override>& overrides = {}) {
  return parse<BakeRecipe>(json, name, overrides);
}
inline base::Result<GpuSpec> parse_gpu(const std::string& json, const std::string& name,
                                       const std::vector<Override>& overrides = {}) {
  return parse<GpuSpec>(json, name, overrides);
}
inline base::Result<TechConfig> parse_tech(const std::string& json, const std::string& name,
                                           const std::vector<Override>& overrides = {}) {
  return parse<TechConfig>(json, name, overrides);
}
inline base::Result<EconomicsConfig> parse_economics(const std::string& json, const std::string& name,
                                                     const std::vector<Override>& overrides = {}) {
  return parse<EconomicsConfig>(json, name, overrides);
}
inline base::Result<ReferenceMachine> parse_machine(const std::string& json, const std::string& name,
                                                    const std::vector<Override>& overrides = {}) {
  return parse<ReferenceMachine>(json, name, overrides);
}

}  // namespace kiln::config
