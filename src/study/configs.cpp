#include "kiln/study/configs.hpp"

namespace kiln::study {
namespace {

template <class Config>
base::Result<ConfigList> all_of(const config::Catalogue& configs) {
  std::vector<Config> all;
  for (const auto& name : configs.names(config::kind_name<Config>())) {
    auto loaded = configs.load<Config>(name);
    if (!loaded) return loaded.error();
    loaded->name = name;  // what a command line may say, whatever the file calls itself
    all.push_back(*std::move(loaded));
  }
  return ConfigList(std::move(all));
}

}  // namespace

base::Result<ConfigList> list_configs(ConfigKind kind, const Environment& environment) {
  const config::Catalogue& configs = environment.configs();
  switch (kind) {
    case ConfigKind::Chips:
      return all_of<config::ChipConfig>(configs);
    case ConfigKind::Models:
      return all_of<config::ModelConfig>(configs);
    case ConfigKind::Recipes:
      return all_of<config::BakeRecipe>(configs);
    case ConfigKind::Gpus:
      return all_of<config::GpuSpec>(configs);
    case ConfigKind::Technologies:
      return all_of<config::TechConfig>(configs);
    case ConfigKind::Machines:
      return all_of<config::ReferenceMachine>(configs);
  }
  return base::Error{"no such kind of config"};
}

}  // namespace kiln::study
