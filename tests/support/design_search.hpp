// A search over the numeric keys of a chip by closed points: random changes of one to four keys, kept where they are
// better, or a little worse while the search is young. One seed, one answer. It says how good a first chip is;
// adversary.hpp is the one that looks for holes in the cost model.
#pragma once

#include "base/random.hpp"
#include "support/design_evaluator.hpp"

namespace kiln::test {

class DesignSearch : public DesignEvaluator {
 public:
  DesignSearch(std::string chip_text, const study::ClosedQuestion& question, SearchLimits limits, std::uint64_t seed)
      : DesignEvaluator(std::move(chip_text), question, std::move(limits)), random_(seed) {}

  /// The best design that is allowed after so many evaluations: a third of them random steps from `start`, then key by
  /// key with several values each, again and again, with a few random steps where none is better.
  Found climb(const Design& start, std::uint64_t evaluations) {
    const std::uint64_t end = this->evaluations() + evaluations;
    now_ = best_ = evaluate(start);
    walk(evaluations / 3);
    while (this->evaluations() < end) {
      now_ = best_;
      while (this->evaluations() < end && sweep(end)) {
      }
      now_ = best_;
      walk(std::min<std::uint64_t>(evaluations / 20, end > this->evaluations() ? end - this->evaluations() : 0));
    }
    return best_;
  }

  /// The best of so many beginnings, each also at the clock that its paths and its power then allow.
  template <class Beginning>
  Found begin(std::uint64_t evaluations, Beginning&& beginning) {
    const std::uint64_t end = this->evaluations() + evaluations;
    Found best;
    while (this->evaluations() < end) {
      Found next = evaluate(beginning(random_));
      if (next.placed) next = evaluate(clocked(next));
      if (score(next) > score(best)) best = next;
    }
    return best;
  }

 private:
  static double score(const Found& found) {
    // A key that does nothing is no part of a design.
    if (!found.placed) return -1e9;
    return std::log(found.rate) - 4 * found.excess - 2e-5 * static_cast<double>(found.design.size());
  }

  void note(const Found& next) {
    if (next.excess == 0 && (best_.excess > 0 || score(next) > score(best_))) best_ = next;
  }

  void walk(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps; ++i) {
      const double heat = 0.02 * (1 - static_cast<double>(i) / static_cast<double>(steps));
      const Found next = evaluate(changed(now_));
      const double gain = score(next) - score(now_);
      if (gain >= 0 || random_.unit() < std::exp(gain / heat)) now_ = next;
      note(next);
    }
  }

  /// Whether any key alone, or with the clock that it then allows, made it better.
  bool sweep(std::uint64_t end) {
    bool better = false;
    const std::size_t first = random_.below(own_keys().size());
    for (std::size_t k = 0; k < own_keys().size() && this->evaluations() < end; ++k) {
      const auto& key = own_keys()[(first + k) % own_keys().size()];
      for (int tries = 0; tries < 3 && this->evaluations() < end; ++tries) {
        Found next = evaluate(with(now_, key, tries == 0 && now_.design.contains(key.pointer)));
        if (tries == 2) next = evaluate(scaled_with_another(key));
        if (next.placed && score(next) <= score(now_)) next = evaluate(clocked(next));
        note(next);
        if (score(next) <= score(now_)) continue;
        now_ = next;
        better = true;
      }
    }
    return better;
  }

  /// With the clock that loops and power allow; latencies that are `auto` follow it.
  Design clocked(const Found& from) const {
    Design design = from.design;
    const double by_power = from.clock_mhz * limits().power_w / from.power_w;
    design["/clock_mhz"] = static_cast<std::uint64_t>(std::max(1.0, std::min(from.loops_mhz, by_power)));
    return design;
  }

  /// Two keys by one factor: what is wide and what is long belong together.
  Design scaled_with_another(const config::ParameterInfo& key) {
    Design design = now_.design;
    static constexpr double kFactors[] = {0.25, 0.5, 2, 4};
    const double factor = kFactors[random_.below(4)];
    const bool against = random_.below(2) == 0;
    const config::ParameterInfo& other = own_keys()[random_.below(own_keys().size())];
    for (const auto* one : {&key, &other}) {
      const auto at = now_.values.find(one->pointer);
      if (at == now_.values.end()) continue;
      const double by = one != &key && against ? 1 / factor : factor;
      design[one->pointer] =
          std::clamp<std::uint64_t>(std::max(1LL, std::llround(double(at->second) * by)), one->minimum, one->maximum);
    }
    return design;
  }

  Design with(const Found& from, const config::ParameterInfo& key, bool back) {
    Design design = from.design;
    const auto at = from.values.find(key.pointer);
    if (back)
      design.erase(key.pointer);
    else if (at != from.values.end())
      design[key.pointer] = std::clamp<std::uint64_t>(near(at->second), key.minimum, key.maximum);
    return design;
  }

  Design changed(const Found& from) {
    Design design = from.design;
    const std::uint64_t count = 1 + random_.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto& key = own_keys()[random_.below(own_keys().size())];
      const Found so_far{design, 0, 0, 0, 0, 0, 0, 0, false, from.values};
      design = with(so_far, key, design.contains(key.pointer) && random_.below(3) == 0);
    }
    if (random_.below(3) == 0) design["/clock_mhz"] = static_cast<std::uint64_t>(std::max(1.0, from.loops_mhz));
    return design;
  }

  std::uint64_t near(std::uint64_t value) {
    static constexpr double kFactors[] = {0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25, 1.5, 2, 4};
    switch (random_.below(4)) {
      case 0:
        return value + 1;
      case 1:
        return value > 1 ? value - 1 : 1;
      default:
        return std::max<std::uint64_t>(1, std::llround(double(value) * kFactors[random_.below(11)]));
    }
  }

  base::Random random_;
  Found now_, best_;
};

}  // namespace kiln::test
