// An even more naive Llama: one token at a time, double throughout, plain loops over weights that are fetched row by row.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "checkpoint/checkpoint.hpp"

namespace kiln::reference {

class Naive {
 public:
  explicit Naive(const checkpoint::Checkpoint& checkpoint)
      : checkpoint_(checkpoint), c_(checkpoint.config()), keys_(c_.layers), values_(c_.layers) {}

  std::vector<double> next(base::TokenId token) {
    std::vector<double> x = row(checkpoint::Role::Embedding, 0, token);
    for (std::uint32_t l = 0; l < c_.layers; ++l) {
      add(x, attention(l, norm(x, checkpoint::Role::AttentionNorm, l)));
      const auto h = norm(x, checkpoint::Role::FfnNorm, l);
      auto gate = apply(checkpoint::Role::Gate, l, h);
      const auto up = apply(checkpoint::Role::Up, l, h);
      for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
      add(x, apply(checkpoint::Role::Down, l, gate));
    }
    ++position_;
    return apply(c_.tied_embeddings ? checkpoint::Role::Embedding : checkpoint::Role::LmHead, 0,
                 norm(x, checkpoint::Role::FinalNorm, 0));
  }

 private:
  using Vec = std::vector<double>;

  Vec row(checkpoint::Role role, std::uint32_t layer, std::uint64_t r) const {
    const auto* t = checkpoint_.find(role, base::LayerId{layer});
    std::vector<float> values(t->columns);
    EXPECT_TRUE(checkpoint_.read_rows(*t, r, 1, values));
    return {values.begin(), values.end()};
  }
  Vec apply(checkpoint::Role role, std::uint32_t layer, const Vec& x) const {
    Vec y(checkpoint_.find(role, base::LayerId{layer})->rows, 0.0);
    for (std::size_t r = 0; r < y.size(); ++r) {
      const Vec w = row(role, layer, r);
      for (std::size_t i = 0; i < x.size(); ++i) y[r] += w[i] * x[i];
    }
    return y;
  }
  Vec norm(const Vec& x, checkpoint::Role role, std::uint32_t layer) const {
    double squares = 0;
    for (const double v : x) squares += v * v;
    const Vec gamma = row(role, layer, 0);
    Vec y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      y[i] = x[i] / std::sqrt(squares / static_cast<double>(x.size()) + c_.rms_norm_eps) * gamma[i];
    return y;
  }
  static void add(Vec& x, const Vec& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }
  double frequency(std::size_t i) const {
    const double plain = 1 / std::pow(c_.rope_theta, 2.0 * static_cast<double>(i) / c_.head_dim);
    const auto& s = c_.rope_scaling;
    if (s.kind == config::RopeScalingKind::Linear) return plain / s.factor;
    if (s.kind == config::RopeScalingKind::None) return plain;
    // Waves in the trained context decide: more than high_freq_factor of them, or fewer than low_freq_factor.
    const double waves = s.original_max_position_embeddings * plain / (2 * std::numbers::pi);
    const double smooth = std::clamp((waves - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor), 0.0, 1.0);
    return smooth * plain + (1 - smooth) * plain / s.factor;
  }
  void turn(Vec& heads) const {
    for (std::size_t h = 0; h < heads.size(); h += c_.head_dim) {
      for (std::size_t i = 0; i < c_.head_dim / 2; ++i) {
        const double angle = static_cast<double>(position_) * frequency(i);
        const double a = heads[h + i];
        const double b = heads[h + i + c_.head_dim / 2];
        heads[h + i] = a * std::cos(angle) - b * std::sin(angle);
        heads[h + i + c_.head_dim / 2] = a * std::sin(angle) + b * std::cos(angle);
      }
    }
  }
  Vec attention(std::uint32_t l, const Vec& x) {
    Vec q = apply(checkpoint::Role::Q, l, x);
    Vec k = apply(checkpoint::Role::K, l, x);
    turn(q);
    turn(k);
    keys_[l].push_back(k);
    values_[l].push_back(apply(checkpoint::Role::V, l, x));
    Vec mixed(q.size(), 0.0);
    for (std::size_t h = 0; h < c_.heads; ++h) {
      const std::size_t kv = h * c_.kv_heads / c_.heads * c_.head_dim;
      Vec weight;
      double sum = 0;
      for (const Vec& key : keys_[l]) {
        double score = 0;
        for (std::size_t i = 0; i < c_.head_dim; ++i) score += q[h * c_.head_dim + i] * key[kv + i];
        weight.push_back(std::exp(score / std::sqrt(c_.head_dim)));
        sum += weight.back();
      }
      for (std::size_t p = 0; p < weight.size(); ++p)
        for (std::size_t i = 0; i < c_.head_dim; ++i)
          mixed[h * c_.head_dim + i] += weight[p] / sum * values_[l][p][kv + i];
    }
    return apply(checkpoint::Role::O, l, mixed);
  }

  const checkpoint::Checkpoint& checkpoint_;
  config::ModelConfig c_;
  std::size_t position_ = 0;
  std::vector<std::vector<Vec>> keys_, values_;
};

}  // namespace kiln::reference
