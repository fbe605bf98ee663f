// Moves of a design that belong together: one key, or several by one factor or against each other, to the next value of
// a logarithmic grid; sizes of tiles to equal parts of the model's widths.
#pragma once

#include <set>

#include "support/design_evaluator.hpp"

namespace kiln::test {

/// Keys that go up or down together, or against each other.
struct Knob {
  std::vector<std::pair<std::string, int>> keys;
  bool rare = false;  ///< seldom tried: more cycles than needed, or what no token of the question meets
};
class DesignMoves {
 public:
  /// Of all keys, or `only` some. `base`: of the chip itself, without a design.
  DesignMoves(const std::vector<config::ParameterInfo>& keys, const Found& base, const std::set<std::string>& only)
      : base_(base) {
    for (const auto& key : keys) {
      minimum_[key.pointer] = key.minimum;
      maximum_[key.pointer] = key.maximum;
      knobs_.push_back({{{key.pointer, 1}}, is_rare(key.pointer)});
    }
    add_groups();
    if (only.empty()) return;
    std::erase_if(knobs_, [&](const Knob& knob) {
      return std::ranges::any_of(knob.keys, [&](const auto& key) { return !only.contains(key.first); });
    });
  }

  [[nodiscard]] const std::vector<Knob>& knobs() const { return knobs_; }

  /// `design`, as similar as any to `from`, with the knob's keys one step on; none where they are at their ends.
  [[nodiscard]] std::optional<Design> moved(const Found& from, const Design& design, const Knob& knob,
                                            double factor) const {
    Design next = design;
    bool changed = false;
    for (const auto& [key, power] : knob.keys) {
      const auto set = design.find(key);
      const auto at = from.values.find(key);
      if (set == design.end() && at == from.values.end()) return std::nullopt;
      const std::uint64_t value = set != design.end() ? set->second : at->second;
      std::uint64_t to = stepped(key, value, power > 0 ? factor : 1 / factor);
      if (key == "/kv/banks" && to % 2 == 0) to += factor > 1 ? 1 : -1;
      if (key == "/kv/depth_words" && knob.keys.size() > 1) to = depth_for(from, next, to);
      changed = changed || to != value;
      next[key] = to;
    }
    if (!changed) return std::nullopt;
    return next;
  }

 private:
  void add_groups() {
    const auto group = [&](std::vector<std::pair<std::string, int>> keys) { knobs_.push_back({std::move(keys)}); };
    group({{"/vector/lanes", 1},
           {"/reduction/outputs_per_cycle", 1},
           {"/attention/input_lanes", 1},
           {"/attention/output_lanes", 1},
           {"/embedding/elements_per_cycle", 1},
           {"/sampler/lanes", 1}});
    group({{"/vector/lanes", 1}, {"/reduction/outputs_per_cycle", 1}});
    group({{"/attention/tokens_parallel", 1}, {"/kv/banks", 1}, {"/kv/depth_words", -1}});
    group({{"/attention/tokens_parallel", 1}, {"/kv/width_bytes", -1}});
    group({{"/attention/tokens_parallel", 1}, {"/kv/ports", 1}});
    group({{"/kv/width_bytes", 1}, {"/kv/depth_words", -1}});
    group({{"/kv/width_bytes", 1}, {"/kv/banks", -1}});
    group({{"/kv/banks", 1}, {"/kv/depth_words", -1}});
    group({{"/tile/rows", 1}, {"/tile/inputs_per_cycle", 1}});
    group({{"/tile/rows", 1}, {"/tile/columns", -1}});
    group({{"/tile/inputs_per_cycle", 1}, {"/tile/scale_lanes", 1}});
    group({{"/tile/inputs_per_cycle", 1}, {"/tiles/lm_head/inputs_per_cycle", -1}});
    for (const char* array : {"qkv", "o", "gate_up", "down", "lm_head"}) {
      const std::string at = std::string("/tiles/") + array;
      group({{at + "/inputs_per_cycle", 1}, {at + "/scale_lanes", 1}});
      group({{at + "/rows", 1}, {at + "/inputs_per_cycle", 1}});
      group({{at + "/rows", 1}, {at + "/columns", -1}});
    }
  }

  static bool is_rare(const std::string& key) {
    static const std::vector<std::string> kRare = {
        "/link/", "/lora/", "/host/", "/chips/", "/sequencer/", "/kv/row_pad_words", "/sampler/max_"};
    return key.ends_with("_cycles") ||
           std::ranges::any_of(kRare, [&](const std::string& rare) { return key.starts_with(rare); });
  }

  [[nodiscard]] std::uint64_t stepped(const std::string& key, std::uint64_t value, double factor) const {
    const bool up = factor > 1;
    if (key.ends_with("/rows") || key.ends_with("/columns")) return shape(value, factor);
    const auto next = static_cast<std::uint64_t>(std::llround(double(value) * factor));
    const std::uint64_t least = minimum_.at(key), most = maximum_.at(key);
    const std::uint64_t moved = up ? std::max(next, value + 1) : std::min(next, value > 0 ? value - 1 : 0);
    return std::clamp(moved, least, most);
  }

  /// Equal parts of the model's widths: of sizes between, the last tile is part empty.
  static std::uint64_t shape(std::uint64_t value, double factor) {
    static const std::vector<std::uint64_t> all = [] {
      std::set<std::uint64_t> parts;
      for (const std::uint64_t width : {4096U, 6144U, 14336U, 28672U})
        for (std::uint64_t n = 1; n <= 56; ++n)
          if (const auto part = (width / n + (width % n != 0 ? 1 : 0) + 63) / 64 * 64; part >= 256) parts.insert(part);
      return std::vector<std::uint64_t>(parts.begin(), parts.end());
    }();
    const auto wanted = static_cast<std::uint64_t>(double(value) * factor);
    if (factor > 1) {
      auto at = std::lower_bound(all.begin(), all.end(), std::max(wanted, value + 1));
      return at == all.end() ? all.back() : *at;
    }
    auto at = std::upper_bound(all.begin(), all.end(), std::min(wanted, value - 1));
    return at == all.begin() ? all.front() : *--at;
  }

  /// As many words a bank as keep the tokens.
  [[nodiscard]] std::uint64_t depth_for(const Found& from, const Design& design, std::uint64_t otherwise) const {
    const auto of = [&](const char* key) {
      const auto set = design.find(key);
      return set != design.end() ? set->second : from.values.at(key);
    };
    const std::uint64_t bytes =
        base_.values.at("/kv/banks") * base_.values.at("/kv/depth_words") * base_.values.at("/kv/width_bytes");
    const std::uint64_t of_a_word = of("/kv/banks") * of("/kv/width_bytes");
    return of_a_word == 0 ? otherwise : (bytes + of_a_word - 1) / of_a_word;
  }

  Found base_;
  std::map<std::string, std::uint64_t> minimum_, maximum_;
  std::vector<Knob> knobs_;
};

}  // namespace kiln::test
