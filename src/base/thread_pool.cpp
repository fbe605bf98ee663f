#include "kiln/base/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace kiln::base {
namespace {

// A token is some two hundred loops of a tenth of a millisecond and more, with a few microseconds between them: who sleeps
// there is woken too late. Longer pauses are slept through.
constexpr std::chrono::microseconds kAwake{50};

/// Whether `done` came true within kAwake. Yields meanwhile, since there may be more threads than cores.
template <class Done>
bool soon(const Done& done) {
  if (done()) return true;
  const auto end = std::chrono::steady_clock::now() + kAwake;
  do {
    for (int i = 0; i < 16; ++i) {
      std::this_thread::yield();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

struct ThreadPool::Impl {
  std::mutex mutex;  // held where what others sleep for is changed
  std::condition_variable wake;
  std::condition_variable finished;
  std::vector<std::thread> workers;
  const std::function<void(std::size_t)>* body = nullptr;
  std::size_t count = 0;
  alignas(64) std::atomic<std::size_t> next{0};
  alignas(64) std::atomic<std::size_t> busy{0};  // workers that have not ended the current loop
  std::atomic<std::uint64_t> generation{0};      // of the current loop
  std::atomic<bool> stopping{false};
  std::exception_ptr failure;

  void drain() {
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= count) return;
      try {
        (*body)(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (auto& worker : workers) worker.join();
  }

  void work() {
    std::uint64_t seen = 0;
    for (;;) {
      const auto called = [&] { return stopping || generation != seen; };
      if (!soon(called)) {
        std::unique_lock lock(mutex);
        wake.wait(lock, called);
      }
      if (stopping) return;
      seen = generation;
      drain();
      if (--busy > 0) continue;
      const std::lock_guard lock(mutex);
      finished.notify_one();
    }
  }
};

ThreadPool::ThreadPool(std::size_t threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  impl_->workers.reserve(threads);
  try {
    for (std::size_t i = 1; i < threads; ++i) impl_->workers.emplace_back([impl = impl_.get()] { impl->work(); });
  } catch (...) {  // the system has no more of them
    impl_->stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { impl_->stop(); }

std::size_t ThreadPool::threads() const { return impl_->workers.size() + 1; }

void ThreadPool::parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  if (impl_->workers.empty() || count < 2) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->body = &body;
    impl_->count = count;
    impl_->next = 0;
    impl_->busy = impl_->workers.size();
    impl_->failure = nullptr;
    ++impl_->generation;
  }
  impl_->wake.notify_all();
  impl_->drain();
  const auto ended = [&] { return impl_->busy == 0; };
  if (!soon(ended)) {
    std::unique_lock lock(impl_->mutex);
    impl_->finished.wait(lock, ended);
  }
  if (impl_->failure) std::rethrow_exception(impl_->failure);
}

void ThreadPool::parallel_ranges(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body) {
  const std::size_t parts = std::min(count, threads());
  parallel_for(parts, [&](std::size_t part) { body(count * part / parts, count * (part + 1) / parts); });
}

}  // namespace kiln::base
