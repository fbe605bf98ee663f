#include "kiln/study/inputs/environment.hpp"

#include <sys/resource.h>

#include "kiln/study/inputs/host_figures.hpp"
#include "numerics/matrix.hpp"

namespace kiln::study {
namespace {

std::string simd_name(numerics::Simd simd) {
  switch (simd) {
    case numerics::Simd::Avx512:
      return "avx512";
    case numerics::Simd::Avx2:
      return "avx2";
    case numerics::Simd::Scalar:
      break;
  }
  return "scalar";
}

}  // namespace

base::ThreadPool& Environment::pool() {
  if (!pool_) pool_.emplace(wanted_threads_);
  return *pool_;
}

HostFigures host_figures(const Environment& environment, HostClock::time_point started) {
  HostFigures figures;
  figures.wall_s = std::chrono::duration<double>(HostClock::now() - started).count();
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  figures.peak_memory_mib = static_cast<double>(usage.ru_maxrss) / 1024.0;
  figures.threads = environment.threads();
  figures.simd = simd_name(numerics::best_simd());
  return figures;
}

}  // namespace kiln::study
