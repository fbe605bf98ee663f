// The sampler in lock step: greedy and drawn, token by token. docs/units/lm_head.md
#include <bit>

#include "chip/unit_modules.hpp"
#include "configurations.hpp"
#include "cosim.hpp"
#include "kiln/numerics/sample.hpp"

namespace kiln::rtl {
namespace {

/// The sampler's module for tokens of which some are drawn: in a run that is a property of the user.
class AnySampler final : public chip::UnitModule {
 public:
  AnySampler(const char* name, chip::StageState& stage, std::shared_ptr<const bool> greedy)
      : UnitModule(name, stage, program::Unit::Sampler), core_(state_.placement), greedy_(std::move(greedy)) {}

 private:
  chip::OpTiming timing(const chip::Flight&, std::uint32_t) override { return core_.timing(*greedy_); }
  void closed(chip::Flight&, const chip::OpRecord&) override {}
  chip::Sampler core_;
  std::shared_ptr<const bool> greedy_;
};

class SamplerOracle final : public Oracle {
 public:
  SamplerOracle(const Case& which, std::shared_ptr<bool> greedy, base::Random& random)
      : logits_(which.placement->model().vocab_size),
        beat_(which.placement->chip().link.beat_elements()),
        most_(which.placement->chip().sampler.max_top_k),
        greedy_(std::move(greedy)),
        random_(random) {}
  [[nodiscard]] std::uint32_t positions() const override { return 1U << 20; }

  void token(const chip::Flight& flight, const Pins& pins) override {
    sampling_.temperature = random_.below(3) == 0 ? 0 : static_cast<double>(random_.between(1, 300)) / 100;
    sampling_.top_k = static_cast<std::uint32_t>(random_.between(1, most_));
    sampling_.seed = random_.next();
    *greedy_ = sampling_.greedy();
    constexpr double kLog2E = 1.44269504088896340736;
    const float factor = sampling_.greedy() ? 0.0F : static_cast<float>(kLog2E / sampling_.temperature);
    pins["greedy_i"].set(sampling_.greedy() ? 1 : 0);
    pins["factor_i"].set(std::bit_cast<std::uint32_t>(factor));
    pins["top_k_i"].set(sampling_.top_k);
    pins["seed_i"].set(sampling_.seed);
    pins["position_i"].set(flight.position.value);
  }

  Exchange exchange(const chip::Flight& flight, const program::Op&, const Pins&) override {
    const std::uint64_t kind = random_.below(4);
    for (float& x : logits_) x = logit(kind);
    Exchange result{"logits", "id", {}, {Bits(32)}};
    result.out[0].set(0, 32, numerics::sample(logits_, sampling_, flight.position.value));
    for (std::size_t first = 0; first < logits_.size(); first += beat_) {
      Bits& beat = result.in.emplace_back(32 * std::uint64_t{beat_});
      for (std::size_t i = first; i < first + beat_; ++i)
        beat.set(32 * (i - first), 32,
                 i < logits_.size() ? std::bit_cast<std::uint32_t>(logits_[i]) : padding());
    }
    return result;
  }

 private:
  /// Near each other, of every size, or many alike.
  float logit(std::uint64_t kind) {
    const auto exponent = static_cast<std::uint32_t>(kind == 0 ? random_.between(1, 254) : random_.between(120, 131));
    if (random_.below(10) == 0) return 0;
    if (kind == 2) return static_cast<float>(random_.below(7)) + 1;
    if (kind == 3) return -static_cast<float>(random_.below(50)) - 1;
    const auto sign = static_cast<std::uint32_t>(random_.below(2));
    return std::bit_cast<float>(sign << 31 | exponent << 23 | static_cast<std::uint32_t>(random_.below(1 << 23)));
  }
  std::uint32_t padding() { return random_.below(2) == 0 ? 0x7F7FFFFF : static_cast<std::uint32_t>(random_.next()); }

  std::vector<float> logits_;
  std::uint32_t beat_, most_;
  std::shared_ptr<bool> greedy_;
  base::Random& random_;
  numerics::Sampling sampling_;
};

Case sampler_case(const Configuration& c, std::uint64_t seed) {
  config::ModelConfig model;
  model.name = "cosim";
  model.hidden_size = 16;
  model.intermediate_size = 32;
  model.layers = model.heads = model.kv_heads = 1;
  model.head_dim = 8;
  model.vocab_size = c.at("vocab");
  model.max_context = 16;
  config::ChipConfig chip = support::RandomConfigs(seed).chip(model, 16);
  chip.link.beat_groups = c.at("groups");
  chip.sampler = {c.at("lanes"), c.at("compare"), c.at("draw"), c.at("top_k")};
  config::BakeRecipe recipe;
  recipe.name = "cosim";
  Case made = make_case(model, recipe, chip, seed);
  made.name = fmt::format("sampler {}", nlohmann::json(c).dump());
  made.unit = program::Unit::Sampler;
  made.design = sampler(*made.placement);
  const auto greedy = std::make_shared<bool>(true);
  made.twin = [greedy](const char* name, chip::StageState& stage) {
    return std::make_unique<AnySampler>(name, stage, greedy);
  };
  made.oracle = [greedy](const Case& which, base::Random& random) {
    return std::make_unique<SamplerOracle>(which, greedy, random);
  };
  return made;
}

class SamplerCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(SamplerCosim, TakesOrDrawsTheIdInTheCyclesOfTheModel) {
  const std::uint64_t seed = support::test_seed(20261203 + GetParam());
  std::vector<Case> cases;
  for (const auto& c : group("lm_head", GetParam()))
    cases.push_back(sampler_case(c, base::mix(seed, 100 + cases.size())));
  run_in_lock_step(fmt::format("sampler-{}", GetParam()), cases, seed);
}

INSTANTIATE_TEST_SUITE_P(Groups, SamplerCosim, testing::Range<std::size_t>(0, groups("lm_head")));

}  // namespace
}  // namespace kiln::rtl
