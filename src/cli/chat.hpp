// The loop of `kiln chat`: reads lines, streams answers, says what they cost. Private to the cli module.
#pragma once

#include <cstdio>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "cli/line_input.hpp"
#include "cli/session.hpp"
#include "cli/word_wrap.hpp"
#include "study/chat.hpp"

namespace kiln::cli {

enum class Pace { Host, Chip };

class Chat {
 public:
  /// Turns are added to the chat's answer. The conversation goes to standard output, or to standard error where the
  /// JSON document goes there.
  Chat(Session& session, study::Chat& chat, Pace pace, std::optional<std::string> system);
  ~Chat();
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;

  /// Until the end of the input or /exit; the exit status: kBadInput where a line that nobody typed was refused.
  base::Result<int> run();

 private:
  /// The status of a conversation that is over, or of output that could not be written.
  [[nodiscard]] base::Result<int> left() const;
  enum class Next { GoOn, Leave };
  Next command(const std::string& line);
  void history();
  /// A status to end with, or nothing.
  base::Result<std::optional<int>> answer(const std::string& text);
  base::Result<host::Turn> compute(const std::string& text, std::stop_token stop);
  /// The answer at the chip's speed; returns how many of its tokens came before the stop.
  std::size_t replay(const host::Turn& turn, const std::stop_token& stop);
  base::Status record(host::Turn turn);
  void greet();
  void put(std::string_view text);  ///< as it is
  void refuse(std::string_view sentence);
  void show(std::string_view text);
  void show_rest();                     ///< of a text that has ended
  void say(std::string_view sentence);  ///< a line of the program's own
  void interrupt();

  Session& session_;
  study::Chat& chat_;
  host::Conversation& conversation_;
  study::ChatAnswer& report_;
  Pace pace_;
  std::optional<std::string> system_;
  std::FILE* out_;
  std::optional<std::size_t> columns_;  ///< of the terminal that shows the conversation
  WordWrap wrap_;
  LineInput input_;
  std::mutex mutex_;
  std::optional<std::stop_source> answer_;  ///< while there is one; under the mutex
  std::size_t conversations_ = 0;
  bool line_open_ = false;  ///< the last text shown did not end its line
  bool refused_ = false;    ///< a line was
  bool noted_ = false;      ///< the notes on the GPU's figure were shown
  bool warned_ = false;     ///< so was that on a context that the model was not made for
};

}  // namespace kiln::cli
