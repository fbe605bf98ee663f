// Token sequencer, layer_serial, one user: which token the chip works on next, and when the answer is complete.
// docs/units/sequencer.md
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "chip/operation.hpp"
#include "kiln/chip/chip.hpp"
#include "kiln/program/placement.hpp"

namespace kiln::chip {

class Sequencer {
 public:
  Sequencer(const program::Placement& placement, std::uint64_t prompt_tokens, std::uint64_t max_new_tokens,
            std::vector<base::TokenId> end_tokens);
  [[nodiscard]] OpTiming issue_timing() const;
  [[nodiscard]] OpTiming commit_timing() const;

  /// The next prompt id is here.
  void prompt_arrived() { ++arrived_; }
  /// No token is in the chip and the next one's id is known.
  [[nodiscard]] bool can_issue() const;
  struct Token {
    base::TokenPos position;
    bool from_prompt = true;
    bool with_logits = false;
  };
  /// The token that can be issued is in the chip from now on.
  Token issue();
  /// The token in the chip is done. `successor`: the argmax of a functional run. Returns whether an answer token was
  /// made.
  bool commit(std::optional<base::TokenId> successor);
  [[nodiscard]] std::optional<Finish> finish() const { return finish_; }
  [[nodiscard]] std::uint64_t answer_tokens() const { return answers_; }

 private:
  config::SequencerConfig config_;
  std::uint64_t prompt_tokens_, max_new_tokens_, capacity_;
  std::vector<base::TokenId> end_tokens_;
  std::uint64_t arrived_ = 0, next_ = 0, answers_ = 0;
  bool busy_ = false;
  std::optional<Finish> finish_;
};

}  // namespace kiln::chip
