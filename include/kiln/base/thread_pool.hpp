// Worker threads for loops whose iterations are independent. The result of a loop never depends on the number of
// threads; only its wall time does. With one thread everything runs in the caller and no thread is started.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace kiln::base {

class ThreadPool {
 public:
  /// `threads` counts the caller; 0 means one per core.
  explicit ThreadPool(std::size_t threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] std::size_t threads() const;

  /// Calls body(i) for each i in [0, count), in any order, and returns when all are done. The first exception thrown
  /// by a body is thrown again here, after the others have ended. Must not be called from inside a body.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

  /// Calls body(begin, end) on contiguous parts of [0, count), about one part a thread.
  void parallel_ranges(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kiln::base
