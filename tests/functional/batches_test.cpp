// Many tokens at a time give the bits of one at a time, wherever the batches begin, for any number of threads and both
// ways of asking: all of a text, or tokens that a user's prompt announced.
#include <gtest/gtest.h>

#include <stop_token>

#include "functional/functional_model.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::functional {
namespace {

using Ids = std::vector<base::TokenId>;

Ids some_ids(support::RandomConfigs& random, std::size_t count, std::uint32_t vocab_size) {
  Ids ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(random.number(0, vocab_size - 1));
  return ids;
}

/// Logits behind every token, in pieces of these sizes again and again.
std::vector<float> logits_of(FunctionalModel& values, std::span<const base::TokenId> ids,
                             const std::vector<std::size_t>& pieces) {
  std::vector<float> result;
  values.reset();
  for (std::size_t first = 0, piece = 0; first < ids.size(); ++piece) {
    const std::size_t count = std::min(pieces[piece % pieces.size()], ids.size() - first);
    std::size_t expected = 0;
    values.forward(ids.subspan(first, count), [&](std::size_t i, std::span<const float> logits) {
      EXPECT_EQ(i, expected++);
      result.insert(result.end(), logits.begin(), logits.end());
    });
    EXPECT_EQ(expected, count);
    first += count;
  }
  return result;
}

config::AdapterShape some_ranks() {
  config::AdapterShape ranks;
  ranks.ranks[static_cast<std::size_t>(config::TensorClass::Q)] = 8;
  ranks.ranks[static_cast<std::size_t>(config::TensorClass::V)] = 70;
  ranks.ranks[static_cast<std::size_t>(config::TensorClass::Down)] = 3;
  return ranks;
}

TEST(Batches, OfAnySizeGiveTheBitsOfOneByOne) {
  support::RandomConfigs random(support::test_seed(31));
  base::ThreadPool one(1), two(2), seven(7);
  for (int round = 0; round < 4; ++round) {
    config::ModelConfig model = random.model();
    if (round == 0) model.hidden_size = 576;  // wide enough for several threads, whatever is drawn
    support::ToyRom toy(300 + static_cast<std::uint64_t>(round));
    const rom::RomImage rom = toy.make(model, one);
    const rom::Adapter adapter = toy.adapter(model, some_ranks());
    const rom::Adapter* with = round % 2 == 0 ? &adapter : nullptr;
    const Ids ids = some_ids(random, 70, model.vocab_size);
    FunctionalModel single(rom, 70, one, numerics::best_simd(), nullptr, with);
    single.set_most_together(1);
    single.count_switching();
    const std::vector<float> expected = logits_of(single, ids, {70});
    ASSERT_EQ(expected.size(), ids.size() * model.vocab_size);
    for (const std::size_t most : {2U, 7U, 64U}) {
      for (base::ThreadPool* pool : {&one, &two, &seven}) {
        FunctionalModel many(rom, 70, *pool, numerics::best_simd(), nullptr, with);
        many.set_most_together(most);
        many.count_switching();
        EXPECT_TRUE(logits_of(many, ids, {5, 64, 1}) == expected) << "round " << round << ", " << most << " together";
        EXPECT_EQ(many.switching(), single.switching());
      }
    }
    for (const auto simd : {numerics::Simd::Scalar, numerics::Simd::Avx2}) {
      if (simd > numerics::best_simd()) continue;
      FunctionalModel narrow(rom, 70, two, simd, nullptr, with);
      narrow.count_switching();
      EXPECT_TRUE(logits_of(narrow, ids, {70}) == expected) << "round " << round;
      EXPECT_EQ(narrow.switching(), single.switching());
    }
    EXPECT_GT(single.switching().product_toggles, 0U);
  }
}

TEST(Batches, WithoutASinkTheTokensStayAndNoLogitsAreMade) {
  base::ThreadPool pool(1);
  const config::ModelConfig model = support::RandomConfigs(1).model();
  const rom::RomImage rom = support::ToyRom(9).make(model, pool);
  FunctionalModel values(rom, 8, pool, numerics::best_simd());
  const Ids ids = {3, 1, 4, 1, 5};
  const std::vector<float> expected = logits_of(values, ids, {5});
  values.reset();
  values.forward(std::span(ids).first(4), {});
  values.forward(ids[4], true);
  EXPECT_TRUE(std::ranges::equal(values.logits(), std::span(expected).last(model.vocab_size)));
}

TEST(Batches, AStopEndsATextBetweenTwoBatches) {
  base::ThreadPool pool(1);
  const rom::RomImage rom = support::ToyRom(9).make(support::RandomConfigs(1).model(), pool);
  FunctionalModel values(rom, 8, pool, numerics::best_simd());
  const Ids ids = {3, 1, 4, 1, 5};
  const std::vector<float> expected = logits_of(values, ids, {5});
  values.set_most_together(2);
  values.reset();
  std::stop_source source;
  std::size_t passed = 0;
  values.forward(
      ids,
      [&](std::size_t /*i*/, std::span<const float> /*logits*/) {
        ++passed;
        source.request_stop();
      },
      source.get_token());
  EXPECT_EQ(passed, 2U);
  EXPECT_TRUE(logits_of(values, ids, {5}) == expected);  // as if nothing had been
}

TEST(Batches, TileByTileIsTokenByToken) {
  support::RandomConfigs random(support::test_seed(32));
  base::ThreadPool pool(1);
  const config::ModelConfig model = random.model();
  const rom::RomImage rom = support::ToyRom(10).make(model, pool);
  const auto placement = program::Placement::create(model, {}, random.chip(model, 8));
  ASSERT_TRUE(placement.ok());
  const Ids ids = some_ids(random, 5, model.vocab_size);
  FunctionalModel rows(rom, 8, pool, numerics::best_simd());
  FunctionalModel tiles(rom, 8, pool, numerics::Simd::Scalar, &*placement);
  tiles.set_most_together(kMostTogether);  // of no avail: many would be a bug
  EXPECT_TRUE(logits_of(tiles, ids, {5}) == logits_of(rows, ids, {5}));
}

/// What a prompt leaves, its tokens one behind the other through the layers as through a chip with a stage for each.
struct Passed {
  std::vector<float> logits;
  base::TokenId next = 0;
  program::Switching switching;
  bool operator==(const Passed&) const = default;
};

class Announced : public testing::Test {
 protected:
  Announced()
      : random_(support::test_seed(33)),
        pool_(2),
        model_(random_.model()),
        rom_(support::ToyRom(11).make(model_, pool_)),
        dataflow_(model_) {}

  FunctionalModel values(std::size_t most_together) {
    FunctionalModel values(rom_, 100, pool_, numerics::best_simd());
    values.set_most_together(most_together);
    values.count_switching();
    values.open(0);
    return values;
  }

  /// Tokens enter while those before are `behind` operations further.
  Passed pass(FunctionalModel& values, const Ids& ids, std::uint32_t position, std::size_t behind) {
    std::vector<FunctionalModel::Handle> handles(ids.size());
    const auto last = ids.size() - 1;
    const std::size_t steps = last * behind + dataflow_.token(true).size();
    Passed passed;
    for (std::size_t step = 0; step < steps; ++step) {
      for (std::size_t i = 0; i < ids.size() && i * behind <= step; ++i) {
        const auto& ops = dataflow_.token(i == last);
        const std::size_t op = step - i * behind;
        if (op == 0)
          handles[i] = values.begin(0, ids[i], base::TokenPos{position + static_cast<std::uint32_t>(i)}, {0.8, 5, 3});
        if (op < ops.size()) values.execute(handles[i], ops[op]);
        if (op + 1 != ops.size()) continue;
        if (i == last) {
          passed.logits.assign(values.logits(handles[i]).begin(), values.logits(handles[i]).end());
          passed.next = values.successor(handles[i]);
        }
        values.end(handles[i]);
      }
    }
    passed.switching = values.switching();
    return passed;
  }

  support::RandomConfigs random_;
  base::ThreadPool pool_;
  config::ModelConfig model_;
  rom::RomImage rom_;
  program::Dataflow dataflow_;
};

TEST_F(Announced, APromptIsComputedManyTokensAtATime) {
  const Ids ids = some_ids(random_, 67, model_.vocab_size);
  auto single = values(1);
  const Passed expected = pass(single, ids, 0, 1000);
  for (const std::size_t most : {1U, 2U, 7U, 64U}) {
    for (const std::size_t behind : {1U, 16U, 1000U}) {
      auto many = values(most);
      many.announce(0, ids);
      EXPECT_TRUE(pass(many, ids, 0, behind) == expected) << most << " together, " << behind << " operations behind";
      // An answer goes on token by token, and the next prompt is announced behind it.
      const Ids answer = {expected.next};
      auto reference = values(1);
      (void)pass(reference, ids, 0, 1000);
      EXPECT_TRUE(pass(many, answer, 67, 1) == pass(reference, answer, 67, 1));
      const Ids more = {3, 2, 1};
      many.open(0, 68);
      many.announce(0, more);
      EXPECT_TRUE(pass(many, more, 68, behind) == pass(reference, more, 68, 1000));
    }
  }
}

TEST_F(Announced, WhatCameTooEarlyIsForgotten) {
  const Ids ids = some_ids(random_, 20, model_.vocab_size), others = some_ids(random_, 20, model_.vocab_size);
  auto fresh = values(1);
  const Passed expected = pass(fresh, others, 0, 1000);
  auto rewound = values(64);
  rewound.announce(0, ids);
  (void)rewound.begin(0, ids[0], base::TokenPos{0});  // all 20 are in the cache
  rewound.rewind(0, 0);
  EXPECT_TRUE(pass(rewound, others, 0, 1) == expected);
  auto opened = values(64);
  opened.announce(0, ids);
  (void)opened.begin(0, ids[0], base::TokenPos{0});
  EXPECT_EQ(opened.switching(), program::Switching{});  // tokens count when they end
  opened.open(0);
  opened.announce(0, others);
  EXPECT_TRUE(pass(opened, others, 0, 1) == expected);
}

TEST_F(Announced, StoppedAnywhereEachTokenGoesItsOwnWay) {
  const Ids ids = some_ids(random_, 20, model_.vocab_size);
  auto single = values(1);
  const Passed expected = pass(single, ids, 0, 1000);
  const std::size_t ops = dataflow_.token(false).size();
  for (std::size_t asked = 0; asked <= 3 * (ops + 1); ++asked) {
    auto many = values(7);
    std::size_t times = 0;
    many.announce(0, ids, [&] { return times++ >= asked; });
    EXPECT_TRUE(pass(many, ids, 0, 1000) == expected) << "stopped when asked " << asked << " times";
    EXPECT_EQ(times > asked, asked < 3 * (ops + 1)) << asked;  // three batches are all
  }
}

TEST_F(Announced, AnotherTokenThanAnnouncedIsABug) {
  auto many = values(64);
  const Ids ids = {1, 2, 3};
  EXPECT_THROW(many.announce(1, ids), base::BugError);
  many.announce(0, ids);
  (void)many.begin(0, 1, base::TokenPos{0});
  EXPECT_THROW((void)many.begin(0, 3, base::TokenPos{1}), base::BugError);
  EXPECT_THROW(many.set_most_together(0), base::BugError);
}

}  // namespace
}  // namespace kiln::functional
