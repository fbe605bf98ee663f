// Token sequencer: which users have a slot, and whose token the chip takes next. What happens in a cycle counts for
// the decision of that cycle, in whatever order it was reported. docs/units/sequencer.md
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "kiln/chip/outcome.hpp"
#include "kiln/chip/request.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class Sequencer {
 public:
  Sequencer(const program::Placement& placement, const std::vector<UserRequest>& users);

  /// Events of cycle `at`; seen by decide() of that cycle or a later one.
  void prompt_arrived(std::uint32_t user, base::Cycles at);  ///< its next prompt id has arrived
  void stage_free(base::Cycles at);                          ///< the first stage can take a token
  /// A token of the user is done. `successor`: the id that a functional run found.
  /// Returns whether an answer token was made.
  bool commit(std::uint32_t user, bool with_logits, std::optional<base::TokenId> successor, base::Cycles at);

  struct Token {
    std::uint32_t user = 0;
    std::size_t slot = 0;
    base::TokenPos position;
    bool from_prompt = true;
    bool with_logits = false;
  };
  /// With all events up to `cycle`: admits waiting users, and says which token enters the first stage, if one can.
  std::optional<Token> decide(base::Cycles cycle);

  [[nodiscard]] bool all_finished() const { return unfinished_ == 0; }
  [[nodiscard]] const UserOutcome& outcome(std::uint32_t user) const { return users_[user].outcome; }
  /// Users that were admitted since the last call, with their slots.
  std::vector<std::pair<std::uint32_t, std::size_t>> take_admitted() { return std::exchange(admitted_, {}); }
  [[nodiscard]] std::uint64_t most_kv_tokens() const { return most_kv_tokens_; }
  [[nodiscard]] std::uint64_t most_users() const { return most_users_; }

 private:
  struct User {
    std::uint64_t cached_prefix = 0;  ///< tokens in the KV cache from before
    std::uint64_t prompt_end = 0;     ///< position after the prompt
    std::uint64_t max_new = 0;
    const std::vector<base::TokenId>* end_tokens = nullptr;
    std::uint64_t reserved = 0;  ///< tokens of the KV cache, kept ones among them
    std::uint64_t arrived = 0;   ///< position after the last prompt id that has arrived
    std::uint64_t next = 0;      ///< position of the next token
    bool successor_known = false;
    std::optional<std::size_t> slot;
    UserOutcome outcome;
    std::uint64_t in_flight = 0;            ///< tokens issued and not committed
    std::optional<base::Cycles> cancelled;  ///< the chip knows from then on that the user has left
    bool decided = false;                   ///< its last token has committed, or it left without one in flight
  };
  struct News {
    base::Cycles at;
    enum class Kind { Arrival, Done, Finished, Cancelled, StageFree } kind;
    std::uint32_t user;
  };
  void apply(const News& news);
  /// No token of the user is in flight and none will be.
  void decided(User& user, Finish finish, base::Cycles at);
  void release(User& user);
  /// The user has left; tokens in flight still commit.
  void leave(std::uint32_t user, base::Cycles at);
  void admit(base::Cycles cycle);
  bool ready(const User& user, base::Cycles cycle) const;
  std::optional<std::size_t> choose(base::Cycles cycle) const;

  config::SequencerConfig config_;
  config::WhenFull when_full_;
  std::uint64_t kv_free_;
  std::vector<User> users_;
  std::vector<News> news_;
  std::vector<std::pair<base::Cycles, std::uint32_t>> departures_;  ///< users who leave early, by time
  std::size_t departed_ = 0;
  std::deque<std::uint32_t> waiting_;                ///< users without a slot, in the order of their first id's arrival
  std::vector<std::optional<std::uint32_t>> slots_;  ///< the user in each, of those that were ever needed
  std::size_t next_slot_ = 0;                        ///< after that of the last token
  bool stage_free_ = true;
  std::uint64_t unfinished_;
  std::uint64_t active_ = 0, kv_used_ = 0, most_kv_tokens_ = 0, most_users_ = 0;
  std::vector<std::pair<std::uint32_t, std::size_t>> admitted_;
};

}  // namespace kiln::chip
