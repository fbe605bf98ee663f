// The link: registers of src/chip/link (BeatLink, cycle by cycle) and kiln_link in lock step. Beats come at random, the
// receiver takes one every `interval` cycles at most and refuses some more.
#include "chip/timing/link.hpp"

#include <deque>

#include "configurations.hpp"
#include "cosim.hpp"

namespace kiln::rtl {
namespace {

class LinkCosim : public testing::TestWithParam<std::size_t> {};

struct LinkLane {
  LinkLane(Model& model, std::size_t index, const Configuration& c, std::uint64_t seed)
      : name(fmt::format("link of {} stages, {} bits, interval {}", c.at("stages"), c.at("width"), c.at("interval"))),
        pins(model, fmt::format("c{}_", index)),
        random(seed),
        backpressure(seed | 1, static_cast<std::uint32_t>(index)),
        interval(c.at("interval")),
        twin(chip::LinkTiming(c.at("stages"), c.at("interval"), backpressure)) {}

  bool cycle(std::uint64_t now) {
    if (!waiting && random.below(3) != 0 && sent < wanted) {
      waiting = Bits(pins["in_data_i"].bits());
      for (auto& word : waiting->words()) word = static_cast<std::uint32_t>(random.next());
      const unsigned rest = waiting->size() % 32;
      if (rest != 0) waiting->words().back() &= (1U << rest) - 1;
      twin.push();
    }
    pins["in_valid_i"].set(waiting ? 1 : 0);
    if (waiting) pins["in_data_i"].set(*waiting);
    const bool accepts = now >= receiver_free && !backpressure.refuses(base::Cycles(now));
    pins["out_ready_i"].set(accepts ? 1 : 0);
    const auto step = twin.step(base::Cycles(now));
    const bool departed = waiting && pins["in_ready_o"].get() != 0;
    const bool taken = accepts && pins["out_valid_o"].get() != 0;
    EXPECT_EQ(step.departed, departed) << name << ", cycle " << now << ", signal in_ready_o";
    EXPECT_EQ(step.taken, taken) << name << ", cycle " << now << ", signal out_valid_o";
    if (departed != step.departed || taken != step.taken) return false;
    if (taken) {
      Bits seen;
      pins["out_data_o"].get(seen);
      EXPECT_EQ(seen, on_way.front()) << name << ", cycle " << now << ", signal out_data_o: expected "
                                      << on_way.front().hex() << ", RTL has " << seen.hex();
      on_way.pop_front();
      receiver_free = now + interval;
      ++arrived;
    }
    if (departed) {
      on_way.push_back(*waiting);
      waiting.reset();
      ++sent;
    }
    return !testing::Test::HasFailure();
  }

  std::string name;
  Pins pins;
  base::Random random;
  chip::Backpressure backpressure;
  std::uint64_t wanted = transactions_wanted();
  std::uint64_t interval, receiver_free = 0, sent = 0, arrived = 0;
  chip::BeatLink twin;
  std::optional<Bits> waiting;
  std::deque<Bits> on_way;
};

TEST_P(LinkCosim, MovesEveryBeatInTheCycleOfTheRegistersOfTheModel) {
  std::vector<UnitDesign> designs;
  const auto configured = group("link", GetParam());
  for (const auto& c : configured) designs.push_back(link(c.at("stages"), c.at("width")));
  auto model = loaded(fmt::format("link-{}", GetParam()), designs);
  std::vector<std::unique_ptr<LinkLane>> lanes;
  const std::uint64_t seed = support::test_seed(20261130 + GetParam());
  for (const auto& c : configured)
    lanes.push_back(std::make_unique<LinkLane>(*model, lanes.size(), c, base::mix(seed, lanes.size())));
  std::uint64_t now = 0;
  const auto all_arrived = [&] {
    return std::ranges::all_of(lanes, [](const auto& lane) { return lane->arrived == lane->wanted; });
  };
  for (; !all_arrived(); ++now) {
    for (const auto& lane : lanes) {
      if (!lane->cycle(now)) return;
    }
    model->tick();
  }
  std::cout << lanes.size() << " configurations, " << lanes.size() * transactions_wanted() << " transactions, "
            << now * lanes.size() << " cycles compared\n";
}

INSTANTIATE_TEST_SUITE_P(Groups, LinkCosim, testing::Range<std::size_t>(0, groups("link")));

}  // namespace
}  // namespace kiln::rtl
