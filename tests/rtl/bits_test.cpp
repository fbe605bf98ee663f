// Bits, literals, and which chips have RTL. No Verilator is needed.
#include <gtest/gtest.h>

#include <cstdlib>

#include "rtl/rtl.hpp"
#include "rtl/unit_design.hpp"
#include "support/models.hpp"

namespace kiln::rtl {
namespace {

TEST(Bits, KeepFieldsThatCrossWords) {
  Bits bits(100);
  bits.set(30, 46, 0x2AAA'5555'1234ULL);
  bits.set(76, 9, static_cast<std::uint64_t>(-256));
  EXPECT_EQ(bits.get(30, 46), 0x2AAA'5555'1234ULL);
  EXPECT_EQ(bits.get(76, 9), 0x100U);
  EXPECT_EQ(bits.get(0, 30), 0U);
  EXPECT_EQ(bits.get(85, 15), 0U);
  EXPECT_THROW(bits.set(99, 2, 0), base::BugError);
}

TEST(Bits, AreWrittenAsReadmemhReadsThem) {
  Bits bits(13);
  bits.set(0, 13, 0x1ABC);
  EXPECT_EQ(bits.hex(), "1abc");
  EXPECT_EQ(packed_literal({1, 0xABCD}), "64'h0000abcd00000001");
  EXPECT_EQ(literal(9, 0x1F0), "9'h1f0");
}

program::Placement placed(const config::ChipConfig& chip, std::uint32_t head_dim) {
  auto placed = program::Placement::create(support::model_of({"small", 64, 64, 2, 2, 1, head_dim, 40}), {}, chip);
  base::check(placed.ok(), placed.ok() ? "" : placed.error().message);
  return std::move(placed).value();
}

TEST(RtlCheck, NamesWhatTheRtlIsNot) {
  config::ChipConfig chip;
  chip.name = "mine";
  EXPECT_TRUE(check(placed(chip, 32)).ok());
  EXPECT_EQ(check(placed(chip, 48)).error().message,
            "chip mine: the RTL wants whole heads in a beat, and a beat of 64 elements (64 x /link/beat_groups) is no "
            "multiple "
            "of the heads' 48 of small");
  chip.kv.banks = 191;
  EXPECT_EQ(check(placed(chip, 32)).error().message,
            "chip mine: the RTL takes 190 banks of the KV SRAM at most, found 191");
  chip.kv.banks = 16;
  chip.vector.silu_cycles = 200;
  EXPECT_EQ(check(placed(chip, 32)).error().message,
            "chip mine: the RTL takes 190 cycles of a latency at most, found 200");
  chip.vector.silu_cycles = 1;
  chip.sampler.compare_cycles = 100;
  chip.sampler.draw_cycles = 100;  // one row of registers
  EXPECT_EQ(check(placed(chip, 32)).error().message,
            "chip mine: the RTL takes 190 cycles of a latency at most, found 200");
  chip.sampler.compare_cycles = 1;
  chip.tile.parameters["rom_mac"] = {{"mac_lanes", 1},
                                     {"read_cycles", 200},
                                     {"multiply_cycles", 1}};  // of a microarchitecture that the tiles do not have
  EXPECT_TRUE(check(placed(chip, 32)).ok());
  chip.kv.depth_words = 1U << 28;
  EXPECT_EQ(check(placed(chip, 32)).error().message,
            "chip mine: the RTL takes 2147483648 words in the KV SRAM of a layer at most, found 4294967296");
  chip.kv.depth_words = 1024;
  chip.schedule = config::Schedule::LayerPipelined;
  EXPECT_EQ(check(placed(chip, 32)).error().message,
            "chip mine: RTL is there for one chip with /schedule layer_serial");
  chip.schedule = config::Schedule::LayerSerial;
  chip.chips.count = 2;
  EXPECT_FALSE(check(placed(chip, 32)).ok());
}

}  // namespace
}  // namespace kiln::rtl
