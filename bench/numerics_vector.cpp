// What the vector unit's and the attention unit's arithmetic costs the host, by instruction set: nanoseconds an element
// of the scalar definition, and of the others with the ratio to it in the same run; then what one token of a model of
// Llama 3 8B's shape takes of one core, all layers together. Usage: bench_numerics_vector [tokens in the KV cache,
// default 2048]. KILN_SIMD leaves wider sets out.
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
using numerics::Simd;

constexpr Simd kPaths[] = {Simd::Scalar, Simd::Avx2, Simd::Avx512};
constexpr const char* kNames[] = {"scalar", "avx2", "avx512"};
constexpr std::size_t kHidden = 4096, kInner = 14336, kLayers = 32, kHeads = 32, kKvHeads = 8, kHeadDim = 128;
constexpr std::size_t kVocabulary = 128256;
constexpr std::size_t kQ = kHeads * kHeadDim, kKv = kKvHeads * kHeadDim;

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

/// A function's line, and its share of a token: `count` elements are measured, a token has `of_token` of them.
class Table {
 public:
  void line(const char* name, double count, double of_token, int repeats, const std::function<void(Simd)>& body) {
    std::printf("%-16s", name);
    double scalar = 0;
    for (std::size_t p = 0; p < std::size(kPaths) && kPaths[p] <= numerics::best_simd(); ++p) {
      const double ns = median_ns(p == 0 ? std::max(repeats / 4, 1) : repeats, [&] { body(kPaths[p]); }) / count;
      if (p == 0) scalar = ns;
      token_ns_[p] += ns * of_token;
      std::printf(p == 0 ? "  %8.2f" : "  %8.2f (%5.1f x)", ns, scalar / ns);
    }
    std::printf("\n");
  }
  void token(const char* what) {
    std::printf("%s:", what);
    for (std::size_t p = 0; p < std::size(kPaths) && kPaths[p] <= numerics::best_simd(); ++p) {
      std::printf("  %s %.2f ms", kNames[p], token_ns_[p] * 1e-6);
      token_ns_[p] = 0;
    }
    std::printf("\n");
  }

 private:
  double token_ns_[std::size(kPaths)] = {};
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t tokens = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2048;
  base::Random random(1);
  const auto vector = [&](std::size_t size) {
    std::vector<float> x(size);
    for (float& e : x) e = static_cast<float>(random.unit() * 4 - 2);
    return x;
  };
  const std::vector<float> x = vector(kInner);
  const std::vector<float> y = vector(kInner);
  std::vector<float> z(kInner);
  numerics::QuantisedVector q;
  Table table;
  std::printf("ns an element       scalar       avx2                avx512\n");
  table.line("quantise_input", kInner, kLayers * (2 * kHidden + kQ + kInner), 400,
             [&](Simd simd) { numerics::quantise_input(x, 64, q, simd); });
  table.line("quantise", kInner, kLayers * kQ, 400, [&](Simd simd) { numerics::quantise(x, 64, q, simd); });
  table.line("rms_norm", kInner, kLayers * 2 * kHidden, 400,
             [&](Simd simd) { numerics::rms_norm(x, y, 1e-5F, z, simd); });
  table.line("silu_multiply", kInner, kLayers * kInner, 400,
             [&](Simd simd) { numerics::silu_multiply(x, y, z, simd); });
  table.line("add", kInner, kLayers * 2 * kHidden, 400, [&](Simd simd) { numerics::add(z, y, simd); });
  const std::vector<std::uint64_t> increments = numerics::rope_increments(kHeadDim, 500000, {});
  std::vector<float> turns(kHeadDim);
  table.line("rope_turns", kHeadDim, kHeadDim, 400, [&](Simd) { numerics::rope_turns(increments, 1000, turns); });
  table.line("rope", kInner, kLayers * (kQ + kKv), 400, [&](Simd simd) {
    for (std::size_t i = 0; i < kInner; i += kHeadDim) numerics::rope(std::span(z).subspan(i, kHeadDim), turns, simd);
  });
  numerics::KvStore appended(kKvHeads, kHeadDim, 1 << 16);
  table.line("KvStore::append", 2 * kKv, kLayers * 2 * kKv, 400,
             [&](Simd simd) { appended.append(std::span(x).first(kKv), std::span(y).first(kKv), simd); });
  const std::vector<float> logits = vector(kVocabulary);
  table.line("argmax", kVocabulary, kVocabulary, 100,
             [&](Simd) { z[0] = static_cast<float>(numerics::argmax(logits)); });
  table.token("all of a token's, but attention");

  numerics::KvStore kv(kKvHeads, kHeadDim, tokens);
  for (std::size_t t = 0; t < tokens; ++t) kv.append(vector(kKv), vector(kKv));
  const std::vector<float> query = vector(kQ);
  std::vector<float> out(query.size());
  std::printf("\nns a head and token, %zu heads of %zu, %zu KV heads, %zu tokens\n", kHeads, kHeadDim, kKvHeads,
              tokens);
  numerics::AttentionBuffers buffers;
  const auto head_tokens = static_cast<double>(kHeads * tokens);
  table.line("attend", head_tokens, head_tokens * kLayers, 20,
             [&](Simd simd) { numerics::attend_heads(kv, tokens, query, kHeads, 0, kKvHeads, out, buffers, simd); });
  table.token("a token's attention");
  return 0;
}
