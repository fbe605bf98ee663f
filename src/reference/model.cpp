// The forward pass, as Hugging Face's LlamaForCausalLM in float32. Blocks of tokens go through a matrix together. How work
// is cut is the same for any number of threads, and with it every bit of the results.
#include <algorithm>
#include <cmath>
#include <memory>

#include "reference/blas.hpp"
#include "reference/reference.hpp"
#include "reference/rope.hpp"
#include "reference/weights.hpp"

namespace kiln::reference {
namespace {

constexpr std::size_t kBlock = 512;       // tokens that go through the layers together
constexpr std::size_t kHeadBlock = 128;   // tokens whose logits are in memory together
constexpr std::size_t kTileTokens = 256;  // tokens and rows of a matrix that a thread takes at a time
constexpr std::size_t kTileRows = 192;
constexpr std::size_t kQueries = 64;  // of one head, that a thread takes at a time

/// x / sqrt(mean(x^2) + eps) * gamma
void rms_norm(std::span<const float> x, const float* gamma, double epsilon, float* out) {
  double squares = 0;
  for (const float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon));
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] * scale * gamma[i];
}

/// Softmax in place; the sum is formed in double.
void softmax(std::span<float> scores) {
  const float largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& s : scores) {
    s = std::exp(s - largest);
    sum += static_cast<double>(s);
  }
  const auto scale = static_cast<float>(1.0 / sum);
  for (float& s : scores) s *= scale;
}

float silu(float x) { return x / (1.0F + std::exp(-x)); }

}  // namespace

struct Model::Impl {
  struct Cache {
    std::vector<float> keys;    // position x kv_width, turned
    std::vector<float> values;  // position x kv_width
  };

  config::ModelConfig config;
  base::ThreadPool* pool = nullptr;
  Weights weights;
  std::vector<double> frequencies;
  Blas blas;
  std::vector<Cache> cache;
  std::size_t position = 0;  // of the next token

  // Of the block in work: tokens x width.
  std::vector<float> hidden, normed, q, attended, delta, gate, up, logits;
  std::vector<float> cosines, sines;

  explicit Impl(Blas products) : blas(products) {}

  void apply(const Matrix& matrix, const float* inputs, std::size_t tokens, float* out) const {
    const std::size_t across = base::ceil_div(matrix.rows, kTileRows);
    pool->parallel_for(across * base::ceil_div(tokens, kTileTokens), [&](std::size_t tile) {
      const std::size_t token = tile / across * kTileTokens;
      const std::size_t row = tile % across * kTileRows;
      blas.times_transposed(std::min(kTileTokens, tokens - token), std::min(kTileRows, matrix.rows - row),
                            matrix.columns, 1.0F, {inputs + token * matrix.columns, matrix.columns},
                            {matrix.row(row), matrix.columns}, {out + token * matrix.rows + row, matrix.rows});
    });
  }

  void norm(const Matrix& gamma, std::size_t tokens) {
    const std::size_t d = config.hidden_size;
    normed.resize(tokens * d);
    pool->parallel_for(tokens, [&](std::size_t t) {
      rms_norm({hidden.data() + t * d, d}, gamma.row(0), config.rms_norm_eps, normed.data() + t * d);
    });
  }

  void add_to_hidden(std::size_t tokens) {
    for (std::size_t i = 0; i < tokens * config.hidden_size; ++i) hidden[i] += delta[i];
  }

  void prepare_rotation(std::size_t tokens) {
    const std::size_t pairs = frequencies.size();
    cosines.resize(tokens * pairs);
    sines.resize(tokens * pairs);
    for (std::size_t i = 0; i < tokens * pairs; ++i) {
      // NOLINTNEXTLINE(bugprone-integer-division): the token of pair i
      const double angle = static_cast<double>(position + i / pairs) * frequencies[i % pairs];
      cosines[i] = static_cast<float>(std::cos(angle));
      sines[i] = static_cast<float>(std::sin(angle));
    }
  }

  void rotate_heads(float* rows, std::size_t heads, std::size_t tokens) const {
    const std::size_t pairs = frequencies.size();
    pool->parallel_for(tokens, [&](std::size_t t) {
      for (std::size_t h = 0; h < heads; ++h)
        rotate({rows + (t * heads + h) * config.head_dim, config.head_dim}, {cosines.data() + t * pairs, pairs},
               {sines.data() + t * pairs, pairs});
    });
  }

  /// One head of `count` tokens of the block, from `first` on, each over all positions up to its own.
  void attend(const Cache& kv, std::size_t first, std::size_t count, std::size_t head) {
    const std::size_t width = config.head_dim;
    const std::size_t offset = head / (config.heads / config.kv_heads) * width;
    const std::size_t seen = position + first + count;  // by the last of them
    const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(width)));
    const std::size_t at = first * config.q_width() + head * width;
    const auto scores = std::make_unique_for_overwrite<float[]>(count * seen);
    blas.times_transposed(count, seen, width, scale, {q.data() + at, config.q_width()},
                          {kv.keys.data() + offset, config.kv_width()}, {scores.get(), seen});
    for (std::size_t t = 0; t < count; ++t) {
      const std::span<float> row(scores.get() + t * seen, seen);
      const std::size_t own = position + first + t + 1;
      softmax(row.first(own));
      std::ranges::fill(row.subspan(own), 0.0F);
    }
    blas.times(count, width, seen, {scores.get(), seen}, {kv.values.data() + offset, config.kv_width()},
               {attended.data() + at, config.q_width()});
  }

  void attention(const Layer& layer, Cache& kv, std::size_t tokens) {
    const std::size_t stride = config.kv_width();
    kv.keys.resize((position + tokens) * stride);
    kv.values.resize((position + tokens) * stride);
    q.resize(tokens * config.q_width());
    attended.resize(q.size());
    float* keys = kv.keys.data() + position * stride;
    apply(layer.q, normed.data(), tokens, q.data());
    apply(layer.k, normed.data(), tokens, keys);
    apply(layer.v, normed.data(), tokens, kv.values.data() + position * stride);
    rotate_heads(q.data(), config.heads, tokens);
    rotate_heads(keys, config.kv_heads, tokens);
    pool->parallel_for(base::ceil_div(tokens, kQueries) * config.heads, [&](std::size_t task) {
      const std::size_t first = task / config.heads * kQueries;
      attend(kv, first, std::min(kQueries, tokens - first), task % config.heads);
    });
    apply(layer.o, attended.data(), tokens, delta.data());
  }

  void feed_forward(const Layer& layer, std::size_t tokens) {
    gate.resize(tokens * config.intermediate_size);
    up.resize(gate.size());
    apply(layer.gate, normed.data(), tokens, gate.data());
    apply(layer.up, normed.data(), tokens, up.data());
    pool->parallel_ranges(gate.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) gate[i] = silu(gate[i]) * up[i];
    });
    apply(layer.down, gate.data(), tokens, delta.data());
  }

  /// Hidden states of the block after the last layer, normed; after a stop, anything.
  void run_block(std::span<const base::TokenId> tokens, const std::stop_token& stop) {
    const std::size_t d = config.hidden_size;
    hidden.resize(tokens.size() * d);
    delta.resize(hidden.size());
    for (std::size_t t = 0; t < tokens.size(); ++t)
      std::copy_n(weights.embedding.row(tokens[t]), d, hidden.data() + t * d);
    prepare_rotation(tokens.size());
    for (std::size_t l = 0; l < weights.layers.size() && !stop.stop_requested(); ++l) {
      norm(weights.layers[l].attention_norm, tokens.size());
      attention(weights.layers[l], cache[l], tokens.size());
      add_to_hidden(tokens.size());
      norm(weights.layers[l].ffn_norm, tokens.size());
      feed_forward(weights.layers[l], tokens.size());
      add_to_hidden(tokens.size());
    }
    norm(weights.final_norm, tokens.size());
    position += tokens.size();
  }
};

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

base::Result<Model> Model::load(const checkpoint::Checkpoint& checkpoint, base::ThreadPool& pool,
                                const base::Progress& progress, std::uint64_t memory_limit_bytes) {
  const auto blas = Blas::load(pool.threads());
  if (!blas) return blas.error();
  auto weights = load_weights(checkpoint, pool, progress, memory_limit_bytes);
  if (!weights) return weights.error();
  auto impl = std::make_unique<Impl>(*blas);
  impl->config = checkpoint.config();
  impl->pool = &pool;
  impl->weights = std::move(*weights);
  impl->frequencies = rope_frequencies(impl->config, checkpoint.rope_factors());
  impl->cache.resize(impl->config.layers);
  return Model(std::move(impl));
}

const config::ModelConfig& Model::config() const { return impl_->config; }

void Model::reset() {
  impl_->position = 0;
  for (auto& layer : impl_->cache) {
    layer.keys.clear();
    layer.values.clear();
  }
}

void Model::forward(std::span<const base::TokenId> tokens,
                    const std::function<void(std::size_t index, std::span<const float> logits)>& sink,
                    const std::stop_token& stop) {
  const std::size_t vocabulary = impl_->config.vocab_size;
  for (const auto token : tokens) base::check(token < vocabulary, "a token id below the vocabulary");
  for (std::size_t first = 0; first < tokens.size(); first += kBlock) {
    const std::size_t count = std::min(kBlock, tokens.size() - first);
    impl_->run_block(tokens.subspan(first, count), stop);
    for (std::size_t done = 0; done < count; done += kHeadBlock) {
      if (stop.stop_requested()) return;
      const std::size_t tokens_now = std::min(kHeadBlock, count - done);
      impl_->logits.resize(tokens_now * vocabulary);
      impl_->apply(impl_->weights.head(), impl_->normed.data() + done * impl_->config.hidden_size, tokens_now,
                   impl_->logits.data());
      for (std::size_t t = 0; t < tokens_now; ++t)
        sink(first + done + t, {impl_->logits.data() + t * vocabulary, vocabulary});
    }
  }
}

}  // namespace kiln::reference
