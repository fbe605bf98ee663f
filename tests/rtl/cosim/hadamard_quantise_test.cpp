// kiln_hadamard_quantise alone against kiln::numerics: every code, exponent and step, and the cycle in which the
// beat is there. Lane groups come with gaps at random; blocks, padded groups and the way past the transform change from
// beat to beat.
#include <algorithm>
#include <deque>

#include "configurations.hpp"
#include "cosim.hpp"
#include "elements.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::rtl {
namespace {

/// The module and the register after it, which is its user's.
constexpr std::string_view kBench = R"(module kiln_hadamard_quantise_bench #(
  parameter int unsigned BeatElements = 64, Lanes = 64, Period = 64, InputSteps = 1, HadamardCycles = 1, QuantiseCycles = 1,
  localparam int unsigned Groups = BeatElements / Period * ((Period + 63) / 64),
  localparam int unsigned Width = 8 * BeatElements + (InputSteps != 0 ? 12 : 9) * Groups
) (
  input logic clk_i, rst_ni, valid_i, bypass_i,
  input logic [32*Lanes-1:0] lanes_i, input logic [2:0] block_i, input logic [$clog2(Groups+1)-1:0] groups_i,
  output logic valid_o, output logic [Width-1:0] data_o
);
  logic valid;
  logic [Width-1:0] data;
  kiln_hadamard_quantise #(
    .BeatElements(BeatElements), .Lanes(Lanes), .Period(Period), .InputSteps(InputSteps), .HadamardCycles(HadamardCycles),
    .QuantiseCycles(QuantiseCycles)
  ) u_unit (.clk_i, .rst_ni, .valid_i, .lanes_i, .block_i, .groups_i, .bypass_i, .valid_o(valid), .data_o(data));
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_o <= 1'b0;
    else valid_o <= valid;
  end
  always_ff @(posedge clk_i) if (valid) data_o <= data;
endmodule
)";

struct HadamardShape {
  explicit HadamardShape(const Configuration& c)
      : beat(64 * c.at("beat_groups")),
        lanes(std::min(c.at("lanes"), beat)),
        period(beat / c.at("periods_in_beat")),
        per_period(base::ceil_div(period, 64U)),
        groups(c.at("periods_in_beat") * per_period),
        input_steps(c.at("input_steps")),
        hadamard(c.at("hadamard")),
        quantise(c.at("quantise")) {}
  std::uint32_t beat, lanes, period, per_period, groups, input_steps, hadamard, quantise;

  [[nodiscard]] UnitDesign design() const {
    UnitDesign d;
    d.module = "kiln_hadamard_quantise_bench";
    d.parameter("BeatElements", beat);
    d.parameter("Lanes", lanes);
    d.parameter("Period", period);
    d.parameter("InputSteps", input_steps);
    d.parameter("HadamardCycles", hadamard);
    d.parameter("QuantiseCycles", quantise);
    d.input("valid_i", 1);
    d.input("bypass_i", 1);
    d.input("lanes_i", 32 * std::uint64_t{lanes});
    d.input("block_i", 3);
    d.input("groups_i", std::bit_width(groups));
    d.output("valid_o", 1);
    d.output("data_o", 8 * std::uint64_t{beat} + (input_steps != 0 ? 12 : 9) * groups);
    return d;
  }
};

class QuantiseLane {
 public:
  QuantiseLane(const Configuration& c, Model& model, std::size_t index, std::uint64_t seed)
      : name_(fmt::format("hadamard_quantise of {} lanes, {} groups of 64, {} periods, steps {}", c.at("lanes"),
                          c.at("beat_groups"), c.at("periods_in_beat"), c.at("input_steps"))),
        shape_(c),
        pins_(model, fmt::format("c{}_", index)),
        random_(seed),
        elements_(random_, c.at("spread")) {}

  [[nodiscard]] bool done() const { return beats_ == wanted_ && expected_.empty(); }

  bool cycle(std::uint64_t now) {
    const bool due = !expected_.empty() && expected_.front().cycle == now;
    EXPECT_EQ(pins_["valid_o"].get(), due ? 1U : 0U) << name_ << ", cycle " << now;
    if (due) {
      Bits seen;
      pins_["data_o"].get(seen);
      EXPECT_EQ(seen, expected_.front().data)
          << name_ << ", cycle " << now << ": expected " << expected_.front().data.hex() << ", RTL has " << seen.hex();
      expected_.pop_front();
    }
    drive(now);
    return !testing::Test::HasFailure();
  }

 private:
  void drive(std::uint64_t now) {
    pins_["valid_i"].set(std::uint64_t{0});
    if (fed_ == 0 && !next_beat(now)) return;
    if (random_.below(4) == 0) return;
    Bits lanes(32 * std::uint64_t{shape_.lanes});
    for (std::uint32_t i = 0; i < shape_.lanes; ++i) {
      const std::uint32_t at = fed_ + i;
      lanes.set(32 * i, 32, at < shape_.beat ? std::bit_cast<std::uint32_t>(x_[at]) : 0);
    }
    pins_["lanes_i"].set(lanes);
    pins_["valid_i"].set(std::uint64_t{1});
    fed_ += shape_.lanes;
    if (fed_ < shape_.beat) return;
    fed_ = 0;
    ++beats_;
    waiting_ = false;
    expected_.push_back({now + (bypass_ ? 0 : shape_.hadamard) + shape_.quantise, expected()});
  }

  /// A beat to feed, or none: the last one is out, or the way past the transform waits until the pipeline is empty.
  bool next_beat(std::uint64_t now) {
    if (waiting_) return true;
    if (beats_ == wanted_) return false;
    if (random_.below(16) == 0 && !expected_.empty()) hold_ = true;
    if (hold_ && !expected_.empty() && expected_.back().cycle >= now) return false;
    if (hold_ || now == 0) bypass_ = random_.below(2) == 0;
    hold_ = false;
    waiting_ = true;
    std::uint32_t most = 0;
    while (most < 6 && shape_.period % (2U << most) == 0) ++most;
    block_ = bypass_ ? 0 : static_cast<std::uint32_t>(random_.below(most + 1));
    periods_ = shape_.beat / shape_.period;
    if (random_.below(3) == 0) periods_ = static_cast<std::uint32_t>(random_.between(1, periods_));
    x_ = elements_.vector(shape_.beat);
    std::fill(x_.begin() + periods_ * shape_.period, x_.end(), 0.0F);
    pins_["bypass_i"].set(std::uint64_t{bypass_});
    pins_["block_i"].set(std::uint64_t{block_});
    pins_["groups_i"].set(std::uint64_t{periods_ * shape_.per_period});
    return true;
  }

  [[nodiscard]] Bits expected() const {
    Bits data(8 * std::uint64_t{shape_.beat} + (shape_.input_steps != 0 ? 12 : 9) * shape_.groups);
    numerics::QuantisedVector q;
    for (std::uint32_t p = 0; p < periods_; ++p) {
      const auto section = std::span<const float>(x_).subspan(std::size_t{p} * shape_.period, shape_.period);
      (shape_.input_steps != 0 ? numerics::quantise_input : numerics::quantise)(section, std::size_t{1} << block_, q,
                                                                                numerics::Simd::Scalar);
      for (std::uint32_t i = 0; i < shape_.period; ++i)
        data.set(8 * (std::uint64_t{p} * shape_.period + i), 8, static_cast<std::uint8_t>(q.codes[i]));
      for (std::uint32_t g = 0; g < shape_.per_period; ++g) {
        const std::uint64_t group = std::uint64_t{p} * shape_.per_period + g;
        const std::uint64_t exponents = 8 * std::uint64_t{shape_.beat};
        data.set(exponents + 9 * group, 9, static_cast<std::uint64_t>(std::int64_t{q.exponents[g]}));
        if (shape_.input_steps != 0) data.set(exponents + 9 * shape_.groups + 3 * group, 3, q.steps[g]);
      }
    }
    return data;
  }

  struct Due {
    std::uint64_t cycle;
    Bits data;
  };
  std::string name_;
  HadamardShape shape_;
  Pins pins_;
  base::Random random_;
  Elements elements_;
  std::deque<Due> expected_;
  std::vector<float> x_;
  std::uint64_t wanted_ = transactions_wanted(), beats_ = 0;
  std::uint32_t fed_ = 0, block_ = 0, periods_ = 1;
  bool bypass_ = false, waiting_ = false, hold_ = false;
};

class HadamardQuantiseCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(HadamardQuantiseCosim, GivesTheBitsOfNumericsInTheirCycle) {
  const auto configured = group("hadamard_quantise", GetParam());
  std::vector<UnitDesign> designs;
  for (const auto& c : configured) designs.push_back(HadamardShape(c).design());
  const auto model = loaded(fmt::format("hadamard_quantise-{}", GetParam()), designs,
                            {{"kiln_hadamard_quantise_bench.sv", std::string(kBench)}});
  std::vector<std::unique_ptr<QuantiseLane>> lanes;
  const std::uint64_t seed = support::test_seed(20261202 + GetParam());
  for (const auto& c : configured)
    lanes.push_back(std::make_unique<QuantiseLane>(c, *model, lanes.size(), base::mix(seed, lanes.size())));
  std::uint64_t now = 0;
  for (; !std::ranges::all_of(lanes, [](const auto& lane) { return lane->done(); }); ++now) {
    for (const auto& lane : lanes) {
      if (!lane->cycle(now)) return;
    }
    model->tick();
  }
  std::cout << fmt::format("{} configurations, {} beats, {} cycles compared\n", lanes.size(),
                           lanes.size() * transactions_wanted(), lanes.size() * now);
}

INSTANTIATE_TEST_SUITE_P(Groups, HadamardQuantiseCosim, testing::Range<std::size_t>(0, groups("hadamard_quantise")));

}  // namespace
}  // namespace kiln::rtl
