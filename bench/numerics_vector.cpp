// What the vector unit's and the attention unit's arithmetic costs the host: nanoseconds an element, and attention
// against its scalar definition in the same run. Usage: bench_numerics_vector [tokens in the KV cache, default 2048]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "base/random.hpp"
#include "numerics/vector_ops.hpp"

namespace {

using namespace kiln;

double median_ns(int repeats, const std::function<void()>& body) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2] * 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t tokens = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048;
  base::Random random(1);
  const auto vector = [&](std::size_t size) {
    std::vector<float> x(size);
    for (float& e : x) e = static_cast<float>(random.unit() * 4 - 2);
    return x;
  };
  constexpr std::size_t kWidth = 14336;
  const std::vector<float> x = vector(kWidth);
  const std::vector<float> y = vector(kWidth);
  std::vector<float> z(kWidth);
  numerics::QuantisedVector q;
  const auto line = [&](const char* name, const std::function<void()>& body) {
    std::printf("%-14s %6.2f ns an element\n", name, median_ns(200, body) / kWidth);
  };
  line("quantise", [&] { numerics::quantise(x, 64, q); });
  line("rms_norm", [&] { numerics::rms_norm(x, y, 1e-5F, z); });
  line("silu_multiply", [&] { numerics::silu_multiply(x, y, z); });
  line("add", [&] { numerics::add(z, y); });
  const std::vector<std::uint64_t> increments = numerics::rope_increments(128, 500000, {});
  line("rope", [&] {
    for (std::size_t i = 0; i < kWidth; i += 128) numerics::rope(std::span(z).subspan(i, 128), increments, 1000);
  });

  constexpr std::size_t kHeads = 32, kKvHeads = 8, kHeadDim = 128;
  numerics::KvStore kv(kKvHeads, kHeadDim, tokens);
  for (std::size_t t = 0; t < tokens; ++t) kv.append(vector(kKvHeads * kHeadDim), vector(kKvHeads * kHeadDim));
  const std::vector<float> query = vector(kHeads * kHeadDim);
  std::vector<float> out(query.size());
  const double fast = median_ns(20, [&] { numerics::attend(kv, query, kHeads, out); });
  const double scalar = median_ns(3, [&] { numerics::attend(kv, query, kHeads, out, numerics::Simd::Scalar); });
  std::printf(
      "attend, 32 heads of 128, 8 KV heads, %zu tokens: %.2f ms, %.1f ns a head and token, %.1f times the scalar "
      "path\n",
      tokens, fast * 1e-6, fast / static_cast<double>(kHeads * tokens), scalar / fast);
  return 0;
}
