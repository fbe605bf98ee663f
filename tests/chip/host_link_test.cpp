// Host link: ids on the wire.
#include "chip/host_link.hpp"

#include "chip/chip_testing.hpp"

namespace kiln::chip {
namespace {

using base::Cycles;

TEST(HostLink, SpacesIdsOnTheWire) {
  HostLink link({100, 4});
  EXPECT_EQ(link.arrival(0), Cycles(100));
  EXPECT_EQ(link.arrival(3), Cycles(112));
  EXPECT_EQ(link.send(Cycles(500)), Cycles(600));
  EXPECT_EQ(link.send(Cycles(501)), Cycles(604));  // the wire is taken until 504
  EXPECT_EQ(link.send(Cycles(900)), Cycles(1000));
  EXPECT_EQ(link.received(), Cycles(1000));
  // Three prompt ids until 108; answers 500-604 and 900-1000.
  EXPECT_EQ(link.wire_cycles(3, Cycles(1000)), Cycles(108 + 104 + 100));
}

}  // namespace
}  // namespace kiln::chip
