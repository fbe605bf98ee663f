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

[[noreturn]] void last_words() {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    if (const auto failure = std::current_exception()) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    say("kiln: error: not enough memory\n");
    ::_exit(kBadInput);
  } catch (const std::system_error& e) {
    say("kiln: error: the system refuses what this command needs: ");
    say(e.what());
    say("\n");
    ::_exit(kBadInput);
  } catch (const std::exception& e) {
    say("kiln: error: ");
    say(e.what());
    say("\n");
  }
  std::abort();
}

}  // namespace

void install_last_words() { std::set_terminate(last_words); }

}  // namespace kiln::cli
