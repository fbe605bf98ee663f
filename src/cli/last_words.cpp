#include "cli/last_words.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "cli/session.hpp"

namespace kiln::cli {
namespace {

/// Without memory of its own, and whether or not somebody reads it.
void say(const char* words) { [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words, std::strlen(words)); }

/// What a file's name may be part of: on one line, and without what a terminal obeys.
void say_plainly(const char* words) {
  char line[1024];
  std::size_t size = 0;
  for (; size < sizeof line - 1 && words[size] != '\0'; ++size) {
    const auto byte = static_cast<unsigned char>(words[size]);
    line[size] = byte < ' ' || byte >= 0x7f ? '?' : words[size];
  }
  line[size] = '\0';
  say(line);
}

[[noreturn]] void last_words() {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    if (const auto failure = std::current_exception()) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    say("kiln: error: not enough memory\n");
    ::_exit(kBadInput);
  } catch (const std::system_error& e) {
    say("kiln: error: the system refuses what this command needs: ");
    say_plainly(e.what());
    say("\n");
    ::_exit(kBadInput);
  } catch (const std::exception& e) {
    say("kiln: error: ");
    say_plainly(e.what());
    say("\n");
  }
  std::abort();
}

}  // namespace

void install_last_words() { std::set_terminate(last_words); }

}  // namespace kiln::cli
