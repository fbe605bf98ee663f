#include "cli/line_editor.hpp"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdint>

#include "base/utf8.hpp"
#include "kiln/base/result.hpp"

namespace kiln::cli {
namespace {

constexpr int kHistoryLines = 1000;
constexpr wchar_t kReplacement = 0xFFFD;
constexpr char kEndOfInput[] = "\x04";  // Ctrl-D

}  // namespace

struct LineEditor::State {
  int file = -1, waker = -1;
  const char* prompt = "";
  bool woken = false;
  EditLine* editor = nullptr;
  History* history = nullptr;

  /// 1, 0 at the end of the input, -1 where it is broken off.
  int read_byte(unsigned char& byte) {
    while (true) {
      std::array<pollfd, 2> waiting = {pollfd{waker, POLLIN, 0}, pollfd{file, POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0) {
        if (errno == EINTR) continue;
        return -1;
      }
      if (waiting[0].revents != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto drained = ::read(waker, &count, sizeof count);
        woken = true;
        return -1;
      }
      const auto count = ::read(file, &byte, 1);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      return count > 0 ? 1 : 0;  // EIO: the terminal is gone
    }
  }

  int read_character(wchar_t& character) {
    std::string bytes;
    do {
      unsigned char byte = 0;
      if (const int got = read_byte(byte); got != 1) return got;
      bytes += static_cast<char>(byte);
    } while (base::begins_character(bytes));
    // Typed before the line began, while the terminal collected lines: there the end of the input is kept as a zero.
    if (bytes == std::string(1, '\0')) bytes = kEndOfInput;
    const bool whole = base::character_at_start(bytes) == bytes.size();
    character = whole ? static_cast<wchar_t>(base::first_code_point(bytes)) : kReplacement;
    return 1;
  }

  static State& of(EditLine* editor) {
    void* state = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &state);
    return *static_cast<State*>(state);
  }
  static int on_read(EditLine* editor, wchar_t* character) { return of(editor).read_character(*character); }
  static char* on_prompt(EditLine* editor) { return const_cast<char*>(of(editor).prompt); }
};

LineEditor::LineEditor(int file, int waker, std::FILE* out) : state_(std::make_unique<State>()) {
  std::setlocale(LC_CTYPE, "C.UTF-8");  // widths of characters; what is typed is UTF-8 whatever the locale is
  state_->file = file;
  state_->waker = waker;
  state_->editor = ::el_init_fd("kiln", stdin, out, stderr, file, ::fileno(out), STDERR_FILENO);
  state_->history = ::history_init();
  base::check(state_->editor != nullptr && state_->history != nullptr, "a line editor can be made");
  HistEvent event;
  ::history(state_->history, &event, H_SETSIZE, kHistoryLines);
  ::history(state_->history, &event, H_SETUNIQUE, 1);
  ::el_set(state_->editor, EL_CLIENTDATA, static_cast<void*>(state_.get()));
  ::el_set(state_->editor, EL_EDITOR, "emacs");
  ::el_set(state_->editor, EL_PROMPT, &State::on_prompt);
  ::el_set(state_->editor, EL_GETCFN, &State::on_read);
  ::el_set(state_->editor, EL_HIST, ::history, state_->history);
  ::el_source(state_->editor, nullptr);  // ~/.editrc, as every program with this library
}

LineEditor::~LineEditor() {
  ::el_end(state_->editor);
  ::history_end(state_->history);
}

std::pair<LineEditor::Kind, std::string> LineEditor::next(const char* prompt) {
  state_->prompt = prompt;
  state_->woken = false;
  ::el_resize(state_->editor);
  // el_gets() shows the prompt first: what is typed at once would be echoed and held back by the terminal.
  ::el_set(state_->editor, EL_PREP_TERM, 1);
  int length = 0;
  const char* text = ::el_gets(state_->editor, &length);
  if (state_->woken) return {Kind::Woken, {}};
  if (text == nullptr || length <= 0) return {Kind::End, {}};
  std::string line(text, static_cast<std::size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  HistEvent event;
  if (!line.empty()) ::history(state_->history, &event, H_ENTER, line.c_str());
  return {Kind::Line, line};
}

}  // namespace kiln::cli
