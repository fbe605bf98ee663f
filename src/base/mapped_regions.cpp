#include "base/mapped_regions.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>

#include "base/text.hpp"

namespace kiln::base {
namespace {

constexpr std::size_t kMostRegions = 4096;

std::array<std::atomic<const MappedRegion*>, kMostRegions> regions;
std::atomic<int> exit_status{0};

/// Only what a signal handler may do.
void on_bus_error(int signal, siginfo_t* info, void*) {
  for (const auto& place : regions) {
    const MappedRegion* region = place.load();
    if (region == nullptr || !region->holds(info->si_addr)) continue;
    const auto& sentence = region->sentence();
    std::signal(SIGPIPE, SIG_IGN);  // nobody may be reading
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, sentence.data(), sentence.size());
    ::_exit(exit_status);
  }
  // Not a file's: the access is repeated, and ends the process as it would have without Kiln.
  std::signal(signal, SIG_DFL);
}

}  // namespace

MappedRegion::MappedRegion(std::span<const std::byte> bytes, const std::string& path)
    : bytes_(bytes),
      sentence_(fmt::format("kiln: error: cannot read {}: it became shorter while it was in use, or its disk failed\n",
                            without_controls(path))) {
  for (auto& place : regions) {
    const MappedRegion* none = nullptr;
    if (place.compare_exchange_strong(none, this)) return;
  }
}

MappedRegion::~MappedRegion() {
  for (auto& place : regions) {
    const MappedRegion* self = this;
    if (place.compare_exchange_strong(self, nullptr)) return;
  }
}

bool MappedRegion::holds(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  return std::less_equal<>()(bytes_.data(), byte) && std::less<>()(byte, bytes_.data() + bytes_.size());
}

void end_on_lost_pages(int status) {
  exit_status = status;
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace kiln::base
