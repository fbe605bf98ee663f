// The LoRA unit: cycles by hand, who waits for whom, capacity, and values that do not depend on how they are computed.
#include "chip/timing/lora_unit.hpp"

#include <gmock/gmock.h>

#include "chip/chip_testing.hpp"
#include "chip/timing/tile_array.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::chip {
namespace {

using config::TensorClass;
using program::ArrayKind;
using program::Unit;

config::AdapterShape shape(std::initializer_list<std::pair<TensorClass, std::uint32_t>> ranks) {
  config::AdapterShape result;
  for (const auto& [c, rank] : ranks) result.ranks[static_cast<std::size_t>(c)] = rank;
  return result;
}

struct Parts {
  config::ModelConfig model;
  config::ChipConfig chip;
};

/// The chip of placed(), with a LoRA unit of these figures.
Parts parts(const config::LoraConfig& lora) {
  const auto plain = placed();
  Parts result{plain.model(), plain.chip()};
  result.chip.lora = lora;
  return result;
}

constexpr config::LoraConfig kByHand = {1024, 100, 2, 3, 8, 4, 5};

program::Placement with_adapter(const Parts& parts, const config::AdapterShape& adapter) {
  auto result = program::Placement::create(parts.model, {}, parts.chip, adapter);
  base::check(result.ok(), result.ok() ? "" : result.error().message);
  return std::move(result).value();
}

std::uint64_t of(const std::array<base::Cycles, program::kUnits>& path, Unit unit) {
  return path[static_cast<std::size_t>(unit)].count();
}

TEST(LoraUnit, TakesTheCyclesOfItsFormula) {
  // q: 128 inputs, 256 outputs, rank 8; v: 128 inputs, 128 outputs, rank 4.
  const auto placement = with_adapter(parts(kByHand), shape({{TensorClass::Q, 8}, {TensorClass::V, 4}}));
  const LoraUnit unit(placement, ArrayKind::Qkv);
  // D = 8 * 128 + 4 * 128 = 1536: 16 cycles; U = 8 * 256 + 4 * 128 = 2560: 26.
  EXPECT_EQ(unit.cycles(), 2U * (2 + 3 + 8) + 4 + 16 + 26);
  Activity activity;
  unit.count(activity);
  EXPECT_EQ(activity.lora_macs, 1536U + 2560U);
  EXPECT_EQ(activity.lora_additions, 256U + 128U);
  EXPECT_FALSE(placement.adapts(ArrayKind::GateUp));
  EXPECT_THROW(LoraUnit(placement, ArrayKind::GateUp), base::BugError);
}

TEST(LoraUnit, TheArrayWaitsForItAndTheTreeAddsOnceMore) {
  Parts figures = parts(kByHand);
  figures.chip.lora->macs = 4;  // 1024 / 4 + 2048 / 4 = 768 cycles and 30: far longer than an array
  const auto adapter = shape({{TensorClass::Q, 8}});
  const auto with = watch(with_adapter(figures, adapter), timing_request(2, 3));
  const auto without = watch(with_adapter(figures, {}), timing_request(2, 3));
  const std::uint64_t array = TileArray(with_adapter(figures, {}), ArrayKind::Qkv).cycles();
  const std::uint64_t times = 4 * figures.model.layers;  // two prompt and two answer tokens pass
  ASSERT_GT(798U, array);
  EXPECT_EQ(with.outcome.total - without.outcome.total, base::Cycles(times * (798 - array + 5)));
  EXPECT_EQ(of(with.outcome.critical_path, Unit::Lora), times * (798 - array));
  EXPECT_EQ(of(with.outcome.critical_path, Unit::QkvTree) - of(without.outcome.critical_path, Unit::QkvTree),
            times * 5);
  const auto& rows = with.outcome.by_unit;
  EXPECT_EQ(rows.size(), without.outcome.by_unit.size() + 1);
  EXPECT_EQ(rows.back().unit, Unit::Lora);
  EXPECT_EQ(rows.back().by_category[static_cast<std::size_t>(CycleCategory::Compute)], base::Cycles(times * 798));
  EXPECT_EQ(with.outcome.activity.lora_macs, times * (1024 + 2048));
}

TEST(LoraUnit, HidesBehindAnArrayThatTakesLonger) {
  Parts figures = parts(kByHand);
  figures.chip.lora->macs = 1U << 20;
  figures.chip.tile.inputs_per_cycle = 1;
  const auto adapter = shape({{TensorClass::Down, 2}});
  const auto with = watch(with_adapter(figures, adapter), timing_request(1, 2));
  const auto without = watch(with_adapter(figures, {}), timing_request(1, 2));
  EXPECT_EQ(of(with.outcome.critical_path, Unit::Lora), 0U);
  EXPECT_EQ(with.outcome.total - without.outcome.total, base::Cycles(2 * figures.model.layers * 5U));
}

TEST(LoraUnit, EveryLatencyCostsWhatTheFormulaSays) {
  support::RandomConfigs random(support::test_seed(91));
  const config::ModelConfig model = random.model();
  config::ChipConfig chip = random.chip(model, 8);
  chip.lora->macs = 1;  // slower than any array
  config::AdapterShape all;
  for (std::size_t c = static_cast<std::size_t>(TensorClass::Q); c <= static_cast<std::size_t>(TensorClass::Down); ++c)
    all.ranks[c] = 64;
  const auto token = [&](const config::ChipConfig& c) {
    const auto watched = watch(with_adapter({model, c}, all), timing_request(1, 1));
    return (watched.outcome.tokens[0].commit - watched.outcome.tokens[0].issue).count();
  };
  const std::uint64_t before = token(chip);
  const std::pair<std::uint32_t config::LoraConfig::*, std::uint64_t> latencies[] = {
      {&config::LoraConfig::read_cycles, 2},       {&config::LoraConfig::multiply_cycles, 2},
      {&config::LoraConfig::accumulate_cycles, 2}, {&config::LoraConfig::quantise_cycles, 1},
      {&config::LoraConfig::add_cycles, 1},
  };
  for (const auto& [field, times] : latencies) {
    config::ChipConfig slower = chip;
    ++(*slower.lora.*field);
    EXPECT_EQ(token(slower), before + times * 4 * model.layers);
  }
}

TEST(LoraUnit, SlicesAddUpToItsCycles) {
  Parts figures = parts(kByHand);
  for (const auto schedule : {config::Schedule::LayerSerial, config::Schedule::LayerPipelined}) {
    figures.chip.schedule = schedule;
    const auto placement = with_adapter(figures, shape({{TensorClass::K, 3}, {TensorClass::Up, 9}}));
    auto request = timing_request(3, 3);
    std::uint64_t sliced = 0;
    base::Cycles reached[8];
    request.on_span = [&](const TraceSpan& slice) {
      if (slice.unit != Unit::Lora) return;
      auto& last = reached[slice.stage.value_or(0)];
      EXPECT_GE(slice.first, last);
      last = slice.last;
      sliced += (slice.last - slice.first).count();
    };
    const auto watched = watch(placement, request);
    std::uint64_t counted = 0;
    for (const auto& row : watched.outcome.by_unit)
      if (row.unit == Unit::Lora) counted += row.by_category[static_cast<std::size_t>(CycleCategory::Compute)].count();
    EXPECT_GT(counted, 0U);
    EXPECT_EQ(sliced, counted);
  }
}

TEST(LoraUnit, AnAdapterThatDoesNotFitIsRefused) {
  Parts figures = parts(kByHand);
  // q: 8 * (128 + 2 + 4) + 256 * (8 + 1 + 4) = 1072 + 3328 = 4400 bytes a layer, two layers.
  const auto adapter = shape({{TensorClass::Q, 8}});
  EXPECT_EQ(with_adapter(figures, adapter).adapter().bytes, 8800U);
  figures.chip.lora->sram_kib = 8;
  const auto placed = program::Placement::create(figures.model, {}, figures.chip, adapter);
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.error().message, "chip hand: the adapter takes 8800 bytes of SRAM, /lora/sram_kib are 8192 bytes");
  figures.chip.chips.count = 2;  // a layer each
  EXPECT_EQ(with_adapter(figures, adapter).adapter().bytes_of_chip, 4400U);
  figures.chip.lora.reset();
  EXPECT_THAT(program::Placement::create(figures.model, {}, figures.chip, adapter).error().message,
              testing::HasSubstr("has no LoRA unit"));
}

TEST(LoraUnit, ValuesDependOnTheAdapterAndOnNothingElse) {
  support::RandomConfigs random(support::test_seed(92));
  base::ThreadPool pool(1), three(3);
  const config::ModelConfig model = random.model();
  support::ToyRom toy(5);
  const rom::RomImage rom = toy.make(model, pool);
  const auto ranks = shape({{TensorClass::Q, 3},
                            {TensorClass::K, 1},
                            {TensorClass::V, 65},
                            {TensorClass::O, 7},
                            {TensorClass::Up, 9},
                            {TensorClass::Gate, 64},
                            {TensorClass::Down, 33}});
  const rom::Adapter adapter = toy.adapter(model, ranks);
  const auto answers = [&](FunctionalModel& values, const program::Placement& placement) {
    RunRequest request;
    for (std::uint32_t u = 0; u < 2; ++u) {
      request.users.emplace_back();
      request.users[u].prompt = {3 + u, 1, 2};
      request.users[u].max_new_tokens = 6;
    }
    request.values = &values;
    const auto functional = watch(placement, request);
    request.values = nullptr;
    expect_same_cycles(functional, watch(placement, request));
    return std::vector{functional.outcome.users[0].answer, functional.outcome.users[1].answer};
  };
  std::vector<std::vector<base::TokenId>> expected;
  for (int round = 0; round < 4; ++round) {
    config::ChipConfig chip = random.chip(model, 32);
    chip.schedule = round % 2 == 0 ? config::Schedule::LayerSerial : config::Schedule::LayerPipelined;
    chip.sequencer.slots = 2;
    const auto placement = with_adapter({model, chip}, ranks);
    FunctionalModel tiles(rom, 16, pool, numerics::Simd::Scalar, &placement, &adapter);
    const auto by_tile = answers(tiles, placement);
    if (round == 0) expected = by_tile;
    EXPECT_EQ(by_tile, expected);
    FunctionalModel rows(rom, 16, three, numerics::best_simd(), nullptr, &adapter);
    EXPECT_EQ(answers(rows, placement), expected);
    FunctionalModel none(rom, 16, pool, numerics::best_simd());
    EXPECT_NE(answers(none, placement), expected);
  }
}

}  // namespace
}  // namespace kiln::chip
