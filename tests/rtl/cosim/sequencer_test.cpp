// The sequencer beside the model's (chip::Sequencer, driven as its module drives it): random users who come, wait, are
// refused, leave and end, through a chip whose tokens take random times. Every output in every cycle.
// docs/units/sequencer.md
#include "chip/timing/sequencer.hpp"

#include <bit>

#include "configurations.hpp"
#include "cosim.hpp"
#include "rtl/chip_design.hpp"

namespace kiln::rtl {
namespace {

using base::Cycles;
using chip::Finish;

constexpr std::uint32_t kMostPrompt = 12;

std::uint64_t code_of(Finish finish) {
  switch (finish) {
    case Finish::MaxTokens:
      return 1;
    case Finish::EndOfText:
      return 2;
    case Finish::KvFull:
      return 3;
    case Finish::Refused:
      return 4;
    case Finish::Cancelled:
      return 5;
    case Finish::Interrupted:
      break;
  }
  return 0;
}

program::Placement placed(const Configuration& c, std::uint64_t seed) {
  config::ModelConfig model;
  model.hidden_size = 16;
  model.intermediate_size = 32;
  model.layers = model.heads = model.kv_heads = 1;
  model.head_dim = 8;
  model.vocab_size = 40;
  model.max_context = 256;
  config::ChipConfig chip = support::RandomConfigs(seed).chip(model, 16);
  chip.sequencer = {c.at("issue"), c.at("commit"), c.at("slots"), static_cast<config::Arbitration>(c.at("turn"))};
  chip.kv = {1, 1, 8, 2 * c.at("capacity"), 1, 1, 0};  // two words a token
  chip.kv.when_full = c.at("refuse") != 0 ? config::WhenFull::Refuse : config::WhenFull::Queue;
  auto made = program::Placement::create(model, {}, chip);
  base::check(made.ok(), made.ok() ? "" : made.error().message);
  base::check(made->kv().capacity_tokens == c.at("capacity"), "sequencer: another capacity than wanted");
  return std::move(made).value();
}

/// What the host does in a round.
struct Host {
  std::vector<chip::UserRequest> users;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> requests, prompts, leaves;  ///< cycle, user; one a cycle each

  Host(const program::Placement& placement, std::uint32_t most, base::Random& random) {
    const std::uint64_t capacity = placement.kv().capacity_tokens;
    const auto count = static_cast<std::uint32_t>(random.between(1, most));
    const std::uint64_t pause = random.below(3) == 0 ? 60 : 3;
    std::vector<std::uint32_t> ids;  // whose they are, in order of arrival
    for (std::uint32_t u = 0; u < count; ++u) {
      chip::UserRequest& user = users.emplace_back();
      user.prompt.resize(random.between(1, std::min<std::uint64_t>(capacity, kMostPrompt)));
      for (auto& id : user.prompt) id = static_cast<std::uint32_t>(random.next());
      user.max_new_tokens = random.between(1, random.below(4) == 0 ? 40 : 6);
      user.end_tokens.resize(random.below(kMostEnds + 1));
      for (auto& id : user.end_tokens) id = static_cast<std::uint32_t>(random.below(60));
      user.sampling.top_k = static_cast<std::uint32_t>(random.between(1, 8));
      user.sampling.seed = random.next();
      user.sampling.temperature = random.below(2) == 0 ? 0 : 1;
      ids.insert(ids.end(), user.prompt.size(), u);
    }
    if (random.below(2) == 0) {
      for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
    }
    std::uint64_t now = 5;
    std::vector<bool> known(count, false);
    for (const std::uint32_t user : ids) {
      now += random.between(1, pause);
      prompts.emplace_back(now, user);
      if (known[user]) continue;
      known[user] = true;
      std::uint64_t at = now;  // with the first id, or before if the port is free
      if (const std::uint64_t before = random.below(4);
          before < now && (requests.empty() || requests.back().first < now - before))
        at -= before;
      requests.emplace_back(at, user);
    }
    const std::uint64_t latency = placement.chip().host.latency_cycles;
    std::uint64_t at = latency;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto user = static_cast<std::uint32_t>(random.below(count));
      at += random.between(1, 150);
      if (random.below(3) != 0 || users[user].cancelled_at) continue;
      users[user].cancelled_at = Cycles(at - latency);
      leaves.emplace_back(at, user);
    }
  }
};

class SequencerLane {
 public:
  SequencerLane(Model& model, std::size_t index, const program::Placement& placement, const Configuration& c,
                std::uint64_t seed)
      : name_(fmt::format("sequencer {}", nlohmann::json(c).dump())),
        pins_(model, fmt::format("c{}_", index)),
        placement_(placement),
        most_users_(c.at("users")),
        issue_(c.at("issue")),
        commit_(c.at("commit")),
        random_(seed) {}

  void begin_round() {
    host_ = std::make_unique<Host>(placement_, most_users_, random_);
    told_ += host_->requests.size() + host_->prompts.size() + host_->leaves.size();
    twin_ = std::make_unique<chip::Sequencer>(placement_, host_->users);
    token_.reset();
    commits_at_.reset();
    refused_ = left_ = 0;
    for (const char* valid : {"request", "prompt", "leave", "result", "done"})
      pins_[fmt::format("{}_valid_i", valid)].set(std::uint64_t{0});
    request_ = prompt_ = leave_ = 0;
    ended_.assign(host_->users.size(), false);
  }

  [[nodiscard]] bool over() const { return twin_->all_finished() && !token_; }
  [[nodiscard]] std::uint64_t tokens() const { return tokens_; }
  /// What entered at the inputs: requests, prompt ids, leaves, and a result a token.
  [[nodiscard]] std::uint64_t transactions() const { return told_ + tokens_; }
  [[nodiscard]] const std::map<Finish, std::uint64_t>& finished() const { return finished_; }

  /// Cycle `now`: what commits, then the decision of the cycle before, as the module does it; then the outputs.
  bool cycle(std::uint64_t now) {
    const bool committing = token_ && commits_at_ == now;
    if (committing && !commit(now)) return false;
    if (!same(now, "commit_valid_o", committing ? 1 : 0)) return false;
    if (now > 0) decide(now - 1);
    if (!outputs(now) || !gone(now)) return false;
    inputs(now);
    return true;
  }

 private:
  bool commit(std::uint64_t now) {
    const bool logits = token_->with_logits;
    if (!same(now, "commit_user_o", token_->user) || !same(now, "commit_position_o", token_->position.value) ||
        !same(now, "commit_answer_o", logits ? 1 : 0) || (logits && !same(now, "commit_id_o", answer_)))
      return false;
    if (!same(now, "slot_o", token_->slot)) return false;
    const std::uint32_t user = token_->user;
    twin_->commit(user, logits, logits ? std::optional(answer_) : std::nullopt, Cycles(now));
    twin_->stage_free(Cycles(now));
    last_[user] = answer_;
    token_.reset();
    commits_at_.reset();
    ++tokens_;
    // One who leaves in this very cycle is told of a cycle later.
    const auto& outcome = twin_->outcome(user);
    const bool ends = outcome.ended == Cycles(now) && outcome.finish != Finish::Interrupted;
    const bool just_left = ends && outcome.finish == Finish::Cancelled && leaves_in(user, now);
    if (ends && !just_left) end(user);
    return same(now, "commit_finish_o", ends && !just_left ? code_of(outcome.finish) : 0);
  }

  [[nodiscard]] bool leaves_in(std::uint32_t user, std::uint64_t cycle) const {
    return std::ranges::find(host_->leaves, std::pair(cycle, user)) != host_->leaves.end();
  }

  void end(std::uint32_t user) {
    ended_[user] = true;
    ++finished_[twin_->outcome(user).finish];
  }

  void decide(std::uint64_t cycle) {
    const auto token = twin_->decide(Cycles(cycle));
    refused_ = left_ = 0;
    for (std::uint32_t user = 0; user < ended_.size(); ++user) {
      const auto& outcome = twin_->outcome(user);
      if (ended_[user] || outcome.finish == Finish::Interrupted || outcome.ended != Cycles(cycle)) continue;
      (outcome.finish == Finish::Refused ? refused_ : left_) |= std::uint64_t{1} << user;
      end(user);
    }
    if (!token) return;
    token_ = token;
    issued_ = cycle;
    taken_ = false;
  }

  bool gone(std::uint64_t now) { return same(now, "gone_refused_o", refused_) && same(now, "gone_left_o", left_); }

  bool outputs(std::uint64_t now) {
    const bool waits = token_ && !taken_ && now >= issued_ + issue_;
    if (!same(now, "embedding_valid_o", waits ? 1 : 0) || !same(now, "result_ready_o", 1) ||
        !same(now, "done_ready_o", 1))
      return false;
    pins_["embedding_ready_i"].set(std::uint64_t{0});
    if (!token_) return true;
    const auto& user = host_->users[token_->user];
    const auto& sampling = user.sampling;
    if (!same(now, "position_o", token_->position.value) || !same(now, "slot_o", token_->slot) ||
        !same(now, "with_logits_o", token_->with_logits ? 1 : 0) || !same(now, "greedy_o", sampling.greedy() ? 1 : 0) ||
        !same(now, "factor_o", factor(token_->user)) || !same(now, "top_k_o", sampling.top_k) ||
        !same(now, "seed_o", sampling.seed))
      return false;
    if (!waits) return true;
    const std::uint64_t id = token_->from_prompt ? user.prompt[token_->position.value] : last_[token_->user];
    if (!same(now, "embedding_data_o", id)) return false;
    const bool takes = random_.below(3) != 0;
    pins_["embedding_ready_i"].set(takes ? 1 : 0);
    if (!takes) return true;
    taken_ = true;
    done_at_ = now + random_.between(1, random_.below(2) == 0 ? 3 : 50);
    return true;
  }

  void inputs(std::uint64_t now) {
    const bool done = token_ && taken_ && done_at_ == now;
    pins_["result_valid_i"].set(done && token_->with_logits ? 1 : 0);
    pins_["done_valid_i"].set(done && !token_->with_logits ? 1 : 0);
    if (done) {
      answer_ = static_cast<base::TokenId>(random_.below(60));
      pins_["result_data_i"].set(std::uint64_t{answer_});
      pins_["done_data_i"].set(std::uint64_t{0});
      commits_at_ = now + commit_;
    }
    if (const bool comes = next(host_->requests, request_, now); pins_["request_valid_i"].set(comes ? 1 : 0), comes)
      request(host_->requests[request_++].second);
    if (const bool comes = next(host_->prompts, prompt_, now); pins_["prompt_valid_i"].set(comes ? 1 : 0), comes) {
      const std::uint32_t user = host_->prompts[prompt_++].second;
      pins_["prompt_user_i"].set(std::uint64_t{user});
      pins_["prompt_id_i"].set(std::uint64_t{host_->users[user].prompt[sent(user)]});
      twin_->prompt_arrived(user, Cycles(now));
    }
    if (const bool comes = next(host_->leaves, leave_, now); pins_["leave_valid_i"].set(comes ? 1 : 0), comes)
      pins_["leave_user_i"].set(std::uint64_t{host_->leaves[leave_++].second});
  }

  static bool next(const std::vector<std::pair<std::uint64_t, std::uint32_t>>& events, std::size_t at,
                   std::uint64_t now) {
    return at < events.size() && events[at].first == now;
  }

  /// Ids of the user before the one that was counted last.
  [[nodiscard]] std::size_t sent(std::uint32_t user) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i + 1 < prompt_; ++i) count += host_->prompts[i].second == user ? 1 : 0;
    return count;
  }

  /// Any bits: the sequencer passes them on.
  [[nodiscard]] static std::uint32_t factor(std::uint32_t user) { return 0x3F000001U * (user + 1); }

  void request(std::uint32_t index) {
    const auto& user = host_->users[index];
    pins_["request_user_i"].set(std::uint64_t{index});
    pins_["request_prompt_i"].set(user.prompt.size());
    pins_["request_max_new_i"].set(user.max_new_tokens);
    pins_["request_greedy_i"].set(user.sampling.greedy() ? 1 : 0);
    pins_["request_factor_i"].set(std::uint64_t{factor(index)});
    pins_["request_top_k_i"].set(user.sampling.top_k);
    pins_["request_seed_i"].set(user.sampling.seed);
    Bits ends(32 * std::uint64_t{kMostEnds});
    for (auto& word : ends.words()) word = static_cast<std::uint32_t>(random_.below(60));  // not all of them count
    for (std::size_t i = 0; i < user.end_tokens.size(); ++i) ends.set(32 * i, 32, user.end_tokens[i]);
    pins_["request_ends_i"].set(ends);
    pins_["request_end_count_i"].set(user.end_tokens.size());
  }

  bool same(std::uint64_t now, const char* signal, std::uint64_t expected) {
    const std::uint64_t seen = pins_[signal].get();
    if (seen == expected) return true;
    ADD_FAILURE() << fmt::format("{}, cycle {}, signal {}: the model has {}, RTL has {}", name_, now, signal, expected,
                                 seen);
    return false;
  }

  std::string name_;
  Pins pins_;
  const program::Placement& placement_;
  std::uint32_t most_users_;
  std::uint64_t issue_, commit_;
  base::Random random_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<chip::Sequencer> twin_;
  std::optional<chip::Sequencer::Token> token_;  ///< on its way
  std::uint64_t issued_ = 0, done_at_ = 0;
  bool taken_ = false;  ///< its id, by the embedding ROM
  std::optional<std::uint64_t> commits_at_;
  base::TokenId answer_ = 0;
  std::map<std::uint32_t, base::TokenId> last_;  ///< the answers' last ids
  std::vector<bool> ended_;
  std::uint64_t refused_ = 0, left_ = 0;
  std::size_t request_ = 0, prompt_ = 0, leave_ = 0;
  std::uint64_t tokens_ = 0, told_ = 0;
  std::map<Finish, std::uint64_t> finished_;
};

class SequencerCosim : public testing::TestWithParam<std::size_t> {};

TEST_P(SequencerCosim, DecidesAsTheModelInEveryCycle) {
  const auto configured = group("sequencer", GetParam());
  const std::uint64_t seed = support::test_seed(20261204 + GetParam());
  std::vector<program::Placement> placements;
  std::vector<UnitDesign> designs;
  for (const auto& c : configured) {
    placements.push_back(placed(c, base::mix(seed, 100 + placements.size())));
    designs.push_back(sequencer(placements.back(), c.at("users"), kMostPrompt));
  }
  const auto model = loaded(fmt::format("sequencer-{}", GetParam()), designs);
  std::vector<std::unique_ptr<SequencerLane>> lanes;
  for (std::size_t i = 0; i < configured.size(); ++i)
    lanes.push_back(std::make_unique<SequencerLane>(*model, i, placements[i], configured[i], base::mix(seed, i)));
  std::uint64_t cycles = 0, tokens = 0, transactions = 0;
  const auto enough = [&] {
    return std::ranges::all_of(lanes, [](const auto& lane) { return lane->transactions() >= transactions_wanted(); });
  };
  while (!enough()) {  // rounds, each with new users after a reset
    model->reset();
    for (const auto& lane : lanes) lane->begin_round();
    const auto over = [&] { return std::ranges::all_of(lanes, [](const auto& lane) { return lane->over(); }); };
    for (std::uint64_t now = 0; !over(); ++now, ++cycles) {
      for (const auto& lane : lanes) {
        if (!lane->over() && !lane->cycle(now)) return;
      }
      ASSERT_LT(now, 1000000U) << "users who never end";
      model->tick();
    }
  }
  std::map<Finish, std::uint64_t> finished;
  for (const auto& lane : lanes) {
    tokens += lane->tokens();
    transactions += lane->transactions();
    for (const auto& [finish, count] : lane->finished()) finished[finish] += count;
  }
  std::cout << fmt::format(
      "sequencer-{}: {} configurations, {} transactions, {} tokens, {} cycles compared; requests ended by length {}, "
      "end token {}, full cache {}, refused {}, left {}\n",
      GetParam(), lanes.size(), transactions, tokens, cycles * lanes.size(), finished[Finish::MaxTokens],
      finished[Finish::EndOfText], finished[Finish::KvFull], finished[Finish::Refused], finished[Finish::Cancelled]);
  for (const Finish finish : {Finish::MaxTokens, Finish::EndOfText, Finish::KvFull, Finish::Refused, Finish::Cancelled})
    EXPECT_GT(finished[finish], 0U) << "no request ended in way " << static_cast<int>(finish);
}

INSTANTIATE_TEST_SUITE_P(Groups, SequencerCosim, testing::Range<std::size_t>(0, groups("sequencer")));

}  // namespace
}  // namespace kiln::rtl
