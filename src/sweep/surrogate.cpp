#include "sweep/surrogate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace kiln::sweep {
namespace {

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

constexpr std::size_t kFitted = 96;  ///< rows that lengths are chosen by
constexpr double kStraight = 4;      ///< variance of straight lines, where bends have 1
/// Of coordinates; 0.05: hardly of any effect but along a straight line.
constexpr std::array<double, 5> kScales = {0.05, 0.3, 0.8, 2, 5};

/// Variance of steps, which no smooth function has.
constexpr std::array<double, 4> kNoises = {1e-6, 1e-4, 1e-2, 1e-1};

/// Variance of what an axis does at each of its levels: rounding up makes saws that are neither straight nor smooth.
constexpr std::array<double, 3> kSteps = {0, 0.3, 3};

/// What all figures have: straight lines.
double straight(const Vector& a, const Vector& b) {
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) product += (a[i] - 0.5) * (b[i] - 0.5);
  return kStraight * product;
}

/// How many coordinates are the same.
double same(const Vector& a, const Vector& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(count);
}

/// 1 at the same place, less the farther they are apart.
double bend(const Vector& a, const Vector& b, const Vector& scale) {
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = (a[i] - b[i]) * scale[i];
    square += apart * apart;
  }
  const double r = std::sqrt(5 * square);
  return (1 + r + r * r / 3) * std::exp(-r);
}

/// The lower triangle, row by row, in place of the matrix. False where rounding made it not positive.
bool factorise(Matrix& matrix) {
  const std::size_t n = matrix.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      const double* a = matrix[i].data();
      const double* b = matrix[j].data();
      for (std::size_t k = 0; k < j; ++k) sum -= a[k] * b[k];
      if (i == j) {
        if (!(sum > 0)) return false;
        matrix[i][i] = std::sqrt(sum);
      } else {
        matrix[i][j] = sum / matrix[j][j];
      }
    }
  }
  return true;
}

/// L^-1 y
Vector forward(const Matrix& lower, Vector y) {
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) y[i] -= lower[i][k] * y[k];
    y[i] /= lower[i][i];
  }
  return y;
}

/// L^-T y
Vector backward(const Matrix& lower, Vector y) {
  for (std::size_t i = y.size(); i-- > 0;) {
    y[i] /= lower[i][i];
    for (std::size_t k = 0; k < i; ++k) y[k] -= lower[i][k] * y[i];
  }
  return y;
}

Matrix factor_of(const Matrix& inputs, const Surrogate::Shape& shape) {
  for (double noise = shape.noise;; noise *= 100) {
    Matrix matrix(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      matrix[i].resize(i + 1);
      for (std::size_t j = 0; j <= i; ++j)
        matrix[i][j] = straight(inputs[i], inputs[j]) + shape.steps * same(inputs[i], inputs[j]) +
                       bend(inputs[i], inputs[j], shape.scale);
      matrix[i][i] += noise;
    }
    if (factorise(matrix)) return matrix;
  }
}

/// Up to a constant, with the best variance.
double likelihood(const Matrix& inputs, const Vector& centred, const Surrogate::Shape& shape) {
  const auto lower = factor_of(inputs, shape);
  const auto solved = forward(lower, centred);
  double square = 0, logarithm = 0;
  for (std::size_t i = 0; i < solved.size(); ++i) {
    square += solved[i] * solved[i];
    logarithm += std::log(lower[i][i]);
  }
  const auto n = static_cast<double>(solved.size());
  return -0.5 * n * std::log(square / n + std::numeric_limits<double>::min()) - logarithm;
}

/// All coordinates alike first, then each alone.
Surrogate::Shape best_shape(const Matrix& inputs, const Vector& centred) {
  const std::size_t dimensions = inputs.front().size();
  // What no shape explains, since squares of it leave a double's range, is taken as smooth.
  Surrogate::Shape best{Vector(dimensions, kScales[2]), 0, kNoises.front()};
  double reached = -std::numeric_limits<double>::infinity();
  const auto attempt = [&](Surrogate::Shape shape) {
    const double found = likelihood(inputs, centred, shape);
    if (!(found > reached)) return;
    reached = found;
    best = std::move(shape);
  };
  for (const double scale : kScales)
    for (const double steps : kSteps) attempt({Vector(dimensions, scale), steps, kNoises.front()});
  for (std::size_t d = 0; d < dimensions; ++d)
    for (const double scale : kScales) {
      auto shape = best;
      shape.scale[d] = scale;
      attempt(std::move(shape));
    }
  for (const double noise : kNoises) attempt({best.scale, best.steps, noise});
  for (const double steps : kSteps) attempt({best.scale, steps, best.noise});
  return best;
}

}  // namespace

Surrogate::Surrogate(Matrix inputs, const Matrix& outputs) : inputs_(std::move(inputs)) {
  // Every so-manieth row, to the last one.
  Matrix some;
  std::vector<std::size_t> chosen;
  const std::size_t count = std::min(kFitted, inputs_.size());
  for (std::size_t i = 0; i < count; ++i) {
    chosen.push_back((i + 1) * inputs_.size() / count - 1);
    some.push_back(inputs_[chosen.back()]);
  }
  for (const auto& output : outputs) {
    Figure figure;
    for (const double value : output) figure.mean += value / static_cast<double>(output.size());
    Vector centred;
    for (const double value : output) centred.push_back(value - figure.mean);
    Vector few;
    for (const std::size_t row : chosen) few.push_back(centred[row]);
    figure.shape = best_shape(some, few);
    const auto lower = factor_of(inputs_, figure.shape);
    figure.weights = backward(lower, forward(lower, centred));
    figures_.push_back(std::move(figure));
  }
}

std::vector<double> Surrogate::at(const Vector& input) const {
  std::vector<std::pair<double, double>> common;
  common.reserve(inputs_.size());
  for (const auto& row : inputs_) common.emplace_back(straight(input, row), same(input, row));
  std::vector<double> guesses;
  for (const auto& figure : figures_) {
    double guess = figure.mean;
    for (std::size_t row = 0; row < inputs_.size(); ++row)
      guess += figure.weights[row] * (common[row].first + figure.shape.steps * common[row].second +
                                      bend(input, inputs_[row], figure.shape.scale));
    guesses.push_back(guess);
  }
  return guesses;
}

}  // namespace kiln::sweep
