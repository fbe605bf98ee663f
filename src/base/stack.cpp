#include "base/stack.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace kiln::base {
namespace {

constexpr std::size_t kOfThreads = std::size_t{8} << 20;

/// glibc takes the soft limit at the program's start as the size of every thread's stack.
void raise_those_of_threads() {
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  std::size_t size = 0;
  if (pthread_attr_getstacksize(&attributes, &size) == 0 && size < kOfThreads / 4 &&
      pthread_attr_setstacksize(&attributes, kOfThreads) == 0)
    pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

}  // namespace

std::uint64_t raise_stack_limit(std::uint64_t bytes) {
  raise_those_of_threads();
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return std::numeric_limits<std::uint64_t>::max();
  if (limit.rlim_cur >= bytes) return limit.rlim_cur;
  // The main thread's stack grows up to the soft limit of the moment.
  rlimit raised = limit;
  raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, bytes);
  return setrlimit(RLIMIT_STACK, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace kiln::base
