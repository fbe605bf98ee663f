// A `kiln` of which every command but `check` takes a fifth more time than Kiln's own: what scripts/gate-pace plants to be
// found. It burns a fifth of the processor time that it used itself, so the ratio is 1.2 by construction, of processes that
// a command starts too: they are this program again. KILN_SLOWED says another share. With KILN_SLEEPS, a share too, it
// burns none: what the command took of wall time is followed by that share of sleep, once, not in its processes again.
// What happened before main, the loading of libraries, is a good part of a short command: it is known by its processor time.
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "cli/cli.hpp"

namespace {

double processor_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "check") return kiln::cli::run(argc, argv);
  const char* sleeps = std::getenv("KILN_SLEEPS");
  const double slept = sleeps == nullptr ? 0 : std::strtod(sleeps, nullptr);
  ::unsetenv("KILN_SLEEPS");
  if (slept > 0) ::setenv("KILN_SLOWED", "0", 1);
  const std::chrono::duration<double> loading(processor_s());
  const auto began = std::chrono::steady_clock::now();
  const int status = kiln::cli::run(argc, argv);
  std::this_thread::sleep_for(slept * (loading + (std::chrono::steady_clock::now() - began)));
  const char* share = std::getenv("KILN_SLOWED");
  const double until = processor_s() * (1 + (share == nullptr ? 0.2 : std::strtod(share, nullptr)));
  while (processor_s() < until) {
  }
  return status;
}
