#include "study/bench_reads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "bake/codebook.hpp"
#include "base/random.hpp"
#include "numerics/vector_ops.hpp"

namespace kiln::study {
namespace {

/// Threads that are done early take what is left.
std::size_t piece_of(std::size_t bytes, const base::ThreadPool& pool) {
  return std::clamp<std::size_t>(bytes / (4 * pool.threads()), std::size_t{1} << 16, std::size_t{1} << 20);
}
/// Of the passes of a plain read in a round, three at least; the fastest counts, since it is a bound.
constexpr std::uint64_t kPassBytes = std::uint64_t{512} << 20;
constexpr std::uint32_t kKernelColumns = 4096;

/// Four vectors of independent sums: as fast as a core reads.
std::uint64_t sum_of_words(std::span<const std::byte> bytes) {
  typedef std::uint64_t Words __attribute__((vector_size(32)));
  Words sums[4] = {};
  std::size_t at = 0;
  for (; at + sizeof sums <= bytes.size(); at += sizeof sums) {
    for (std::size_t k = 0; k < 4; ++k) {
      Words words;
      std::memcpy(&words, bytes.data() + at + k * sizeof words, sizeof words);
      sums[k] += words;
    }
  }
  std::uint64_t total = 0;
  for (const Words& sum : sums) total += sum[0] + sum[1] + sum[2] + sum[3];
  for (; at + sizeof total <= bytes.size(); at += sizeof total) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    total += word;
  }
  return total;
}

/// What all kernels multiply: codes of any width, since every bit pattern is one.
struct KernelMemory {
  /// Lines of the cache, as a mapped image has them: a load that lies in two of them takes twice as long.
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines;
  std::span<std::byte> codes;  ///< all of `lines`
  std::vector<std::uint8_t> scales;
  std::vector<float> row_scales, y;
  numerics::QuantisedVector x;
  std::array<std::vector<std::int8_t>, 9> codebooks;  ///< by bits
  std::size_t window, next = 0;                       ///< bytes, and where the next one begins

  explicit KernelMemory(const KernelSizes& sizes)
      : lines((sizes.mib << 20) / sizeof(Line)),
        codes(std::as_writable_bytes(std::span(lines))),
        window(std::min(sizes.mib << 19, sizes.window_mib << 20)) {
    base::Random random(1);
    for (std::size_t at = 0; at + 8 <= codes.size(); at += 8) {
      const std::uint64_t word = random.next();
      std::memcpy(codes.data() + at, &word, sizeof word);
    }
    const std::size_t most_rows = panels_in(codes.size(), 2) * numerics::kPanelRows;
    scales.assign(numerics::scale_count(most_rows, kKernelColumns), 77);
    row_scales.assign(most_rows, 0.01F);
    y.resize(most_rows);
    std::vector<float> activations(kKernelColumns);
    for (float& a : activations) a = static_cast<float>(random.unit() - 0.5);
    numerics::quantise(activations, numerics::kGroup, x);
    for (const int bits : kKernelBits) {
      auto& book = codebooks[static_cast<std::size_t>(bits)];
      book = bake::uniform_codebook(bits).stored();  // at 8 bits all images have it; below, any is looked up alike
    }
  }
  [[nodiscard]] static std::size_t panels_in(std::size_t bytes, int bits) {
    return bytes / numerics::packed_code_bytes(numerics::kPanelRows, kKernelColumns, bits);
  }
  /// The whole panels in the next window.
  [[nodiscard]] numerics::MatrixView take(int bits) {
    if (next + window > codes.size()) next = 0;
    const std::size_t first = panels_in(next, bits) * numerics::kPanelRows;
    const std::size_t rows = panels_in(window, bits) * numerics::kPanelRows;
    next += window;
    numerics::MatrixView view;
    view.rows = static_cast<std::uint32_t>(rows);
    view.columns = kKernelColumns;
    view.bits = bits;
    view.codebook = codebooks[static_cast<std::size_t>(bits)];
    view.codes = codes.subspan(numerics::packed_code_bytes(first, kKernelColumns, bits),
                               numerics::packed_code_bytes(rows, kKernelColumns, bits));
    view.scales = std::span(scales).subspan(numerics::scale_count(first, kKernelColumns),
                                            numerics::scale_count(rows, kKernelColumns));
    view.row_scales = std::span(row_scales).subspan(first, rows);
    return view;
  }

  static constexpr int kKernelBits[] = {2, 3, 4, 6, 8};
};

numerics::Simd simd_of(const std::string& width) {
  if (width == "avx512") return numerics::Simd::Avx512;
  return width == "avx2" ? numerics::Simd::Avx2 : numerics::Simd::Scalar;
}

BenchLane kernel_lane(const std::shared_ptr<KernelMemory>& memory, int bits, const std::string& width,
                      base::ThreadPool& pool) {
  BenchLane lane;
  lane.measurement.name = "kernel";
  lane.measurement.what = fmt::format("{} bits, {}: one vector", bits, width);
  lane.measurement.bits = bits;
  lane.measurement.simd = width;
  lane.measurement.bound = "read_memory";
  lane.once = [memory, bits, simd = simd_of(width), &pool](BenchMeasurement& measurement) {
    const auto matrix = memory->take(bits);
    measurement.bytes =
        matrix.codes.size() + matrix.scales.size() + matrix.row_scales.size_bytes() + matrix.codebook.size();
    const std::size_t panels = matrix.panels();
    const std::size_t step =
        std::max<std::size_t>(1, piece_of(matrix.codes.size(), pool) * panels / matrix.codes.size());
    const std::span<float> y = std::span(memory->y).first(matrix.rows);
    return seconds_of([&]() -> base::Status {
      pool.parallel_for(base::ceil_div(panels, step), [&](std::size_t piece) {
        numerics::multiply(matrix, memory->x, piece * step, std::min(panels, (piece + 1) * step), y, simd);
      });
      return {};
    });
  };
  return lane;
}

}  // namespace

std::uint64_t plain_read(std::span<const std::byte> bytes, base::ThreadPool& pool) {
  std::atomic<std::uint64_t> total = 0;
  const std::size_t size = piece_of(bytes.size(), pool) / 64 * 64;
  pool.parallel_for(base::ceil_div(bytes.size(), size), [&](std::size_t piece) {
    const auto rest = bytes.subspan(piece * size);
    total += sum_of_words(rest.first(std::min(rest.size(), size)));
  });
  return total;
}

BenchLane read_lane(std::string name, std::string what, std::span<const std::byte> bytes, base::ThreadPool& pool) {
  BenchLane lane;
  lane.measurement.name = std::move(name);
  lane.measurement.what = std::move(what);
  lane.once = [bytes, &pool,
               sum = std::optional<std::uint64_t>()](BenchMeasurement& measurement) mutable -> base::Result<double> {
    measurement.bytes = bytes.size();
    const std::uint64_t passes = std::clamp<std::uint64_t>(kPassBytes / (bytes.size() + 1), 3, 64);
    double fastest = std::numeric_limits<double>::infinity();
    for (std::uint64_t pass = 0; pass < passes; ++pass) {
      const auto took = seconds_of([&]() -> base::Status {
        const auto now = plain_read(bytes, pool);
        if (sum && *sum != now) return base::Error{"what is read plainly has changed meanwhile"};
        sum = now;
        return {};
      });
      if (!took) return took;
      fastest = std::min(fastest, *took);
    }
    return fastest;
  };
  return lane;
}

std::vector<BenchLane> kernel_lanes(const KernelSizes& sizes, const std::vector<std::string>& widths,
                                    base::ThreadPool& pool) {
  const auto memory = std::make_shared<KernelMemory>(sizes);
  std::vector<BenchLane> lanes;
  lanes.push_back(read_lane("read_memory", fmt::format("plain read of {} MiB", sizes.mib), memory->codes, pool));
  for (const int bits : KernelMemory::kKernelBits)
    for (const auto& width : widths) lanes.push_back(kernel_lane(memory, bits, width, pool));
  return lanes;
}

base::Status fits_memory(const KernelSizes& sizes, std::uint64_t memory_bytes) {
  const std::uint64_t memory_mib = memory_bytes >> 20;
  if (memory_mib == 0 || sizes.mib <= memory_mib / 2) return {};
  return base::Error{fmt::format("--kernel-mib is {}; at most half of this machine's memory of {} MiB is expected",
                                 sizes.mib, memory_mib)};
}

}  // namespace kiln::study
