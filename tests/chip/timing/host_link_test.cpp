// Host link: ids on the wire.
#include "chip/timing/host_link.hpp"

#include "chip/timing/timing_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

UserRequest prompt_at(std::uint64_t arrival, std::size_t tokens) {
  UserRequest user;
  user.arrival = Cycles(arrival);
  user.prompt.assign(tokens, 0);
  return user;
}

TEST(HostLink, SpacesIdsOnTheWire) {
  const std::vector<UserRequest> users = {prompt_at(0, 3)};
  HostLink link({100, 4}, users);
  for (const std::uint64_t at : {100, 104, 108}) {
    EXPECT_EQ(link.next_arrival().at, Cycles(at));
    link.arrived();
  }
  EXPECT_TRUE(link.all_arrived());
  EXPECT_EQ(link.send(Cycles(500)), Cycles(600));
  EXPECT_EQ(link.send(Cycles(501)), Cycles(604));  // the wire is taken until 504
  EXPECT_EQ(link.send(Cycles(900)), Cycles(1000));
  EXPECT_EQ(link.received(), Cycles(1000));
  EXPECT_EQ(link.ids(), 6U);
  // Three prompt ids until 108; answers 500-604 and 900-1000.
  EXPECT_EQ(link.wire_cycles(Cycles(1000)), Cycles(108 + 104 + 100));
}

TEST(HostLink, PromptsGoInTheOrderInWhichTheyCame) {
  const std::vector<UserRequest> users = {prompt_at(50, 2), prompt_at(0, 20), prompt_at(50, 1), prompt_at(1000, 1)};
  HostLink link({10, 4}, users);
  std::vector<std::pair<std::uint32_t, std::uint64_t>> seen;
  for (; !link.all_arrived(); link.arrived())
    seen.emplace_back(link.next_arrival().user, link.next_arrival().at.count());
  ASSERT_EQ(seen.size(), 24U);
  EXPECT_EQ(seen[0], std::pair(1U, std::uint64_t{10}));
  EXPECT_EQ(seen[19], std::pair(1U, std::uint64_t{10 + 19 * 4}));
  EXPECT_EQ(seen[20], std::pair(0U, std::uint64_t{10 + 80}));  // had to wait for the wire
  EXPECT_EQ(seen[22], std::pair(2U, std::uint64_t{10 + 88}));
  EXPECT_EQ(seen[23], std::pair(3U, std::uint64_t{1010}));
}

}  // namespace
}  // namespace kiln::chip
