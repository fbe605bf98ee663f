// A prompt's values are computed many tokens at a time, and nothing of a run shows it: tokens, events, cycles and
// counters on any member of the family, with users who leave and an adapter.
#include <gtest/gtest.h>

#include "chip/chip_testing.hpp"
#include "host/run.hpp"
#include "support/random_chip.hpp"
#include "support/toy_rom.hpp"

namespace kiln::host {
namespace {

struct Ran {
  chip::Watched run;
  program::Switching switching;
};

Ran run_together(std::size_t most, const program::Placement& placement, const rom::RomImage& rom,
                 const rom::Adapter& adapter, chip::RunRequest request, base::ThreadPool& pool) {
  functional::FunctionalModel values(rom, 96, pool, numerics::best_simd(), nullptr, &adapter);
  values.set_most_together(most);
  values.count_switching();
  request.values = &values;
  Ran ran{chip::watch(placement, std::move(request)), {}};
  ran.switching = values.switching();
  return ran;
}

TEST(Batches, NothingOfARunShowsThem) {
  support::RandomConfigs random(support::test_seed(91));
  base::ThreadPool pool(2);
  std::size_t pipelined = 0, adapted = 0, left = 0, long_prompts = 0;
  for (std::uint64_t round = 0; round < 8; ++round) {
    const program::Placement placement = random.member(96);
    const config::ModelConfig& model = placement.model();
    support::ToyRom toy(500 + round);
    const rom::RomImage rom = toy.make(model, pool);
    const rom::Adapter adapter = toy.adapter(model, placement.dataflow().adapter());
    chip::RunRequest request;
    for (std::uint32_t u = random.number(1, 3); u > 0; --u) {
      chip::UserRequest user;
      user.arrival = base::Cycles(random.number(0, 20000));
      user.prompt = seeded_prompt(random.coin() ? random.number(65, 80) : random.number(1, 20), model.vocab_size, u);
      user.max_new_tokens = random.number(1, 5);
      user.end_tokens = {random.number(0, model.vocab_size - 1)};
      user.sampling = {0.7, 4, 11};
      if (random.number(0, 2) == 0) user.cancelled_at = user.arrival + base::Cycles(random.number(0, 60000));
      if (user.prompt.size() > functional::kMostTogether) ++long_prompts;
      request.users.push_back(std::move(user));
    }
    const Ran expected = run_together(1, placement, rom, adapter, request, pool);
    pipelined += placement.dataflow().stages().size() > 1 ? 1 : 0;
    adapted += adapter.targets.empty() ? 0 : 1;
    for (const auto& user : expected.run.outcome.users) left += user.finish == chip::Finish::Cancelled ? 1 : 0;
    for (const std::size_t most : {2U, 7U, 64U}) {
      const Ran ran = run_together(most, placement, rom, adapter, request, pool);
      chip::expect_same_cycles(ran.run, expected.run);
      for (std::size_t u = 0; u < request.users.size(); ++u) {
        EXPECT_EQ(ran.run.outcome.users[u].answer, expected.run.outcome.users[u].answer);
        EXPECT_EQ(ran.run.outcome.users[u].finish, expected.run.outcome.users[u].finish);
      }
      EXPECT_EQ(ran.run.outcome.kernel_events, expected.run.outcome.kernel_events);
      EXPECT_EQ(ran.switching, expected.switching) << "round " << round << ", " << most << " together";
    }
    EXPECT_GT(expected.switching.product_toggles, 0U);
  }
  EXPECT_GT(pipelined, 0U);
  EXPECT_GT(adapted, 0U);
  EXPECT_GT(left, 0U);
  EXPECT_GT(long_prompts, 0U);
}

}  // namespace
}  // namespace kiln::host
