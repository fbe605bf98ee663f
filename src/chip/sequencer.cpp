#include "chip/sequencer.hpp"

#include <algorithm>
#include <utility>

namespace kiln::chip {

Sequencer::Sequencer(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t max_new_tokens,
                     std::vector<base::TokenId> end_tokens)
    : config_(placement.chip().sequencer),
      prompt_tokens_(prompt_tokens),
      max_new_tokens_(max_new_tokens),
      capacity_(placement.kv().capacity_tokens),
      end_tokens_(std::move(end_tokens)) {}

OpTiming Sequencer::issue_timing() const {
  OpTiming t;
  t.beats_out = 1;
  t.latency = config_.issue_cycles;
  return t;
}

OpTiming Sequencer::commit_timing() const {
  OpTiming t;
  t.beats_in = 1;
  t.latency = config_.commit_cycles;
  return t;
}

bool Sequencer::can_issue() const { return !busy_ && !finish_ && (next_ >= prompt_tokens_ || next_ < arrived_); }

Sequencer::Token Sequencer::issue() {
  base::check(can_issue() && next_ < capacity_, "sequencer: a token that cannot be issued");
  busy_ = true;
  return {base::TokenPos{static_cast<std::uint32_t>(next_)}, next_ < prompt_tokens_, next_ + 1 >= prompt_tokens_};
}

bool Sequencer::commit(std::optional<base::TokenId> successor) {
  base::check(busy_, "sequencer: a commit without a token");
  busy_ = false;
  ++next_;
  if (next_ < prompt_tokens_) return false;
  ++answers_;
  if (successor && std::find(end_tokens_.begin(), end_tokens_.end(), *successor) != end_tokens_.end()) {
    finish_ = Finish::EndOfText;
  } else if (answers_ == max_new_tokens_) {
    finish_ = Finish::MaxTokens;
  } else if (next_ == capacity_) {
    finish_ = Finish::KvFull;
  }
  return true;
}

}  // namespace kiln::chip
