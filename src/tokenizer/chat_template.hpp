// A checkpoint's chat template (TokenizerSpec::chat_template): the text a model is to continue, from the messages of a
// conversation. Templates are Jinja2; this is an interpreter of the part of it that Llama-family templates use, and it
// writes what transformers' apply_chat_template writes (blocks trimmed, lines before blocks stripped, raise_exception,
// `tools` and `documents` none, no strftime_now: templates then put their fixed date). docs/chat-template.md says what
// is understood. parse() refuses everything else by name and line. Templates may be hostile: nesting, work and output
// are bounded. A ChatTemplate is immutable and may be shared by threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "kiln/base/result.hpp"

namespace kiln::tokenizer {

struct ChatMessage {
  std::string role;  ///< "system", "user" or "assistant"
  std::string content;
};

class ChatTemplate {
 public:
  struct Names {
    std::string bos_token;  ///< as text; empty: undefined to the template
    std::string eos_token;
    std::map<std::string, std::string> others = {};  ///< further names and their texts; of a template's own none counts
  };

  static base::Result<ChatTemplate> parse(std::string_view source);
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  /// What one rendering may cost. Work is counted in units of jinja::Budget; without a number it is far more than
  /// templates need, and about a second.
  struct Limits {
    std::optional<std::uint64_t> work = std::nullopt;
    std::stop_token stop = {};
  };

  /// The conversation as text, with the opening of the assistant's answer if `add_generation_prompt`. Fails with the
  /// template's own words where it calls raise_exception (roles that do not alternate, say), and soon after
  /// `limits.stop` is requested.
  [[nodiscard]] base::Result<std::string> render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                                 const Names& names, const Limits& limits) const;
  [[nodiscard]] base::Result<std::string> render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                                 const Names& names) const {
    return render(messages, add_generation_prompt, names, Limits());
  }

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace kiln::tokenizer
