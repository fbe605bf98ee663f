// How fast the exact matrix product streams its weights, as a ratio to a plain read of the same memory in the same run,
// and how many multiply-accumulates a second a batch does. Usage: bench_numerics_matrix [MiB of codes, default 512]
// [threads, default 1]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "kiln/base/random.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/numerics/matrix.hpp"
#include "kiln/numerics/vector_ops.hpp"

namespace {

using namespace kiln;

double best_seconds(int repeats, const std::function<void()>& body) {
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
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
  for (const int bits : {2, 3, 4, 6, 8}) {
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
    std::vector<numerics::QuantisedVector> x(8);
    for (auto& v : x) numerics::quantise(activations, 64, v);
    std::vector<std::vector<float>> y(x.size(), std::vector<float>(matrix.rows));
    std::vector<std::span<float>> spans(y.begin(), y.end());

    std::vector<std::uint64_t> sink(pool.threads() + 1);
    double read = 1e30, one = 1e30, eight = 1e30;
    for (int round = 0; round < 4; ++round) {  // alternating, so that a busy host hits all alike
      read = std::min(read, best_seconds(1, [&] {
                        pool.parallel_ranges(panels, [&](std::size_t a, std::size_t b) {
                          sink[a * sink.size() / (panels + 1)] +=
                              plain_read(matrix.codes.data() + a * panel_bytes, (b - a) * panel_bytes);
                        });
                      }));
      one = std::min(one, best_seconds(1, [&] {
                       pool.parallel_ranges(panels, [&](std::size_t a, std::size_t b) {
                         numerics::multiply(matrix, x[0], a, b, y[0], simd);
                       });
                     }));
      eight = std::min(eight, best_seconds(1, [&] {
                         pool.parallel_ranges(panels, [&](std::size_t a, std::size_t b) {
                           numerics::multiply_batch(matrix, x, a, b, spans, simd);
                         });
                       }));
    }
    const double bytes = static_cast<double>(matrix.codes.size());
    const double weights = static_cast<double>(matrix.rows) * kColumns;
    std::printf(
        "%d bits: read %.1f GB/s, multiply %.1f GB/s of codes = %.0f %% of the read; batch 1 %.0f GMAC/s, batch 8 %.0f "
        "GMAC/s (check %llu)\n",
        bits, bytes / read * 1e-9, bytes / one * 1e-9, 100 * read / one, weights / one * 1e-9,
        8 * weights / eight * 1e-9, static_cast<unsigned long long>(sink[0] & 1));
  }
  return 0;
}
