// Configs from JSON: typed, complete, and strict. Unknown keys, wrong types and values out of range are errors that
// name the file, the JSON pointer, what was found, what is allowed and the nearest key; all errors of a file come at
// once (one sentence each, joined by newlines in Error::message). A missing key of a chip's unit takes no default: it
// is an error too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/chip_config.hpp"
#include "kiln/config/economics.hpp"
#include "kiln/config/gpu_spec.hpp"
#include "kiln/config/machine.hpp"
#include "kiln/config/model_config.hpp"
#include "kiln/config/tech_config.hpp"

namespace kiln::config {

/// `--set POINTER=VALUE`: `kv.banks=64` or `/kv/banks=64`. The value is JSON if it parses as JSON, else a string.
using Override = std::string;

/// Where configs are looked up: KILN_CONFIG_PATH (colon separated) if set, then beside the executable.
class ConfigPath {
 public:
  /// `environment`: value of KILN_CONFIG_PATH or empty; `executable`: path of the running program, or empty.
  ConfigPath(std::string_view environment, std::string_view executable);
  /// Looks `name` up as a file if it contains '/' or ends in ".json", else as KIND/NAME.json in each folder.
  /// `kind` is "chip", "model", "recipe", "gpu", "machine", "tech" or "economics". The error lists the names there are
  /// and the nearest.
  [[nodiscard]] base::Result<std::string> find(std::string_view kind, std::string_view name) const;
  /// Names of all configs of a kind, sorted.
  [[nodiscard]] std::vector<std::string> list(std::string_view kind) const;

 private:
  std::vector<std::string> folders_;
};

base::Result<ChipConfig> load_chip(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<ModelConfig> load_model(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<BakeRecipe> load_recipe(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<GpuSpec> load_gpu(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<ReferenceMachine> load_machine(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<TechConfig> load_tech(const std::string& file, const std::vector<Override>& overrides = {});
base::Result<EconomicsConfig> load_economics(const std::string& file, const std::vector<Override>& overrides = {});

/// The same from text; `name` stands for the file in errors.
base::Result<ChipConfig> parse_chip(const std::string& json, const std::string& name,
                                    const std::vector<Override>& overrides = {});
base::Result<ModelConfig> parse_model(const std::string& json, const std::string& name,
                                      const std::vector<Override>& overrides = {});
base::Result<BakeRecipe> parse_recipe(const std::string& json, const std::string& name,
                                      const std::vector<Override>& overrides = {});
base::Result<GpuSpec> parse_gpu(const std::string& json, const std::string& name,
                                const std::vector<Override>& overrides = {});
base::Result<ReferenceMachine> parse_machine(const std::string& json, const std::string& name,
                                             const std::vector<Override>& overrides = {});
base::Result<TechConfig> parse_tech(const std::string& json, const std::string& name,
                                    const std::vector<Override>& overrides = {});
base::Result<EconomicsConfig> parse_economics(const std::string& json, const std::string& name,
                                              const std::vector<Override>& overrides = {});

/// The resolved config as canonical JSON (sorted keys, no white space), without `reasons` and `description`: what a
/// report carries and what config_hash() hashes (XXH3-128, 32 hex digits).
std::string to_json(const ChipConfig& chip);
std::string to_json(const ModelConfig& model);
std::string to_json(const BakeRecipe& recipe);
std::string config_hash(const std::string& canonical_json);

/// One numeric parameter of a chip config: for documentation tests, random configs and sensitivity tables.
struct ParameterInfo {
  std::string pointer;  ///< "/kv/banks"
  std::string unit;     ///< "cycles", "elements", ...
  std::uint64_t minimum = 0;
  std::uint64_t maximum = 0;
};
std::vector<ParameterInfo> chip_parameters();

}  // namespace kiln::config
