// The kinds of tiles that Kiln itself has, for tests that go through them by number.
#pragma once

namespace kiln::support {

inline constexpr const char* kTileKinds[] = {"product_select", "bit_serial", "rom_mac"};

}  // namespace kiln::support
