#include "cli/chat.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>

#include "base/text.hpp"
#include "cli/standard_error.hpp"
#include "cli/terminal.hpp"
#include "report/chat_report.hpp"
#include "report/table.hpp"

namespace kiln::cli {
namespace {

constexpr std::string_view kHelp =
    "/reset        forget the conversation (a system message stays)\n"
    "/system TEXT  a system message, before the first turn\n"
    "/history      the conversation so far\n"
    "/exit         leave (Ctrl-D, too); Ctrl-C ends an answer\n";

/// Text of a model or a file on a terminal: line ends and tabs act, other control characters are written out.
std::string harmless(std::string_view text) {
  std::string plain;
  while (true) {
    const auto end = std::min(text.find_first_of("\n\t"), text.size());
    plain += base::without_controls(text.substr(0, end));
    if (end == text.size()) return plain;
    plain += text[end];
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Chat::Chat(Session& session, study::Chat& chat, Pace pace, std::optional<std::string> system)
    : session_(session),
      chat_(chat),
      conversation_(chat.conversation()),
      report_(chat.answer),
      pace_(pace),
      system_(std::move(system)),
      out_(session.options().json == "-" ? stderr : stdout),
      columns_(terminal_columns(::fileno(out_))),
      wrap_(columns_),
      input_(STDIN_FILENO, out_) {
  session_.interrupts().divert([this] { interrupt(); });
}

Chat::~Chat() { session_.interrupts().divert({}); }

void Chat::interrupt() {
  const std::lock_guard lock(mutex_);
  if (answer_) {
    answer_->request_stop();
  } else {
    input_.wake();
  }
}

base::Result<int> Chat::run() {
  const std::stop_callback wake(session_.stop(), [this] { interrupt(); });
  const bool typed = input_.is_terminal();
  if (typed || !report_.verdict.is_buildable())
    put(report::chat_verdict(report_, columns_.value_or(report::kTerminalColumns)));
  if (typed) greet();
  while (!session_.stop().stop_requested()) {
    if (const auto written = left(); !written) return written;
    auto event = input_.next("> ");
    if (!event) return event.error();
    switch (event->kind) {
      case LineInput::Kind::End:
        if (typed) put("\n");
        return left();
      case LineInput::Kind::Woken:
        if (session_.stop().stop_requested()) return kInterrupted;
        if (!typed) {
          to_standard_error("kiln: interrupted\n");
          return kInterrupted;
        }
        put("\n");
        say("Ctrl-D or /exit leaves, /help shows the commands");
        break;
      case LineInput::Kind::Line:
        if (event->line.ends_with('\r')) event->line.pop_back();  // lines of another system
        if (event->line.empty()) break;
        if (event->line.front() == '/') {
          if (command(event->line) == Next::Leave) return left();
          break;
        }
        const auto status = answer(event->line);
        if (!status) return status.error();
        if (*status) return **status;
        break;
    }
  }
  return kInterrupted;
}

base::Result<int> Chat::left() const {
  if (out_ == stdout && (std::fflush(out_) != 0 || std::ferror(out_) != 0))
    return base::Error{"cannot write to standard output"};
  return refused_ && !input_.is_terminal() ? kBadInput : 0;
}

void Chat::put(std::string_view text) {
  if (out_ == stderr) return to_standard_error(text);
  std::fwrite(text.data(), 1, text.size(), out_);  // left() looks at what went wrong
}

void Chat::refuse(std::string_view sentence) {
  complain(sentence);
  refused_ = true;
}

Chat::Next Chat::command(const std::string& line) {
  if (line == "/exit") return Next::Leave;
  if (line == "/reset") {
    conversation_.reset();
    ++conversations_;
    say("the conversation is forgotten");
  } else if (line == "/help") {
    put(kHelp);
  } else if (line == "/history") {
    history();
  } else if (line.starts_with("/system ")) {
    std::string text = line.substr(8);
    if (const auto set = conversation_.set_system(text); !set) {
      refuse(set.error().message);
    } else {
      system_ = std::move(text);
    }
  } else {
    refuse(fmt::format("no command is {}; /reset, /system TEXT, /history, /help or /exit is expected", line));
  }
  std::fflush(out_);
  return Next::GoOn;
}

void Chat::history() {
  for (const auto& message : conversation_.messages())
    put(fmt::format("{}: {}\n", harmless(message.role), harmless(message.content)));
  if (conversation_.messages().empty()) say("nothing was said");
}

void Chat::greet() {
  say(fmt::format("{} on {}. {}", report_.placement.model().name, report_.placement.chip().name,
                  conversation_.has_template() ? "Ask something, and press Enter."
                                               : "It continues your text: try \"Once upon a time\"."));
  say("/help shows the commands; Ctrl-C ends an answer, Ctrl-D leaves.");
}

void Chat::show(std::string_view text) {
  put(wrap_.take(harmless(text)));
  std::fflush(out_);
  if (!text.empty()) line_open_ = text.back() != '\n';
}

void Chat::show_rest() {
  put(wrap_.rest());
  std::fflush(out_);
}

void Chat::say(std::string_view sentence) {
  show_rest();
  auto line = columns_ ? report::wrapped(std::string(sentence), *columns_) : std::string(sentence) + "\n";
  put((line_open_ ? "\n" : "") + line);
  line_open_ = false;
  std::fflush(out_);
}

base::Result<std::optional<int>> Chat::answer(const std::string& text) {
  columns_ = terminal_columns(::fileno(out_));  // it may have another size by now
  wrap_ = WordWrap(columns_);
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    stop = answer_.emplace().get_token();
    if (session_.stop().stop_requested()) answer_->request_stop();
  }
  auto turn = compute(text, stop);
  if (turn && pace_ == Pace::Chip && !turn->mismatch) conversation_.cut(*turn, replay(*turn, stop));
  {
    const std::lock_guard lock(mutex_);
    answer_.reset();
  }
  if (!turn) {
    refuse(turn.error().message);
    return std::optional<int>();
  }
  if (turn->finish == chip::Finish::Refused) {
    refuse(
        fmt::format("the turn has {} tokens and {} are in the KV cache of chip {}, which holds {}; /reset begins anew",
                    turn->prompt.size(), turn->cached_prefix, report_.placement.chip().name,
                    report_.placement.kv().capacity_tokens));
    return std::optional<int>();
  }
  if (turn->mismatch) {
    say("");
    complain(*turn->mismatch);
    return std::optional(kCheckFailed);
  }
  if (turn->answer.empty()) {
    say("[interrupted before the first answer token: the turn does not count]");
    return std::optional<int>();
  }
  if (const auto recorded = record(*std::move(turn)); !recorded) return recorded.error();
  return std::optional<int>();
}

base::Result<host::Turn> Chat::compute(const std::string& text, std::stop_token stop) {
  const auto progress = session_.progress();
  bool silent = false;  // once there is text, nothing else is written into its line
  const auto be_silent = [&] {
    if (!std::exchange(silent, true)) progress("done", 1, 1);
  };
  host::Listener listener;
  listener.stop = std::move(stop);
  if (pace_ == Pace::Host) {
    listener.on_text = [&](std::string_view piece) {
      be_silent();
      show(piece);
    };
    listener.on_progress = [&](std::uint64_t done, std::uint64_t prompt, std::uint64_t) {
      if (!silent && done < prompt) progress("reading the prompt", done, prompt);
    };
  } else {
    listener.on_progress = [&](std::uint64_t done, std::uint64_t, std::uint64_t most) {
      progress("computing the answer", done, most);
    };
  }
  auto turn = conversation_.say(text, listener);
  be_silent();
  if (pace_ == Pace::Host) show_rest();
  return turn;
}

std::size_t Chat::replay(const host::Turn& turn, const std::stop_token& stop) {
  const bool at_once = stop.stop_requested();  // while it was computed: the part so far is shown
  const auto start = std::chrono::steady_clock::now();
  const double us_per_cycle = 1.0 / report_.placement.chip().clock_mhz;
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  for (std::size_t i = 0; i < turn.answer.size(); ++i) {
    const std::chrono::duration<double, std::micro> at(static_cast<double>(turn.commits[i].count()) * us_per_cycle);
    const auto until = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(at);
    stopped.wait_until(lock, stop, until, [] { return false; });
    if (stop.stop_requested() && !at_once) return i;
    show(turn.pieces[i]);
  }
  return turn.answer.size();
}

base::Status Chat::record(host::Turn turn) {
  auto beside = chat_.beside_gpu(std::move(turn));
  if (!beside) return beside.error();
  study::ChatTurn& entry = *beside;
  entry.conversation = conversations_;
  entry.system = system_;
  const auto& model = report_.placement.model();
  say(report::chat_line(report_.placement, entry));
  if (!noted_ && !entry.baseline.note.empty()) say(fmt::format("[{}: {}]", entry.baseline.gpu, entry.baseline.note));
  noted_ = true;
  if (entry.turn.finish == chip::Finish::KvFull) {
    say(fmt::format("[the KV cache of chip {} is full at {} tokens: /reset begins anew]", report_.placement.chip().name,
                    report_.placement.kv().capacity_tokens));
  }
  if (!warned_ && entry.turn.context_tokens() > model.max_context) {
    Session::warn(
        fmt::format("the conversation has more than the {} tokens that {} declares", model.max_context, model.name));
    warned_ = true;
  }
  report_.turns.push_back(std::move(entry));
  return {};
}

}  // namespace kiln::cli
