#include "reference/blas.hpp"

#include <cblas.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>

namespace kiln::reference {
namespace {

constexpr std::size_t kMostCallers = 64;                    // at a time; distributions build it for as many
constexpr std::size_t kWorkspace = std::size_t{129} << 20;  // bytes of addresses that a caller takes, at most

/// OpenBLAS starts a thread for each processor that the thread which loads it may use; in here that is one.
class OneProcessor {
 public:
  OneProcessor() {
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    std::size_t first = 0;
    while (first + 1 < CPU_SETSIZE && !CPU_ISSET(first, &before_)) ++first;
    cpu_set_t one = {};
    CPU_SET(first, &one);
    changed_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;
  ~OneProcessor() {
    if (changed_) ::sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  cpu_set_t before_ = {};
  bool changed_ = false;
};

template <class Function>
Function symbol(void* handle, const char* name) {
  return reinterpret_cast<Function>(::dlsym(handle, name));
}

bool has_addresses(std::size_t bytes) {
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return false;
  ::munmap(at, bytes);
  return true;
}

}  // namespace

struct Blas::Library {
  void* handle = nullptr;
  decltype(&cblas_sgemm) sgemm = nullptr;
  std::size_t most_callers = 1;
  std::size_t callers = 0;             // that have memory
  std::counting_semaphore<> turns{0};  // as many

  base::Status open(const std::string& name) {
    {
      const OneProcessor no_threads;
      handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    }
    const char* const why = handle == nullptr ? ::dlerror() : nullptr;
    sgemm = handle == nullptr ? nullptr : symbol<decltype(sgemm)>(handle, "cblas_sgemm");
    const auto threads = handle == nullptr ? nullptr : symbol<void (*)(int)>(handle, "openblas_set_num_threads");
    const auto parallel = handle == nullptr ? nullptr : symbol<int (*)()>(handle, "openblas_get_parallel");
    if (sgemm == nullptr || threads == nullptr || parallel == nullptr) {
      return base::Error{fmt::format(
          "the fp32 reference multiplies by OpenBLAS, which cannot be loaded: {} (Debian and Ubuntu have it "
          "as libopenblas0-pthread)",
          why != nullptr ? why : name + ": it is another library")};
    }
    threads(1);
    // A library built without threads has no locks either.
    most_callers = parallel() == 0 ? 1 : kMostCallers;
    return {};
  }

  /// Takes each caller's memory now and lets the library keep it: where there is none, a product would ask for it again
  /// and again.
  void reserve(std::size_t wanted) {
    const auto take = symbol<void* (*)(int)>(handle, "blas_memory_alloc");
    const auto give = symbol<void (*)(void*)>(handle, "blas_memory_free");
    wanted = std::min(wanted, most_callers);
    std::array<void*, kMostCallers> taken = {};
    for (std::size_t i = 0; i < wanted && (i < callers || has_addresses(kWorkspace)); ++i) {
      if (take != nullptr && give != nullptr) taken[i] = take(0);
      if (i < callers) continue;
      ++callers;
      turns.release();
    }
    for (void* memory : taken)
      if (memory != nullptr) give(memory);
  }

  void multiply(CBLAS_TRANSPOSE transpose, std::size_t m, std::size_t n, std::size_t k, float scale,
                Rows<const float> a, Rows<const float> b, Rows<float> out) {
    const auto size = [](std::size_t value) { return static_cast<int>(value); };
    turns.acquire();
    sgemm(CblasRowMajor, CblasNoTrans, transpose, size(m), size(n), size(k), scale, a.values, size(a.stride), b.values,
          size(b.stride), 0.0F, out.values, size(out.stride));
    turns.release();
  }
};

base::Result<Blas> Blas::load(std::size_t callers, const std::string& library) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Library>> loaded;
  const std::lock_guard lock(mutex);
  auto& place = loaded[library];
  if (!place) {
    auto opened = std::make_unique<Library>();
    if (const auto status = opened->open(library); !status) return status.error();
    place = std::move(opened);
  }
  place->reserve(callers);
  if (place->callers == 0) {
    return base::Error{fmt::format(
        "{} needs {} bytes of memory to multiply for the fp32 reference, and there are fewer", library, kWorkspace)};
  }
  return Blas(*place);
}

void Blas::times_transposed(std::size_t m, std::size_t n, std::size_t k, float scale, Rows<const float> a,
                            Rows<const float> b, Rows<float> out) const {
  library_->multiply(CblasTrans, m, n, k, scale, a, b, out);
}

void Blas::times(std::size_t m, std::size_t n, std::size_t k, Rows<const float> a, Rows<const float> b,
                 Rows<float> out) const {
  library_->multiply(CblasNoTrans, m, n, k, 1.0F, a, b, out);
}

}  // namespace kiln::reference
