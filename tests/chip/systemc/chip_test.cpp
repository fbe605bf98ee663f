// The whole chip on small models: values and cycles together, what ends an answer, what adds up, what is refused.
#include <gmock/gmock.h>

#include <numeric>

#include "chip/chip_testing.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::chip {
namespace {

using program::Unit;
using testing::HasSubstr;

struct Toy {
  explicit Toy(std::uint64_t seed)
      : random(support::test_seed(seed)), model(random.model()), rom(support::ToyRom(seed).make(model, pool)) {}
  program::Placement place(std::uint64_t context) {
    auto placed = program::Placement::create(model, {}, random.chip(model, context));
    base::check(placed.ok(), "placed");
    return std::move(placed).value();
  }
  RunRequest request(FunctionalModel& values, std::uint64_t answer) const {
    RunRequest r = timing_request(3, answer);
    r.users[0].prompt = {1, 2, 3};
    r.values = &values;
    return r;
  }
  base::ThreadPool pool{1};
  support::RandomConfigs random;
  config::ModelConfig model;
  rom::RomImage rom;
};

TEST(Chip, TimingOnlyRunsTakeTheCyclesOfFunctionalOnes) {
  Toy toy(31);
  for (int round = 0; round < 5; ++round) {
    const auto placement = toy.place(20);
    FunctionalModel values(toy.rom, 20, toy.pool, numerics::best_simd());
    const auto functional = watch(placement, toy.request(values, 6));
    const auto timing = watch(placement, timing_request(3, 6));
    expect_same_cycles(functional, timing);
    EXPECT_EQ(functional.user().answer.size(), 6U);
    EXPECT_TRUE(timing.user().answer.empty());
    EXPECT_EQ(timing.user().answer_tokens, 6U);
  }
}

TEST(Chip, TokensAreThoseOfTheValuesAloneForAnyChipAndMovement) {
  Toy toy(32);
  FunctionalModel alone(toy.rom, 20, toy.pool, numerics::best_simd());
  alone.forward(1, false);
  alone.forward(2, false);
  alone.forward(3, true);
  std::vector<base::TokenId> expected = {alone.argmax()};
  while (expected.size() < 5) {
    alone.forward(expected.back(), true);
    expected.push_back(alone.argmax());
  }
  for (int round = 0; round < 6; ++round) {
    const auto placement = toy.place(20);
    FunctionalModel values(toy.rom, 20, toy.pool, numerics::Simd::Scalar, round % 2 == 0 ? &placement : nullptr);
    RunRequest request = toy.request(values, 5);
    request.transfer_mode = round % 3 == 0 ? TransferMode::Beats : TransferMode::Bursts;
    request.stall_seed = round >= 3 ? 77 : 0;
    std::vector<base::TokenId> told;
    request.on_token = [&](std::uint32_t user, base::TokenId id, std::uint64_t index) {
      EXPECT_EQ(user, 0U);
      EXPECT_EQ(index, told.size());
      told.push_back(id);
    };
    EXPECT_EQ(watch(placement, request).user().answer, expected) << round;
    EXPECT_EQ(told, expected);
  }
}

TEST(Chip, AnEndTokenEndsTheAnswerAndIsPartOfIt) {
  Toy toy(33);
  const auto placement = toy.place(20);
  FunctionalModel first(toy.rom, 20, toy.pool, numerics::best_simd());
  const auto answer = watch(placement, toy.request(first, 6)).user().answer;
  FunctionalModel second(toy.rom, 20, toy.pool, numerics::best_simd());
  RunRequest request = toy.request(second, 6);
  request.users[0].end_tokens = {answer[2]};
  const auto ended = watch(placement, request).user();
  const auto length = static_cast<std::size_t>(std::find(answer.begin(), answer.end(), answer[2]) - answer.begin()) + 1;
  EXPECT_EQ(ended.finish, Finish::EndOfText);
  EXPECT_EQ(ended.answer,
            std::vector<base::TokenId>(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(length)));
  EXPECT_EQ(ended.answer_tokens, length);
}

TEST(Chip, AFullKvCacheEndsTheAnswerAndTheTokenWithoutAPlaceCounts) {
  support::RandomConfigs random(support::test_seed(34));
  const auto placement = random.placement(6);
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const auto outcome = watch(placement, timing_request(3, 1000)).outcome;
  EXPECT_EQ(outcome.users[0].finish, Finish::KvFull);
  EXPECT_EQ(outcome.tokens.size(), capacity);
  EXPECT_EQ(outcome.users[0].answer_tokens, capacity - 3 + 1);
  const auto exact = watch(placement, timing_request(3, capacity - 3 + 1)).outcome;
  EXPECT_EQ(exact.users[0].finish, Finish::MaxTokens);
  EXPECT_EQ(exact.total, outcome.total);
}

TEST(Chip, RefusesWhatItCannotRun) {
  support::RandomConfigs random(support::test_seed(35));
  const auto placement = random.placement(6);
  const std::uint64_t capacity = placement.kv().capacity_tokens;
  const auto message = [&](const RunRequest& request) { return run(placement, request).error().message; };
  EXPECT_EQ(message(timing_request(0, 1)), "the prompt is empty, the chip needs at least one token");
  EXPECT_EQ(message(timing_request(1, 0)), "no answer tokens are wanted, the chip makes at least one");
  EXPECT_EQ(message(timing_request(capacity + 1, 1)), "the prompt has " + std::to_string(capacity + 1) +
                                                          " tokens, the KV cache of chip random holds " +
                                                          std::to_string(capacity));
  Toy toy(35);
  FunctionalModel values(toy.rom, 20, toy.pool, numerics::best_simd());
  RunRequest request = toy.request(values, 1);
  request.users[0].prompt[1] = 1000000;
  EXPECT_THAT(run(toy.place(20), request).error().message,
              HasSubstr("prompt token 1 is 1000000, the vocabulary of random has"));
}

// run() checks the sums itself; here they are added by hand.
TEST(Chip, CausesOfEachUnitAndTheCriticalPathAddUpToTheTotal) {
  support::RandomConfigs random(support::test_seed(36));
  for (int round = 0; round < 20; ++round) {
    const auto placement = random.placement(12);
    const auto outcome =
        watch(placement, timing_request(random.number(1, 5), 4, TransferMode::Bursts, round % 2)).outcome;
    const auto sum = [](const auto& entries) {
      base::Cycles total;
      for (const base::Cycles c : entries) total += c;
      return total;
    };
    for (const auto& unit : outcome.by_unit) EXPECT_EQ(sum(unit.by_category), outcome.total);
    EXPECT_EQ(sum(outcome.critical_path), outcome.total);
    EXPECT_EQ(sum(outcome.critical_by_category), outcome.total);
  }
}

TEST(Chip, PrefillTokensSkipTheHeadAndAllIssueInOrder) {
  support::RandomConfigs random(support::test_seed(37));
  const auto placement = random.placement(12);
  const auto w = watch(placement, timing_request(4, 3));
  const auto& tokens = w.outcome.tokens;
  ASSERT_EQ(tokens.size(), 6U);
  const config::HostConfig host = placement.chip().host;
  for (std::uint32_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(tokens[i].position.value, i);
    const base::Cycles arrival(host.latency_cycles + (i < 4 ? i * host.cycles_per_token : 0));
    EXPECT_EQ(tokens[i].issue, i == 0 ? arrival : std::max(tokens[i - 1].commit, arrival)) << i;
  }
  EXPECT_EQ(w.user().first_answer, tokens[3].commit);
  EXPECT_EQ(w.user().last_answer, tokens[5].commit);
  EXPECT_EQ(w.outcome.activity.logits_compared, 3U * placement.model().vocab_size);
}

TEST(Chip, AStopEndsTheRunAndWhatWasDoneAddsUp) {
  support::RandomConfigs random(support::test_seed(38));
  const auto placement = random.placement(12);
  std::stop_source source;
  RunRequest request = timing_request(2, 8);
  request.stop = source.get_token();
  request.on_token = [&](std::uint32_t, base::TokenId, std::uint64_t index) {
    if (index == 2) source.request_stop();
  };
  const auto outcome = run(placement, request);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->users[0].finish, Finish::Interrupted);
  EXPECT_EQ(outcome->users[0].answer_tokens, 3U);
  EXPECT_EQ(outcome->tokens.size(), 4U);
  EXPECT_GE(outcome->total, outcome->users[0].last_answer + base::Cycles(placement.chip().host.latency_cycles));
  source = std::stop_source();
  source.request_stop();
  request.stop = source.get_token();
  const auto nothing = run(placement, request);
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(nothing->users[0].finish, Finish::Interrupted);
  EXPECT_TRUE(nothing->tokens.empty());
}

TEST(Chip, AStopInAFullPipelineAddsUpToo) {
  support::RandomConfigs random(support::test_seed(41));
  for (const std::uint64_t stop_at : {0, 3, 17}) {
    config::ModelConfig model = random.model();
    model.layers = 5;
    config::ChipConfig chip = random.chip(model, 200);
    chip.schedule = config::Schedule::LayerPipelined;
    chip.sequencer.slots = 4;
    const auto placement = program::Placement::create(model, {}, chip);
    ASSERT_TRUE(placement.ok()) << placement.error().message;
    std::stop_source source;
    RunRequest request = timing_request(2, 8);
    request.users.resize(6, request.users[0]);  // two of them wait for a slot
    request.stop = source.get_token();
    std::uint64_t answers = 0;
    request.on_token = [&](std::uint32_t, base::TokenId, std::uint64_t) {
      if (answers++ == stop_at) source.request_stop();
    };
    const auto outcome = run(*placement, request);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message;
    std::uint64_t told = 0;
    std::uint64_t interrupted = 0;
    for (const UserOutcome& user : outcome->users) {
      told += user.answer_tokens;
      interrupted += user.finish == Finish::Interrupted ? 1 : 0;
    }
    EXPECT_EQ(told, answers);
    EXPECT_GE(interrupted, 5U);
    const auto sum = [](const auto& entries) {
      return std::accumulate(entries.begin(), entries.end(), base::Cycles());
    };
    for (const auto& unit : outcome->by_unit) EXPECT_EQ(sum(unit.by_category), outcome->total) << unit.name();
    base::Cycles on_the_way;
    for (const TokenTiming& token : outcome->tokens) on_the_way = on_the_way + (token.commit - token.issue);
    EXPECT_EQ(sum(outcome->critical_path), on_the_way);
    EXPECT_EQ(sum(outcome->critical_by_category), on_the_way);
  }
}

TEST(Chip, ExceptionsOfCallersComeThroughAndTheNextRunIsWell) {
  support::RandomConfigs random(support::test_seed(39));
  const auto placement = random.placement(12);
  RunRequest request = timing_request(2, 2);
  request.on_token = [](std::uint32_t, base::TokenId, std::uint64_t) { throw std::runtime_error("from outside"); };
  EXPECT_THROW((void)run(placement, request), std::runtime_error);
  const auto again = watch(placement, timing_request(2, 2));
  EXPECT_EQ(again.outcome.tokens.size(), 3U);
}

TEST(Chip, CountsWhatItsFormulasSay) {
  support::RandomConfigs random(support::test_seed(40));
  const auto placement = random.placement(12);
  const config::ModelConfig& m = placement.model();
  const auto outcome = watch(placement, timing_request(2, 2)).outcome;  // positions 0 (no logits), 1 and 2
  const Activity& a = outcome.activity;
  const std::uint64_t contexts = 1 + 2 + 3;
  const std::uint64_t layers = m.layers;
  // Each weight once a token, in whichever way its array computes.
  EXPECT_EQ(a.counted_bits % 8, 0U);
  EXPECT_EQ(a.selections + a.counted_bits / 8 + a.multiply_accumulates,
            3 * (m.active_matrix_weights() - std::uint64_t{m.hidden_size} * m.vocab_size) +
                2 * std::uint64_t{m.hidden_size} * m.vocab_size);
  EXPECT_EQ(a.embedding_reads, 3 * m.hidden_size);
  EXPECT_EQ(a.score_macs, layers * contexts * m.q_width());
  EXPECT_EQ(a.value_macs, a.score_macs);
  EXPECT_EQ(a.exponentials, layers * contexts * m.heads);
  EXPECT_EQ(a.kv_words_read, 2 * layers * contexts * m.kv_heads * placement.kv().row_words);
  EXPECT_EQ(a.kv_words_written, 2 * layers * 3 * m.kv_heads * placement.kv().row_words);
  EXPECT_EQ(a.host_tokens, 4U);
  EXPECT_EQ(a.kv_conflict_cycles, outcome.by_unit[static_cast<std::size_t>(Unit::KvSram)]
                                      .by_category[static_cast<std::size_t>(CycleCategory::KvConflict)]
                                      .count());
}

}  // namespace
}  // namespace kiln::chip
