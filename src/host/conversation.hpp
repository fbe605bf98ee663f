// A conversation with the chip. Each turn is a run that sends only what the chip lacks: the KV cache keeps the turns
// before, and the last answer token, which was sampled but has not been through the chip, goes first. With a chat
// template a turn is what the template writes after the answer before; answers stay the ids that the chip made. Where
// the template writes the conversation so far differently, all of it is sent again. Without a template the user's
// text is appended and the model continues. Between turns the cache holds whole tokens of whole turns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "chip/systemc/chip.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/program/placement.hpp"
#include "tokenizer/chat_template.hpp"
#include "tokenizer/tokenizer.hpp"

namespace kiln::host {

struct Turn {
  std::string user;                   ///< the message
  std::string text;                   ///< the answer's
  std::vector<base::TokenId> prompt;  ///< ids that went to the chip
  std::uint64_t cached_prefix = 0;    ///< those that were there
  bool sent_again = false;            ///< the template rewrote earlier turns: the prompt holds all of them
  std::vector<base::TokenId> answer;
  std::vector<std::string> pieces;    ///< the answer's text by token
  std::vector<base::Cycles> commits;  ///< of the answer's tokens, since the prompt's arrival at the chip
  chip::Finish finish = chip::Finish::Interrupted;
  std::optional<std::string> mismatch;  ///< simulation and formulas differ: no figure of the turn is good

  /// Tokens of the conversation with this answer.
  [[nodiscard]] std::uint64_t context_tokens() const { return cached_prefix + prompt.size() + answer.size(); }
  /// From the prompt's arrival at the chip to the first answer token.
  [[nodiscard]] std::optional<double> ttft_us(std::uint32_t clock_mhz) const;
  /// (answer - 1) / (time of the last - time of the first): absent below two tokens.
  [[nodiscard]] std::optional<double> tokens_per_s(std::uint32_t clock_mhz) const;
};

struct Listener {
  std::function<void(std::string_view)> on_text;  ///< whole characters, as they are computed; may be empty
  /// Tokens through the chip, of a prompt's `prompt_tokens` and `most` with the longest answer; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t prompt_tokens, std::uint64_t most)> on_progress;
  std::stop_token stop;
};

class Conversation {
 public:
  struct Options {
    std::uint64_t most_answer_tokens = 256;
    numerics::Sampling sampling;
  };
  /// The values' first slot is the conversation's. What is passed by reference outlives it.
  Conversation(const program::Placement& placement, functional::FunctionalModel& values,
               const tokenizer::Tokenizer& tokenizer, std::optional<tokenizer::ChatTemplate> chat_template,
               const Options& options);

  /// Before the first turn, with a template. Stays over reset().
  base::Status set_system(std::string text);
  /// One turn. Stopped in the answer, that ends there; stopped in the prompt, the turn is as if it had never been and
  /// its answer is empty. So it is with Finish::Refused when the turn does not fit the KV cache. Fails, and the
  /// conversation is as it was, when the text cannot be encoded or the template refuses it.
  base::Result<Turn> say(const std::string& text, const Listener& listener);
  /// Ends the answer of the last turn, which is `turn`, after its first `answer_tokens`; without any the turn is as if
  /// it had never been.
  void cut(Turn& turn, std::size_t answer_tokens);
  /// Forgets all but the system message.
  void reset();

  [[nodiscard]] const std::vector<tokenizer::ChatMessage>& messages() const { return state_.messages; }
  [[nodiscard]] bool has_template() const { return template_.has_value(); }
  /// In the KV cache.
  [[nodiscard]] std::uint64_t cached_prefix() const { return state_.cached_prefix; }

 private:
  using Ids = std::vector<base::TokenId>;
  struct State {
    std::vector<tokenizer::ChatMessage> messages;
    std::uint64_t cached_prefix = 0;
    std::optional<base::TokenId> pending;  ///< the last answer token
    std::string written;                   ///< by the template, up to where the last answer begins
  };
  /// What a turn sends.
  struct Prompt {
    Ids ids;
    std::uint64_t cached_prefix = 0;
    bool sent_again = false;
    std::string written;
  };
  [[nodiscard]] base::Result<Prompt> prompt_of(const std::string& text, const std::stop_token& stop) const;
  [[nodiscard]] base::Result<Prompt> continued(const std::string& text) const;
  [[nodiscard]] base::Result<Ids> behind_answer(std::string_view added) const;
  [[nodiscard]] base::Result<Ids> encode_behind(std::string_view text) const;
  [[nodiscard]] std::string token_text(std::optional<base::TokenId> id) const;
  void settle(const Turn& turn, std::string written);
  void drop(const Turn& turn);

  const program::Placement& placement_;
  functional::FunctionalModel& values_;
  const tokenizer::Tokenizer& tokenizer_;
  std::optional<tokenizer::ChatTemplate> template_;
  Options options_;
  std::optional<std::string> system_;
  State state_, before_;  ///< before_: before the last turn
};

}  // namespace kiln::host
