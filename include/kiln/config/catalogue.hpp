// Configs by name: looks files up along a path, changes values as overrides say, reads and checks. A name with a '/' or
// the ending ".json" is a file. What is wrong comes back as a sentence that names the file, or the names there are.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

class Catalogue {
 public:
  /// KILN_CONFIG_PATH, then beside the running program.
  Catalogue();
  /// Folders, colon separated, each with a folder a kind.
  explicit Catalogue(std::string_view folders) : path_(folders, "") {}

  /// Overrides that every config of `kind` is read with.
  void override_values(const std::string& kind, std::vector<Override> overrides);
  [[nodiscard]] std::vector<Override> overrides(std::string_view kind) const;

  /// An error where an override of `kind` was given that nothing will read; `why` ends the sentence.
  [[nodiscard]] base::Status refuse_overrides(std::string_view kind, std::string_view why) const;

  /// `more`: overrides after those of the kind.
  template <class Config>
  [[nodiscard]] base::Result<Config> load(std::string_view name, const std::vector<Override>& more = {}) const {
    const auto kind = kind_name<Config>();
    const auto file = path_.find(kind, name);
    if (!file) return file.error();
    auto all = overrides(kind);
    all.insert(all.end(), more.begin(), more.end());
    return config::load<Config>(*file, all, finder(kind));
  }
  /// Of what a config of that kind extends by name; the catalogue must outlive it.
  [[nodiscard]] FindBase finder(std::string_view kind) const {
    return [this, kind](std::string_view base) { return path_.find(kind, base); };
  }
  [[nodiscard]] auto chip(std::string_view name, const std::vector<Override>& more = {}) const {
    return load<ChipConfig>(name, more);
  }
  [[nodiscard]] auto model(std::string_view name) const { return load<ModelConfig>(name); }
  [[nodiscard]] auto recipe(std::string_view name) const { return load<BakeRecipe>(name); }
  [[nodiscard]] auto gpu(std::string_view name) const { return load<GpuSpec>(name); }
  [[nodiscard]] auto tech(std::string_view name) const { return load<TechConfig>(name); }
  [[nodiscard]] auto economics(std::string_view name) const { return load<EconomicsConfig>(name); }
  /// All that are published, by name.
  [[nodiscard]] base::Result<std::vector<ReferenceMachine>> machines() const;

  /// Names of all configs of a kind, sorted.
  [[nodiscard]] std::vector<std::string> names(std::string_view kind) const { return path_.list(kind); }
  /// Those of GPUs, and the files that were added.
  [[nodiscard]] std::vector<std::string> gpus() const;
  /// From now on among all GPUs.
  void add_gpu_file(std::string file) { gpu_files_.push_back(std::move(file)); }

 private:
  ConfigPath path_;
  std::map<std::string, std::vector<Override>, std::less<>> overrides_;
  std::vector<std::string> gpu_files_;
};

}  // namespace kiln::config
