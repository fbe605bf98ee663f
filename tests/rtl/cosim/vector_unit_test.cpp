// The vector unit's SystemC module and kiln_vector_unit in lock step; kiln::numerics says what each beat is.
#include <bit>

#include "configurations.hpp"
#include "cosim.hpp"
#include "elements.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::rtl {
namespace {

using numerics::QuantisedVector;
using program::ArrayKind;
using program::OpKind;

class VectorOracle final : public Oracle {
 public:
  VectorOracle(const Case& which, base::Random& random, std::uint32_t spread)
      : image_(*which.image),
        model_(which.placement->model()),
        beat_(which.placement->chip().link.beat_elements()),
        random_(random),
        elements_(random, spread) {}

  [[nodiscard]] std::uint32_t positions() const override { return 1U << 24; }

  void token(const chip::TokenInFlight& token, const Pins& pins) override {
    pins["position_i"].set(std::uint64_t{token.position.value});
    pins["with_logits_i"].set(std::uint64_t{token.with_logits});
    down_ = false;
  }

  Exchange exchange(const chip::TokenInFlight& token, const program::Op& op, const Pins&) override {
    Exchange made = of(token, op);
    const bool in_a_layer =
        op.kind != OpKind::StoreResidual && (op.kind != OpKind::Norm || op.array != ArrayKind::LmHead);
    if (in_a_layer) made.layer = op.layer.value;
    return made;
  }

 private:
  Exchange of(const chip::TokenInFlight& token, const program::Op& op) {
    switch (op.kind) {
      case OpKind::StoreResidual:
        residual_ = elements_.vector(model_.hidden_size);
        return {"embedding", "", beats(residual_), {}};
      case OpKind::Norm:
        return norm(op);
      case OpKind::RopeQuantise:
        return rope(token);
      case OpKind::QuantiseAttention: {
        const auto x = elements_.vector(model_.q_width());
        numerics::quantise_input(x, 1, quantised_);
        return {"attention", "o_array", beats(x), array_beats()};
      }
      case OpKind::AddResidual:
        return add(token, op);
      case OpKind::SiluMultiply:
        return silu();
      default:
        base::check(false, "vector unit: an operation of another unit");
        return {};
    }
  }

  Exchange norm(const program::Op& op) {
    std::span<const float> gamma = image_.final_norm();
    std::string to = "lm_head_array";
    if (op.array == ArrayKind::Qkv) {
      gamma = image_.attention_norm(op.layer);
      to = "qkv_array";
    } else if (op.array == ArrayKind::GateUp) {
      gamma = image_.ffn_norm(op.layer);
      to = "gate_up_array";
    }
    std::vector<float> out(model_.hidden_size);
    numerics::rms_norm(residual_, gamma, static_cast<float>(model_.rms_norm_eps), out);
    numerics::quantise_input(out, numerics::hadamard_block(out.size()), quantised_);
    return {"", to, {}, array_beats()};
  }

  Exchange rope(const chip::TokenInFlight& token) {
    Exchange made{"qkv_tree", "attention_out", {}, {}};
    const std::uint32_t heads[] = {model_.kv_heads, model_.kv_heads, model_.heads};
    for (int section = 0; section < 3; ++section) {
      auto x = elements_.vector(std::size_t{heads[section]} * model_.head_dim);
      for (Bits& beat : beats(x)) made.in.push_back(std::move(beat));
      for (Bits& beat : attention_beats(x, section != 1, token.position.value)) made.out.push_back(std::move(beat));
    }
    return made;
  }

  Exchange add(const chip::TokenInFlight& token, const program::Op& op) {
    const auto x = elements_.vector(model_.hidden_size);
    numerics::add(residual_, x);
    Exchange made{down_ ? "down_tree" : "o_tree", "", beats(x), {}};
    if (down_ && op.layer.value + 1 == model_.layers && !token.with_logits) {
      made.output = "done";
      made.out.emplace_back(32);
    }
    down_ = !down_;
    return made;
  }

  Exchange silu() {
    const std::size_t width = model_.intermediate_size;
    const auto gate = elements_.vector(width), up = elements_.vector(width);
    std::vector<float> out(width);
    numerics::silu_multiply(gate, up, out);
    numerics::quantise_input(out, numerics::hadamard_block(width), quantised_);
    Exchange made{"gate_up_tree", "down_array", {}, array_beats()};
    const auto gates = beats(gate), ups = beats(up);
    for (std::size_t i = 0; i < gates.size(); ++i) {
      made.in.push_back(gates[i]);
      made.in.push_back(ups[i]);
    }
    return made;
  }

  /// Beats of elements; what is after the end must not matter.
  std::vector<Bits> beats(std::span<const float> x) {
    std::vector<Bits> made;
    for (std::size_t first = 0; first < x.size(); first += beat_) {
      made.emplace_back(32 * beat_);
      for (std::size_t i = 0; i < beat_; ++i) {
        const bool real = first + i < x.size();
        made.back().set(32 * i, 32, real ? std::bit_cast<std::uint32_t>(x[first + i]) : random_.next());
      }
    }
    return made;
  }

  std::vector<Bits> array_beats() const {
    const std::size_t groups = beat_ / numerics::kGroup;
    std::vector<Bits> made;
    for (std::size_t first = 0; first < quantised_.size; first += beat_) {
      Bits& beat = made.emplace_back(8 * beat_ + 12 * groups);
      for (std::size_t i = 0; i < beat_ && first + i < quantised_.size; ++i)
        beat.set(8 * i, 8, static_cast<std::uint8_t>(quantised_.codes[first + i]));
      for (std::size_t g = 0; g < groups && first / numerics::kGroup + g < quantised_.exponents.size(); ++g) {
        const std::size_t from = first / numerics::kGroup + g;
        beat.set(8 * beat_ + 9 * g, 9, static_cast<std::uint64_t>(std::int64_t{quantised_.exponents[from]}));
        beat.set(8 * beat_ + 9 * groups + 3 * g, 3, quantised_.steps[from]);
      }
    }
    return made;
  }

  std::vector<Bits> attention_beats(std::span<float> x, bool rotate, std::uint64_t position) {
    const std::size_t width = model_.head_dim, heads = beat_ / width;
    const std::size_t groups = base::ceil_div(width, numerics::kGroup);
    std::vector<Bits> made;
    std::vector<float> turns(width);
    numerics::rope_turns(image_.rope_increments(), position, turns);
    for (std::size_t head = 0; head * width < x.size(); ++head) {
      if (head % heads == 0) made.emplace_back(8 * beat_ + 9 * heads * groups);
      const auto own = x.subspan(head * width, width);
      if (rotate) numerics::rope(own, turns);
      numerics::quantise(own, rotate ? numerics::hadamard_block(width) : 1, quantised_);
      for (std::size_t i = 0; i < width; ++i)
        made.back().set(8 * (head % heads * width + i), 8, static_cast<std::uint8_t>(quantised_.codes[i]));
      for (std::size_t g = 0; g < groups; ++g)
        made.back().set(8 * beat_ + 9 * (head % heads * groups + g), 9,
                        static_cast<std::uint64_t>(std::int64_t{quantised_.exponents[g]}));
    }
    return made;
  }

  const rom::RomImage& image_;
  const config::ModelConfig& model_;
  std::size_t beat_;
  base::Random& random_;
  Elements elements_;
  std::vector<float> residual_;
  QuantisedVector quantised_;
  bool down_ = false;
};

Case vector_case(const Configuration& c, std::uint64_t seed) {
  config::ModelConfig model;
  model.name = "cosim";
  model.hidden_size = c.at("hidden");
  model.intermediate_size = c.at("ffn");
  model.layers = c.at("layers");
  model.kv_heads = c.at("kv_heads");
  model.heads = c.at("kv_heads") * c.at("queries");
  model.head_dim = 64 * c.at("beat_groups") / c.at("heads_in_beat");
  model.vocab_size = 16;
  model.max_context = 16;
  config::ChipConfig chip;
  chip.name = "cosim";
  chip.link.beat_groups = c.at("beat_groups");
  chip.vector = {c.at("lanes"), c.at("add"),  c.at("sum"),      c.at("rsqrt"),   c.at("scale"),
                 c.at("rope"),  c.at("silu"), c.at("hadamard"), c.at("quantise")};
  config::BakeRecipe recipe;
  recipe.name = "cosim";
  Case made = make_case(model, recipe, chip, seed);
  for (const auto& [name, value] : c) made.name += fmt::format("{}{} {}", made.name.empty() ? "" : ", ", name, value);
  made.unit = program::Unit::VectorUnit;
  made.design = vector_unit(*made.image, *made.placement, fmt::format("vector_{}", seed));
  made.twin = [](const char* name, chip::StageState& stage) {
    return std::make_unique<chip::VectorUnitModule>(name, stage);
  };
  made.oracle = [spread = c.at("spread")](const Case& which, base::Random& random) {
    return std::make_unique<VectorOracle>(which, random, spread);
  };
  return made;
}

class VectorUnitCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(VectorUnitCosim, GivesTheSameBeatsInTheSameCycles) {
  std::vector<Case> cases;
  for (const auto& c : group("vector_unit", GetParam()))
    cases.push_back(vector_case(c, kGroupSize * GetParam() + cases.size()));
  run_in_lock_step(fmt::format("vector_unit-{}", GetParam()), cases, support::test_seed(20261201 + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Groups, VectorUnitCosim, testing::Range<std::size_t>(0, groups("vector_unit")));

}  // namespace
}  // namespace kiln::rtl
