// What a search over all keys of `hc1` finds for tokens/s, and whether any key that it changed is free: whether taking
// it back costs rate and gives back neither area, energy nor slack.
#pragma once

#include <fmt/format.h>

#include "base/mapped_file.hpp"
#include "support/design_search.hpp"

namespace kiln::test {

struct KeyTakenBack {
  std::string key;
  std::uint64_t from = 0, to = 0;                      ///< of `hc1`, of the find
  double rate = 0, area_mm2 = 0, power_w = 0, mj = 0;  ///< change by taking it back, as a share
  double slack = 0;                                    ///< likewise of the highest clock over the clock
  bool placed = true;                                  ///< the rest stands without it
  /// Costs rate, and gives nothing back: a free lunch. Energy a token counts, not power, which falls with any rate.
  [[nodiscard]] bool free() const {
    const double least = 1e-6;
    return placed && rate < -0.005 && area_mm2 > -least && mj > -least && slack < least;
  }
};

class FreeLunch {
 public:
  FreeLunch()
      : model_(config::load_model(file("model/llama-3.1-8b")).value()),
        recipe_(config::load_recipe(file("recipe/w3w6")).value()),
        tech_(config::load_tech(file("tech/n6")).value()),
        text_(base::read_text_file(file("chip/hc1")).value()) {}

  [[nodiscard]] study::ClosedQuestion question() const { return {model_, recipe_, tech_, 1024, 1024}; }
  /// Nothing of what a user sees is less than `hc1`'s, and the die is not larger.
  [[nodiscard]] DesignSearch search(double power_w, std::uint64_t seed) const {
    const auto hc1 = base();
    SearchLimits limits{hc1.area_mm2, power_w > 0 ? power_w : hc1.power_w};
    limits.at_least = {{"/lora/sram_kib", 24576}, {"/sequencer/slots", 64}, {"/sampler/max_top_k", 8}};
    limits.kv_tokens = 6152;
    return {text_, question(), limits, seed};
  }
  [[nodiscard]] Found base() const { return DesignSearch(text_, question(), {1e9, 1e9}, 1).evaluate({}); }

  /// Each key of a find taken back alone.
  [[nodiscard]] std::vector<KeyTakenBack> taken_back(DesignSearch& search, const Found& found) const {
    const auto own = DesignSearch::numbers(search.point({})->placement.chip());
    std::vector<KeyTakenBack> all;
    for (const auto& [key, value] : found.design) {
      Design without = found.design;
      without.erase(key);
      const Found rest = search.evaluate(without);
      KeyTakenBack row{key, own.contains(key) ? own.at(key) : 0, value};
      row.placed = rest.placed;
      if (rest.placed) {
        row.rate = rest.rate / found.rate - 1;
        row.area_mm2 = rest.area_mm2 / found.area_mm2 - 1;
        row.power_w = rest.power_w / found.power_w - 1;
        row.mj = rest.mj_per_token / found.mj_per_token - 1;
        row.slack = rest.slack / found.slack - 1;
      }
      all.push_back(row);
    }
    return all;
  }

 private:
  static std::string file(const std::string& name) {
    return std::string(KILN_SOURCE_DIR) + "/configs/" + name + ".json";
  }
  config::ModelConfig model_;
  config::BakeRecipe recipe_;
  config::TechConfig tech_;
  std::string text_;
};

}  // namespace kiln::test
