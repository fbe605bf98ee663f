// A point with all of its configs: what an engine answers, what names the result, and the command that gives it again.
#pragma once

#include <map>
#include <string>

#include "kiln/config/economics.hpp"
#include "kiln/study/inputs/environment.hpp"
#include "sweep/accuracy_key.hpp"
#include "sweep/points.hpp"

namespace kiln::sweep {

/// Which Kiln answers: its revision; of a tree that was changed, the program's hash too, so that nothing of another
/// build is reused.
std::string answering_revision();

/// As a shell takes it.
std::string shell_line(const std::vector<std::string>& words);

struct Point {
  std::uint64_t number = 0;
  config::ChipConfig chip;
  config::ModelConfig model;
  config::BakeRecipe recipe;
  config::TechConfig tech;
  config::EconomicsConfig economics;
  std::uint64_t prompt_tokens = 0, new_tokens = 0, users = 1;
  std::string chip_name;
  /// What changes the chip of that name, the technology and the economics that the catalogue has.
  std::vector<config::Override> chip_set, tech_set, economics_set;
  std::string accuracy_key;  ///< of what is measured of its recipe; empty where nothing is
  /// Hash of all of the above, the engine and Kiln's revision: equal keys, equal figures.
  std::string key;
};

class Resolver {
 public:
  /// `spec` and `environment` must outlive it. Fails where the base itself has no configs.
  static base::Result<Resolver> create(const Spec& spec, study::Environment& environment);

  /// Fails with the sentence that says why the point is no chip: a config's own.
  [[nodiscard]] base::Result<Point> resolve(std::uint64_t number, const Setting& setting) const;
  /// The key of a point's answer; empty where the point has no configs, or there is no such point.
  [[nodiscard]] std::string key_of(std::uint64_t number) const;
  /// `kiln run ...`, as a shell takes it.
  [[nodiscard]] std::string command(const Setting& setting) const;
  /// What `kiln bake` is told of a point's recipe: "--recipe", a name, and "--set" with each change.
  [[nodiscard]] std::vector<std::string> recipe_words(const Setting& setting) const;
  [[nodiscard]] base::Result<config::BakeRecipe> recipe(const Setting& setting) const;
  /// Nothing where the spec measures nothing.
  [[nodiscard]] const std::optional<AccuracyKeys>& accuracy_keys() const { return accuracy_keys_; }
  /// What was measured of a recipe, as figures; null if it was not yet. Points with this key have them from then on.
  [[nodiscard]] const json::Object* accuracy(const std::string& key) const;
  void take_accuracy(const std::string& key, json::Object figures) { accuracy_[key] = std::move(figures); }
  /// See points_of().
  [[nodiscard]] std::optional<json::Value> base_value(const Axis& axis) const;
  [[nodiscard]] std::vector<Setting> const& points() const { return points_; }
  /// Of an adaptive search, whose points come one batch after the other.
  void set_points(std::vector<Setting> points) { points_ = std::move(points); }

 private:
  Resolver(const Spec& spec, study::Environment& environment) : spec_(&spec), environment_(&environment) {}
  base::Status prepare();
  base::Status load_base();
  [[nodiscard]] base::Status check_names() const;
  using Overrides = std::map<std::string, std::vector<config::Override>, std::less<>>;
  [[nodiscard]] Overrides overrides(const Setting& setting) const;
  [[nodiscard]] std::string name_of(std::string_view kind, const Setting& setting) const;
  [[nodiscard]] std::uint64_t length(std::string_view name, const Setting& setting, std::uint64_t own) const;

  const Spec* spec_;
  study::Environment* environment_;
  Overrides base_set_;
  std::optional<config::ModelConfig> model_;                   ///< of the ROM image or the checkpoint
  std::optional<config::BakeRecipe> recipe_;                   ///< of the ROM image
  std::map<std::string, json::Value, std::less<>> base_json_;  ///< of each kind, resolved
  std::vector<Setting> points_;
  std::optional<AccuracyKeys> accuracy_keys_;
  std::map<std::string, json::Object> accuracy_;  ///< by key
  std::string revision_ = answering_revision();
};

}  // namespace kiln::sweep
