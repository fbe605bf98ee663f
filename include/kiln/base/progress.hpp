// How long work reports its progress and learns that it should stop. The library never prints; the command line does.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

namespace kiln::base {

struct Progress {
  /// Called now and then with what is being done and how far it is; may be empty.
  std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)> report;
  /// Long loops look at it several times a second and return Error{"interrupted"} when a stop is asked for.
  std::stop_token stop;

  void operator()(std::string_view what, std::uint64_t done, std::uint64_t total) const {
    if (report) report(what, done, total);
  }
  [[nodiscard]] bool stopped() const { return stop.stop_requested(); }
};

}  // namespace kiln::base
