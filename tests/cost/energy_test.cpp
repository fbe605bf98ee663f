// Energy of a run: parts, what is proportional to what, and figures by hand.
#include "kiln/cost/energy.hpp"

#include <algorithm>
#include <set>

#include "cost/die_testing.hpp"

namespace kiln::cost {
namespace {

Energy energy_of(const config::ChipConfig& chip, const RunFigures& run,
                 const config::TechConfig& tech = plain_silicon()) {
  const auto placement = placed(chip);
  return energy(placement, recipe_of(4), tech, die_of(placement, tech), run);
}

TEST(Energy, PartsAddUpAndPowerIsEnergyOverTime) {
  for (const std::string kind : {"product_select", "bit_serial", "rom_mac"}) {
    const RunFigures run = small_run();
    const Energy e = energy_of(small_chip(kind), run, shipped_tech("n6"));
    expect_sound(e);
    const double seconds = 50000 / 1e9;  // at 1,000 MHz
    expect_near(e.power_w * seconds, e.mj_per_token * (1e-3 * 10));
  }
}

TEST(Energy, IsProportionalToTheRun) {
  const RunFigures one = small_run();
  RunFigures three = one;
  for (int i = 0; i < 2; ++i) three.activity += one.activity;
  three.cycles *= 3;
  three.tokens *= 3;
  three.logits_tokens *= 3;
  const Energy a = energy_of(small_chip(), one), b = energy_of(small_chip(), three);
  ASSERT_EQ(a.parts.size(), b.parts.size());
  for (std::size_t i = 0; i < a.parts.size(); ++i) expect_near(b.parts[i].mj_per_token, a.parts[i].mj_per_token);
  expect_near(b.power_w, a.power_w);
}

TEST(Energy, OfCircuitsIsOperationsTimesTransistors) {
  const Energy e = energy_of(small_chip(), small_run());
  // Ten tokens of three layers, four of the head; 4 bits: a selection of 16, an adder, a quarter of a register. 1 fJ.
  const double weights = 10 * 3 * (64 * 128 + 64 * 64 + 64 * 256 + 128 * 64) + 4 * 64 * 96;
  const double a_weight = 15 * 16 * 6 + 21 * 28 + 21 * 24 / 4;
  EXPECT_NEAR(part_of(e, "selections and accumulations").typical, weights * a_weight * 1e-15 * 1e3 / 10, 1e-15);
  // Inputs times tiles side by side, of which qkv and gate_up have banks of several matrices: 3 on 2, 4 on 4.
  const double banks = 10 * 3 * 64 * (3 + 1 + 4 + 2 * 1) + 4 * 64 * 2;
  EXPECT_NEAR(part_of(e, "products formed").typical, banks * 16 * (1952 + 2 * 16 * 24) * 1e-12 / 10, 1e-15);
  EXPECT_NEAR(part_of(e, "products formed").low, part_of(e, "products formed").typical / 2, 1e-15);
}

TEST(Energy, PricesEveryCounterOrSaysWhyNot) {
  const std::set<std::string_view> not_priced = {
      // Arrays and trees are priced by the weights that a token meets, which tests of the chip hold against these.
      "products",
      "selections",
      "plane_bits",
      "counted_bits",
      "constant_multiplications",
      "rom_rows_read",
      "multiply_accumulates",
      "group_scales",
      "tree_additions",
      "row_results",
      "kv_conflict_cycles",  // time, which leakage and clock are of
      "draws",               // a few operations a token
      "lora_additions",      // one for thousands of products
      "host_tokens",         // the interface is priced by time
  };
  std::set<std::string_view> left = not_priced;
  const RunFigures plain = small_run();
  const auto placement = placed(small_chip());
  const auto tech = plain_silicon();
  const Die die = die_of(placement, tech);
  const auto typical = [&](const RunFigures& run) {
    return energy(placement, recipe_of(4), tech, die, run).mj_per_token.typical;
  };
  const double before = typical(plain);
  for (const auto& counter : program::kActivityCounters) {
    RunFigures more = plain;
    more.activity.*counter.value += 1'000'000;
    const bool priced = typical(more) > before;
    EXPECT_EQ(priced, !not_priced.contains(counter.name)) << counter.name;
    left.erase(counter.name);
  }
  EXPECT_TRUE(left.empty()) << *left.begin() << " is no counter";
}

TEST(Energy, OfMemoriesIsBytes) {
  const RunFigures run = small_run();
  const Energy e = energy_of(small_chip(), run);  // 1 pJ a byte
  EXPECT_DOUBLE_EQ(part_of(e, "KV SRAM").typical, (9000 + 400) * 16 * 1e-12 * 1e3 / 10);
  EXPECT_DOUBLE_EQ(part_of(e, "score buffer").typical, 1300 * 8 * 1e-12 * 1e3 / 10);
  const double codes = 10 * 3 * (64 * 128 + 64 * 64 + 64 * 256 + 128 * 64) / 2.0 + 4 * 64 * 96 / 2.0;
  const double scales = 10 * 3 * (128 + 64 + 256 + 2 * 64) + 4 * 96;
  EXPECT_NEAR(part_of(e, "ROM reads").typical, (codes + scales) * 1e-12 * 1e3 / 10, 1e-18);
}

TEST(Energy, WiresHaveNoCodesToRead) {
  const Energy e = energy_of(wired_chip(), small_run());
  const double scales = 10 * 3 * (128 + 64 + 256 + 2 * 64) + 4 * 96;
  EXPECT_NEAR(part_of(e, "ROM reads").typical, scales * 1e-12 * 1e3 / 10, 1e-18);
}

TEST(Energy, TogglesChangeWhatDependsOnTheData) {
  RunFigures run = small_run();
  for (const std::string kind : {"product_select", "bit_serial"}) {
    run.toggles = Toggles{0.5, 0.5};
    const Energy half = energy_of(small_chip(kind), run);
    const auto changed = [&](const Toggles& toggles) {
      run.toggles = toggles;
      const Energy other = energy_of(small_chip(kind), run);
      std::set<std::string> names;
      for (std::size_t i = 0; i < half.parts.size(); ++i)
        if (!(half.parts[i].mj_per_token == other.parts[i].mj_per_token)) names.insert(half.parts[i].what);
      return names;
    };
    const bool selects = kind == "product_select";
    std::set<std::string> activations = {"products formed", "activations to tiles"};
    std::set<std::string> products = {"selections and accumulations"};
    (selects ? products : activations).insert("products across tiles");
    EXPECT_EQ(changed({0.25, 0.5}), activations);
    EXPECT_EQ(changed({0.5, 0.25}), products);
    EXPECT_TRUE(changed({0.5, 0.5}).empty());
  }
}

TEST(Energy, OfDataThatTogglesHalfAsOftenIsHalf) {
  RunFigures run = small_run();
  run.toggles = Toggles{0.5, 0.4};
  const Energy full = energy_of(small_chip(), run);
  run.toggles = Toggles{0.25, 0.2};
  const Energy half = energy_of(small_chip(), run);
  for (const auto* what : {"products formed", "products across tiles", "selections and accumulations"})
    expect_near(part_of(half, what) * 2, part_of(full, what));
}

TEST(Energy, WithoutMeasuredTogglesTheTechnologysCount) {
  RunFigures run = small_run();
  const Energy assumed = energy_of(small_chip(), run);
  run.toggles = Toggles{0.5, 0.5};
  const Energy measured = energy_of(small_chip(), run);
  expect_near(assumed.mj_per_token, measured.mj_per_token);
}

TEST(Energy, OfAChipThatWaitsIsLeakageClockAndInterface) {
  RunFigures run;
  run.cycles = 250'000;  // a millisecond
  run.tokens = 1;
  auto tech = shipped_tech("n6");
  for (auto* constant :
       {&tech.logic_fj_per_transistor, &tech.rom_pj_per_byte, &tech.wire_pj_per_bit_mm, &tech.clock_enabled_share})
    *constant = {0, 0, 0, "G", "chosen"};
  auto chip = small_chip();
  chip.clock_mhz = 250;  // every path is met: the supply is the technology's
  const auto placement = placed(chip);
  const Die die = die_of(placement, tech);
  const Energy e = energy(placement, recipe_of(4), tech, die, run);
  base::Range clock;
  for (const auto& part : die.parts)
    for (const auto c : base::kCorners) {
      const bool array = part.kind == floorplan::BlockKind::Rom || part.kind == floorplan::BlockKind::Sram;
      if (part.unit)
        clock.at(c) += part.area_mm2.at(c) * tech.clock_pj_per_mm2_cycle.at(c) * 1e-12 * 250e3 * 1e3 *
                       (array ? tech.clock_array_factor.at(c) : 1);
    }
  expect_near(part_of(e, "leakage"), die.leakage_w);  // watts over a millisecond
  expect_near(part_of(e, "clock"), clock);
  expect_near(part_of(e, "host interface"), tech.host_io_w.range());
  expect_near(e.mj_per_token, die.leakage_w + clock + tech.host_io_w.range());
}

TEST(Energy, OfRegistersClocksIsFlipFlopsTimesCyclesInWhichTheyAreClocked) {
  RunFigures run;
  run.cycles = 1000;
  run.tokens = 1;
  auto tech = plain_silicon();
  set(tech.flip_flop_clock_fj, 2);
  tech.clock_enabled_share = {0.25, 0.25, 0.5, "G", "chosen"};
  const auto placement = placed(small_chip());
  const Die die = die_of(placement, tech);
  double flip_flops = 0;
  for (const auto& part : die.parts) flip_flops += part.flip_flops;
  // The o array's: 64 columns of two sums P and a sum S.
  EXPECT_EQ(find_part(die, program::Unit::OArray, "accumulators")->flip_flops, 64 * (2 * 21 + 46));
  EXPECT_GT(flip_flops, 64 * 88);
  const Energy e = energy(placement, recipe_of(4), tech, die, run);
  const auto clocks = part_of(e, "clocks of registers");
  EXPECT_NEAR(clocks.typical, flip_flops * 1000 * 2 * 0.25 * 1e-15 * 1e3, 1e-9 * clocks.typical);
  EXPECT_NEAR(clocks.high, flip_flops * 1000 * 4 * 0.5 * 1e-15 * 1e3, 1e-9 * clocks.high);
}

TEST(Energy, RisesWithTheSupplyThatTheSlowestPathWants) {
  auto chip = small_chip();
  auto tech = plain_silicon();
  tech.sram_read_ps = {400, 1000, 4000, "G", "chosen"};
  tech.flip_flop_ps = tech.fo4_ps = {0, 0, 0, "G", "chosen"};
  tech.supply_exponent = {0.5, 1, 2, "G", "chosen"};
  chip.kv.read_cycles = 1;
  chip.clock_mhz = 1000;
  const auto met = energy_of(chip, small_run(), tech);
  chip.clock_mhz = 1500;  // 1,000 ps in 667: one and a half times as fast
  const auto missed = energy_of(chip, small_run(), tech);
  for (const auto* what : {"KV SRAM", "selections and accumulations", "sums to trees", "clock"}) {
    EXPECT_NEAR(part_of(missed, what).low, part_of(met, what).low * 1.5, 1e-9 * part_of(met, what).low) << what;
    EXPECT_NEAR(part_of(missed, what).typical, part_of(met, what).typical * 2.25, 1e-9 * part_of(met, what).typical);
    EXPECT_NEAR(part_of(missed, what).high, part_of(met, what).high * 5.0625, 1e-9 * part_of(met, what).high);
  }
  // In two thirds of the time.
  EXPECT_NEAR(part_of(missed, "leakage").typical, part_of(met, "leakage").typical * 2.25,
              1e-9 * part_of(met, "leakage").typical);
  EXPECT_NEAR(part_of(missed, "host interface").typical, part_of(met, "host interface").typical / 1.5, 1e-12);
  chip.clock_mhz = 500;
  EXPECT_EQ(part_of(energy_of(chip, small_run(), tech), "KV SRAM"), part_of(met, "KV SRAM")) << "no credit for slack";
}

TEST(Energy, OfProductLinesIsThatOfEveryColumnsPieceAndItsGate) {
  auto tech = plain_silicon();
  RunFigures run = small_run();
  const auto joules = [&](double load_um) {
    tech.column_load_um = {load_um, load_um, load_um, "G", "chosen"};
    return part_of(energy_of(small_chip(), run, tech), "products across tiles").typical;
  };
  // Ten tokens of three layers, four of the head: every input meets every output over 256 wires, half of which change,
  // 1 pJ a millimetre and change.
  const double meetings = 10 * 3 * (64 * 128 + 64 * 64 + 64 * 256 + 128 * 64) + 4 * 64 * 96;
  const double more = joules(250) - joules(0);
  EXPECT_NEAR(more, meetings * 256 * 0.5 * 0.25 * 1e-12 * 1e3 / 10, 1e-9 * more);
}

TEST(Energy, OfKeysAndValuesThroughSeveralPorts) {
  auto tech = plain_silicon();
  tech.sram_port_height = {0.5, 0.5, 0.5, "G", "chosen"};
  tech.sram_port_width = {0.5, 0.5, 0.5, "G", "chosen"};
  auto chip = small_chip();
  const auto one = part_of(energy_of(chip, small_run(), tech), "KV SRAM").typical;
  chip.kv.ports = 2;  // a cell of 1.5 x 1.5 against two copies: copies, whose writes go to both
  const auto two = part_of(energy_of(chip, small_run(), tech), "KV SRAM").typical;
  EXPECT_NEAR(two / one, (9000 + 2 * 400) / 9400.0, 1e-12);
  tech.sram_port_height = tech.sram_port_width = {0.2, 0.2, 0.2, "G", "chosen"};
  const auto wider = part_of(energy_of(chip, small_run(), tech), "KV SRAM").typical;
  EXPECT_NEAR(wider / one, 1.2, 1e-12);  // one copy, cells of 1.2 x 1.2
}

TEST(Energy, OfLinksDoesNotFallWhenTheyHaveFewerRegistersThanTheirLengthWants) {
  auto chip = small_chip();
  const auto wires = [&] { return part_of(energy_of(chip, small_run(), shipped_tech("n6")), "sums to trees"); };
  chip.link[config::Link::ArrayToTree] = 9;
  const auto many = wires();
  chip.link[config::Link::ArrayToTree] = 1;
  EXPECT_GT(many.typical, 0);
  // The registers' own area moves the lengths a little; by stages it would be a ninth.
  EXPECT_NEAR(wires().typical, many.typical, 0.2 * many.typical);
}

TEST(Energy, OfNoTimeHasNoPower) {
  RunFigures run;
  run.tokens = 1;
  EXPECT_EQ(energy_of(small_chip(), run).power_w, base::Range{});
}

TEST(Energy, OfSeveralChipsCountsEveryDieAndTheLinksBetween) {
  auto chip = small_chip();
  const auto one = energy_of(chip, small_run());
  EXPECT_TRUE(
      std::none_of(one.parts.begin(), one.parts.end(), [](const auto& p) { return p.what == "links between chips"; }));
  chip.chips.count = 3;
  const auto placement = placed(chip);
  const Die die = die_of(placement);
  const Energy e = energy(placement, recipe_of(4), plain_silicon(), die, small_run());
  EXPECT_DOUBLE_EQ(part_of(e, "links between chips").typical, 2 * 32 * 64 * 1e-12 * 1e3);  // a residual, 1 pJ a bit
  expect_near(part_of(e, "leakage"), die.leakage_w * (3 * 50000 / 1e9 * 1e3 / 10));
  EXPECT_EQ(part_of(e, "host interface"), part_of(one, "host interface"));
}

TEST(Energy, OfTheHeadsWiresCountsThoughAnotherDieIsTheLargest) {
  const auto placement = placed(small_chip());
  Die without_head = die_of(placement);
  std::erase_if(without_head.parts, [](const Part& p) { return p.unit == program::Unit::LmHeadArray; });
  const auto tech = plain_silicon();
  const Energy all = energy(placement, recipe_of(4), tech, die_of(placement), small_run());
  const Energy other = energy(placement, recipe_of(4), tech, without_head, small_run());
  for (const auto* what : {"products across tiles", "activations to tiles", "sums to trees"})
    EXPECT_EQ(part_of(all, what), part_of(other, what));
}

}  // namespace
}  // namespace kiln::cost
