// Sampler: beats of logits, an id behind them; half of the tokens are drawn.
#include "kiln/numerics/sample.hpp"
#include "support.hpp"

namespace kiln::rtl {
namespace {

class SamplerOracle final : public Oracle {
 public:
  SamplerOracle(const Case& which, base::Random& random) : case_(which), random_(random) {}
  [[nodiscard]] std::uint32_t positions() const override { return 1U << 20; }

  void token(const chip::TokenInFlight& token, const Pins& pins) override {
    sampling_ = {};
    sampling_.top_k = static_cast<std::uint32_t>(random_.between(1, case_.placement->chip().sampler.max_top_k));
    sampling_.seed = random_.next();
    if (token.user == kDrawn) sampling_.temperature = 0.01 + 2 * random_.unit();
    const float factor = sampling_.greedy() ? 0 : numerics::exponent_factor(sampling_.temperature);
    pins["greedy_i"].set(sampling_.greedy() ? 1 : 0);
    pins["factor_i"].set(std::bit_cast<std::uint32_t>(factor));
    pins["top_k_i"].set(sampling_.top_k);
    pins["seed_i"].set(sampling_.seed);
    pins["position_i"].set(token.position.value);
  }

  Exchange exchange(const chip::TokenInFlight& token, const program::Op&, const Pins&) override {
    std::vector<float> logits(case_.placement->model().vocab_size);
    const std::uint64_t kind = random_.below(4);
    for (float& x : logits) {
      x = any_element(random_);
      if (kind == 1) x = static_cast<float>(random_.below(4)) - 2;  // many equal ones
      if (kind > 1) x = static_cast<float>(random_.unit() * 8 - 4);
    }
    Exchange e{"logits", "id", {}, {Bits(32)}};
    append_elements(e.in, logits, case_.placement->chip().link.beat_elements());
    e.out[0].set(0, 32, numerics::sample(logits, sampling_, token.position.value));
    return e;
  }

 private:
  const Case& case_;
  base::Random& random_;
  numerics::Sampling sampling_;
};

Case sampler_case(const Configuration& c, std::uint64_t seed) {
  const auto model = support::model_of({"cosim", 16, 8, 1, 1, 1, 4, c.at("vocabulary")});
  config::ChipConfig chip;
  chip.link.beat_groups = c.at("beat_groups");
  chip.sampler.lanes = c.at("lanes");
  chip.sampler.compare_cycles = c.at("compare_cycles");
  chip.sampler.draw_cycles = c.at("draw_cycles");
  chip.sampler.max_top_k = c.at("max_top_k");
  Case made = make_case(model, recipe_of(2), chip, seed);
  made.unit = program::Unit::Sampler;
  made.design = sampler(*made.placement);
  made.twin = [](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::SamplerModule>(name, stage);
  };
  made.oracle = [](const Case& which, base::Random& random) { return std::make_unique<SamplerOracle>(which, random); };
  return made;
}

KILN_COSIM(Sampler, "sampler", sampler_case);

}  // namespace
}  // namespace kiln::rtl
