// The attention unit with its KV SRAM in lock step, over contexts that grow token by token and begin anew.
// docs/units/attention_unit.md
#include <bit>
#include <cmath>
#include <numeric>

#include "chip/systemc/unit_modules.hpp"
#include "configurations.hpp"
#include "cosim.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::rtl {
namespace {

class AttentionOracle final : public Oracle {
 public:
  AttentionOracle(const Case& which, base::Random& random)
      : model_(which.placement->model()),
        link_(which.placement->chip().link),
        capacity_(static_cast<std::uint32_t>(which.placement->kv().capacity_tokens)),
        random_(random) {
    for (std::uint32_t layer = 0; layer < model_.layers; ++layer)
      stores_.emplace_back(model_.kv_heads, model_.head_dim, capacity_);
  }
  [[nodiscard]] std::uint32_t positions() const override { return capacity_; }
  [[nodiscard]] bool ordered() const override { return true; }

  void token(const chip::TokenInFlight& token, const Pins& pins) override {
    pins["position_i"].set(token.position.value);
    if (token.position.value == 0) {
      for (auto& store : stores_) store.clear();
      spread_ = static_cast<int>(random_.below(3)) * 20;
    }
  }

  Exchange exchange(const chip::TokenInFlight&, const program::Op& op, const Pins& pins) override {
    pins["layer_i"].set(op.layer.value);
    const auto k = draw(model_.kv_heads), v = draw(model_.kv_heads), q = draw(model_.heads);
    auto& store = stores_[op.layer.value];
    store.append(k, v);
    Exchange result{"qkv", "y", {}, {}};
    const std::size_t block = numerics::hadamard_block(model_.head_dim);
    section(k, block, result.in);
    section(v, 1, result.in);
    section(q, block, result.in);
    std::vector<float> y(q.size());
    numerics::attend(store, q, model_.heads, y);
    const std::size_t beat = link_.beat_elements();
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i % beat == 0) result.out.emplace_back(elements_bits(link_));
      result.out.back().set(32 * (i % beat), 32, std::bit_cast<std::uint32_t>(y[i]));
    }
    return result;
  }

 private:
  /// Heads whose groups of 64 differ in size by up to 2^spread, zeros among them.
  std::vector<float> draw(std::uint32_t heads) {
    std::vector<float> x(std::size_t{heads} * model_.head_dim);
    float scale = 1;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (i % model_.head_dim % 64 == 0) {
        scale =
            std::ldexp(1.0F, static_cast<int>(random_.below(static_cast<std::uint64_t>(spread_) + 4)) - spread_ / 2);
        if (random_.below(20) == 0) scale = 0;
      }
      x[i] = scale * (static_cast<float>(random_.below(1U << 24)) / static_cast<float>(1U << 23) - 1.0F);
    }
    return x;
  }

  /// Beats of a section; what is beyond its end is noise, for it must not matter.
  void section(const std::vector<float>& x, std::size_t block, std::vector<Bits>& beats) {
    const std::size_t groups = base::ceil_div(model_.head_dim, 64), width = link_.beat_elements();
    const std::size_t beat_heads = width / model_.head_dim;
    numerics::QuantisedVector head;
    for (std::size_t h = 0; h * model_.head_dim < x.size(); ++h) {
      if (h % beat_heads == 0) beats.push_back(noise());
      numerics::quantise(std::span(x).subspan(h * model_.head_dim, model_.head_dim), block, head);
      const std::size_t place = h % beat_heads;
      for (std::size_t i = 0; i < model_.head_dim; ++i)
        beats.back().set(8 * (place * model_.head_dim + i), 8, static_cast<std::uint64_t>(head.codes[i]));
      for (std::size_t g = 0; g < groups; ++g) {
        beats.back().set(8 * width + kExponentBits * (place * groups + g), kExponentBits,
                         static_cast<std::uint64_t>(head.exponents[g]));
      }
    }
  }
  Bits noise() {
    Bits bits(attention_bits(link_, model_.head_dim));
    for (std::uint64_t at = 0; at < bits.size(); at += 32)
      bits.set(at, static_cast<unsigned>(std::min<std::uint64_t>(32, bits.size() - at)), random_.next());
    return bits;
  }

  const config::ModelConfig& model_;
  const config::LinkConfig& link_;
  std::uint32_t capacity_;
  base::Random& random_;
  std::vector<numerics::KvStore> stores_;
  int spread_ = 0;
};

Case attention_case(const Configuration& c, std::uint64_t seed) {
  config::ModelConfig model;
  model.name = "toy";
  model.hidden_size = 16;
  model.intermediate_size = 16;
  model.layers = c.at("layers");
  model.kv_heads = c.at("kv_heads");
  model.heads = model.kv_heads * c.at("shared");
  model.head_dim = c.at("head_dim");
  model.vocab_size = 16;
  model.max_context = 512;
  config::ChipConfig chip = support::RandomConfigs(seed).chip(model, c.at("context"));
  chip.link.beat_groups = c.at("beat_scale") * std::lcm(64U, model.head_dim) / 64;  // heads lie within a beat
  chip.attention = {c.at("input_lanes"),   c.at("heads_parallel"), c.at("tokens_parallel"),
                    c.at("softmax_lanes"), c.at("output_lanes"),   c.at("score"),
                    c.at("softmax"),       c.at("value"),          c.at("reciprocal")};
  chip.kv = {c.at("banks"), c.at("ports"), c.at("width_bytes"), 1, c.at("read"), c.at("write"), c.at("pad")};
  const std::uint64_t row_words = base::ceil_div(model.head_dim, chip.kv.width_bytes);
  const std::uint64_t token_words = model.kv_heads * row_words + chip.kv.row_pad_words;
  chip.kv.depth_words = static_cast<std::uint32_t>(base::ceil_div(2 * token_words * c.at("context"), chip.kv.banks));
  auto placed = program::Placement::create(model, {}, chip);
  base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
  Case made;  // without an image: nothing of a ROM is in this unit
  made.placement = std::make_shared<program::Placement>(std::move(placed).value());
  made.name = fmt::format("attention_unit {}", nlohmann::json(c).dump());
  made.unit = program::Unit::Attention;
  made.design = attention_unit(*made.placement);
  made.twin = [](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::AttentionModule>(name, stage);
  };
  made.oracle = [](const Case& which, base::Random& random) {
    return std::make_unique<AttentionOracle>(which, random);
  };
  return made;
}

class AttentionUnitCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(AttentionUnitCosim, AttendsInTheCyclesOfTheModel) {
  const std::uint64_t seed = support::test_seed(20261203 + GetParam());
  std::vector<Case> cases;
  for (const auto& c : group("attention_unit", GetParam()))
    cases.push_back(attention_case(c, base::mix(seed, 100 + cases.size())));
  run_in_lock_step(fmt::format("attention_unit-{}", GetParam()), cases, seed);
}

/// Sums of probabilities have 24 fraction bits: beyond 256 tokens they may need more than 32 bits.
TEST(AttentionUnitLongCosim, AttendsToHundredsOfTokens) {
  const Configuration c = {{"head_dim", 64},    {"beat_scale", 1},    {"kv_heads", 1},       {"shared", 3},
                           {"layers", 1},       {"context", 400},     {"width_bytes", 16},   {"banks", 3},
                           {"ports", 1},        {"pad", 1},           {"heads_parallel", 1}, {"tokens_parallel", 3},
                           {"input_lanes", 33}, {"softmax_lanes", 7}, {"output_lanes", 31},  {"score", 2},
                           {"softmax", 1},      {"value", 2},         {"reciprocal", 3},     {"read", 2},
                           {"write", 1}};
  const std::uint64_t seed = support::test_seed(20261222);
  run_in_lock_step("attention_unit_long", {attention_case(c, seed)}, seed);
}

INSTANTIATE_TEST_SUITE_P(Groups, AttentionUnitCosim, testing::Range<std::size_t>(0, groups("attention_unit")));

}  // namespace
}  // namespace kiln::rtl
