// A `kiln` of which every command but `check` takes a fifth more processor time than Kiln's own: what scripts/gate-pace
// plants to be found. It burns a fifth of what it used itself, so the ratio is 1.2 by construction, of processes that a
// command starts too: they are this program again. KILN_SLOWED says another share.
#include <sys/resource.h>

#include <cstdlib>
#include <string_view>

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
  const int status = kiln::cli::run(argc, argv);
  if (argc > 1 && std::string_view(argv[1]) == "check") return status;
  const char* share = std::getenv("KILN_SLOWED");
  const double until = processor_s() * (1 + (share == nullptr ? 0.2 : std::strtod(share, nullptr)));
  while (processor_s() < until) {
  }
  return status;
}
