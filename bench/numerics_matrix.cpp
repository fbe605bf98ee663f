// How fast the exact matrix product streams its weights, as a ratio to a plain read of the same memory in the same run,
// and how many multiply-accumulates a second a batch does. Usage: bench_numerics_matrix [MiB of codes, default 512]
// [threads, default 1]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "base/random.hpp"
#include "kiln/base/thread_pool.hpp"
#include "numerics/matrix.hpp"
#include "numerics/vector_ops.hpp"

namespace {

using namespace kiln;

/// Median over pieces of `pieces` of the seconds that body(piece) takes, the slowest of all threads; every thread walks
/// the pieces from another place. Pieces are short, so that other load on the host disturbs few of them.
double median_seconds(base::ThreadPool& pool, std::size_t pieces, const std::function<void(std::size_t)>& body) {
  std::vector<double> medians(pool.threads());
  pool.parallel_for(pool.threads(), [&](std::size_t thread) {
    std::vector<double> seconds;
    for (std::size_t i = 0; i < pieces; ++i) {
      const auto start = std::chrono::steady_clock::now();
      body((i + thread * pieces / medians.size()) % pieces);
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(pieces / 2), seconds.end());
    medians[thread] = seconds[pieces / 2];
  });
  return *std::max_element(medians.begin(), medians.end());
}

/// Eight independent sums: as fast as this core reads.
std::uint64_t plain_read(const std::byte* data, std::size_t size) {
  typedef std::uint64_t Vector __attribute__((vector_size(32)));
  const auto* p = reinterpret_cast<const Vector*>(data);
  Vector sums[8] = {};
  for (std::size_t i = 0; i + 8 <= size / sizeof(Vector); i += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += p[i + k];
  }
  std::uint64_t total = 0;
  for (const Vector& v : sums) total += v[0] + v[1] + v[2] + v[3];
  return total;
}

/// One line about a matrix of codes of `bits` bits.
void measure(int bits, const std::vector<std::byte>& memory, base::ThreadPool& pool, numerics::Simd simd,
             base::Random& random) {
  constexpr std::uint32_t kColumns = 4096;
  const std::size_t panel_bytes = numerics::packed_code_bytes(16, kColumns, bits);
  const std::size_t panels = memory.size() / panel_bytes;
  numerics::MatrixView matrix;
  matrix.rows = static_cast<std::uint32_t>(panels * 16);
  matrix.columns = kColumns;
  matrix.bits = bits;
  std::vector<std::int8_t> codebook(std::size_t{1} << bits);
  for (std::size_t i = 0; i < codebook.size(); ++i) codebook[i] = static_cast<std::int8_t>(random.below(255) - 127);
  std::vector<std::uint8_t> scales(numerics::scale_count(matrix.rows, kColumns), 77);
  std::vector<float> row_scales(matrix.rows, 0.01F);
  matrix.codebook = codebook;
  matrix.codes = std::span(memory).first(panels * panel_bytes);
  matrix.scales = scales;
  matrix.row_scales = row_scales;
  std::vector<float> activations(kColumns);
  for (float& a : activations) a = static_cast<float>(random.unit() - 0.5);
  std::vector<numerics::QuantisedVector> x(64);
  for (auto& v : x) numerics::quantise(activations, 64, v);
  std::vector<std::vector<float>> y(x.size(), std::vector<float>(matrix.rows));
  std::vector<std::span<float>> spans(y.begin(), y.end());

  const std::size_t piece_panels = std::max<std::size_t>(1, (std::size_t{2} << 20) / panel_bytes);
  const std::size_t pieces = panels / piece_panels;
  std::atomic<std::uint64_t> sink = 0;
  const double read = median_seconds(pool, pieces, [&](std::size_t i) {
    sink += plain_read(matrix.codes.data() + i * piece_panels * panel_bytes, piece_panels * panel_bytes);
  });
  const double one = median_seconds(pool, pieces, [&](std::size_t i) {
    numerics::multiply(matrix, x[0], i * piece_panels, (i + 1) * piece_panels, y[0], simd);
  });
  const auto batch = [&](std::size_t count) {
    const numerics::PreparedBatch vectors(std::span<const numerics::QuantisedVector>(x).first(count), simd);
    const std::size_t several = std::max<std::size_t>(1, pieces * 2 / count);
    return median_seconds(pool, several, [&](std::size_t i) {
      numerics::multiply(matrix, vectors, i * piece_panels, (i + 1) * piece_panels, std::span(spans).first(count));
    });
  };
  const auto threads = static_cast<double>(pool.threads());
  const double bytes = static_cast<double>(piece_panels * panel_bytes) * threads;
  const double weights = static_cast<double>(piece_panels * 16 * kColumns) * threads;
  std::printf("%d bits: read %.1f GB/s, multiply %.1f GB/s of codes = %.0f %% of the read; GMAC/s 1: %.0f,", bits,
              bytes / read * 1e-9, bytes / one * 1e-9, 100 * read / one, weights / one * 1e-9);
  for (const std::size_t count : {2, 8, 64})
    std::printf(" %zu: %.0f,", count, static_cast<double>(count) * weights / batch(count) * 1e-9);
  std::printf(" (check %d)\n", static_cast<int>(sink & 1));
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t mebibytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 512;
  base::ThreadPool pool(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  const numerics::Simd simd = numerics::best_simd();
  std::printf("simd %d, threads %zu, %zu MiB of codes\n", static_cast<int>(simd), pool.threads(), mebibytes);
  base::Random random(1);
  std::vector<std::byte> memory(mebibytes << 20);
  for (std::size_t i = 0; i + 8 <= memory.size(); i += 8) {
    const std::uint64_t x = random.next();
    std::copy_n(reinterpret_cast<const std::byte*>(&x), 8, memory.data() + i);
  }
  for (const int bits : {2, 3, 4, 6, 8}) measure(bits, memory, pool, simd, random);
  return 0;
}
