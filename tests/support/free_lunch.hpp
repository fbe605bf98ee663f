// What a search over all keys of `hc1` finds for tokens/s, and whether any key that it changed is free: whether taking
// it back costs rate and gives back neither area, energy, slack nor tokens of the KV cache.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <set>

#include "base/mapped_file.hpp"
#include "study/chip_search.hpp"
#include "support/design_evaluator.hpp"

namespace kiln::test {

/// Keys of a find, at `hc1`'s values again.
struct TakenBack {
  std::vector<std::string> keys;
  std::uint64_t from = 0, to = 0;                      ///< of `hc1`, of the find; of the first
  double rate = 0, area_mm2 = 0, power_w = 0, mj = 0;  ///< change by taking them back, as a share
  double slack = 0;                                    ///< likewise of the highest clock over the clock, loops alone
  bool placed = true;                                  ///< the rest can be placed without them
  double kv_tokens = 0;                                ///< change of what the cache holds, as a share
  /// They cost rate, and give nothing back: a free lunch.
  [[nodiscard]] bool free() const { return rest_free() && mj > -kLeast; }
  [[nodiscard]] bool gives_back() const {
    return area_mm2 < -kNoticed || mj < -kNoticed || slack > kNoticed || kv_tokens > kNoticed;
  }
  /// The same by power, which falls with any rate: whoever is free so is free by energy a token as well, but not the
  /// reverse.
  [[nodiscard]] bool free_by_power() const { return rest_free() && power_w > -kLeast; }

 private:
  static constexpr double kLeast = 1e-6, kNoticed = 1e-4;
  /// Tokens that the cache holds are no less a good than area: deeper banks cost rate and hold more.
  [[nodiscard]] bool rest_free() const {
    return placed && rate < -0.005 && area_mm2 > -kLeast && slack < kLeast && kv_tokens < kLeast;
  }
};

class FreeLunch {
 public:
  FreeLunch()
      : model_(config::load_model(file("model/llama-3.1-8b")).value()),
        recipe_(config::load_recipe(file("recipe/w3w6")).value()),
        tech_(config::load_tech(file("tech/n6")).value()),
        text_(base::read_text_file(file("chip/hc1")).value()),
        base_(DesignEvaluator(text_, question(), {1e9, 1e9}).evaluate({})) {}

  [[nodiscard]] study::ClosedQuestion question() const { return {model_, recipe_, tech_, 1024, 1024}; }
  /// Nothing of what a user sees is less than `hc1`'s, and the die is not larger than `areas` of its.
  [[nodiscard]] DesignEvaluator search(double power_w, double areas = 1) const {
    SearchLimits limits{areas * base_.area_mm2, power_w > 0 ? power_w : base_.power_w};
    limits.at_least = {{"/lora/sram_kib", 24576}, {"/sequencer/slots", 64}, {"/sampler/max_top_k", 8}};
    limits.kv_tokens = kKvTokens;
    return {text_, question(), limits};
  }
  [[nodiscard]] const Found& base() const { return base_; }

  /// The chip that `kiln new` proposes for `hc1`'s area, with all else as `hc1` has it.
  [[nodiscard]] Design first_chip() const {
    const auto hc1 = config::parse_chip(text_, "hc1", {}).value();
    const study::SearchQuestion asked{model_, recipe_, tech_, hc1, base_.area_mm2, kKvTokens};
    const auto found = study::search_chip(asked, {});
    base::check(found.ok() && found->best, "free lunch: no chip of hc1's area");
    const auto chip = study::chip_of(found->best->sketch, hc1, model_, kKvTokens);
    const auto numbers = DesignEvaluator::numbers(chip, all_keys());
    Design design;
    for (const auto& [key, value] : numbers) {
      // Of tiles that are those of /tile: inherited.
      const bool of_array = key.starts_with("/tiles/") && !key.starts_with("/tiles/lm_head/");
      if (of_array && value == numbers.at("/tile" + key.substr(key.find('/', 7)))) continue;
      const auto own = base_.values.find(key);
      if (own == base_.values.end() || own->second != value) design[key] = value;
    }
    return design;
  }

  /// Each key of a find taken back alone.
  [[nodiscard]] std::vector<TakenBack> taken_back(DesignEvaluator& search, const Found& found) const {
    std::vector<TakenBack> all;
    for (const auto& [key, value] : found.design) all.push_back(without(search, found, {key}));
    return all;
  }
  /// A key that `taken_back` calls free may only fit another one: 73 words a cycle from 605 banks are faster than 96,
  /// which meet. That other one, if with it at `hc1`'s value the first key gives something back, or is faster at `hc1`'s
  /// own. What the model forgets to charge gives back nothing, whatever the rest of the chip is. And a key of little
  /// area moves blocks on the die, and so the registers of links, which may take more than the key does: it must not be
  /// free with all links as the find has them ("/link").
  [[nodiscard]] std::optional<std::string> fits(DesignEvaluator& search, const Found& found,
                                                const std::string& key) const {
    Design wired = found.design;
    for (const auto& [name, value] : found.values)
      if (name.starts_with("/link/")) wired[name] = value;
    if (const Found same = search.evaluate(wired); same.placed) {
      const TakenBack row = without(search, same, {key});
      if (row.placed && !row.free()) return "/link";
    }
    for (const auto& [other, value] : found.design) {
      if (other == key) continue;
      Design design = found.design;
      design.erase(other);
      const Found rest = search.evaluate(design);
      if (!rest.placed) continue;
      const TakenBack row = without(search, rest, {key});
      if (row.placed && (row.gives_back() || row.rate > 0.005)) return other;
    }
    return std::nullopt;
  }
  /// Two keys at a time, and all keys of a unit: free, though each of them alone was not worth as much and had no price.
  /// (Of a key that costs and one that saves, the sum says nothing.) `looked_at`: how many there were.
  [[nodiscard]] std::vector<TakenBack> free_groups(DesignEvaluator& search, const Found& found,
                                                   const std::vector<TakenBack>& alone, std::size_t& looked_at) const {
    std::map<std::string, std::vector<std::string>> units;
    std::set<std::vector<std::string>> groups;
    std::map<std::string, double> rate;
    for (const auto& row : alone) {
      const std::string& key = row.keys.front();
      if (row.gives_back()) continue;
      for (const auto& [other, of_other] : rate) groups.insert({other, key});
      units[key.substr(0, key.rfind('/'))].push_back(key);
      rate[key] = row.rate;
    }
    for (const auto& [unit, keys] : units)
      if (keys.size() > 2) groups.insert(keys);
    looked_at = groups.size();
    std::vector<TakenBack> all;
    for (const auto& keys : groups) {
      const TakenBack row = without(search, found, keys);
      double least = 0;
      for (const auto& key : keys) least = std::min(least, rate.at(key));
      if (row.free() && row.rate < least - 0.005) all.push_back(row);
    }
    return all;
  }

 private:
  TakenBack without(DesignEvaluator& search, const Found& found, const std::vector<std::string>& keys) const {
    Design design = found.design;
    for (const auto& key : keys) design.erase(key);
    const Found rest = search.evaluate(design);
    const auto own = base_.values.find(keys.front());
    TakenBack row{keys, own == base_.values.end() ? 0 : own->second, found.design.at(keys.front())};
    row.placed = rest.placed;
    if (!rest.placed) return row;
    row.rate = rest.rate / found.rate - 1;
    row.area_mm2 = rest.area_mm2 / found.area_mm2 - 1;
    row.power_w = rest.power_w / found.power_w - 1;
    row.mj = rest.mj_per_token / found.mj_per_token - 1;
    row.kv_tokens = static_cast<double>(rest.kv_tokens) / static_cast<double>(found.kv_tokens) - 1;
    row.slack = (rest.loops_mhz / rest.clock_mhz) / (found.loops_mhz / found.clock_mhz) - 1;
    return row;
  }
  static std::string file(const std::string& name) {
    return std::string(KILN_SOURCE_DIR) + "/configs/" + name + ".json";
  }
  static constexpr std::uint64_t kKvTokens = 6152;
  config::ModelConfig model_;
  config::BakeRecipe recipe_;
  config::TechConfig tech_;
  std::string text_;
  Found base_;
};

}  // namespace kiln::test
