#include "kiln/study/accuracy.hpp"

#include <algorithm>
#include <array>

namespace kiln::study {
namespace {

using config::CodebookKind;
using config::TensorClass;
using Formats = std::array<config::TensorFormat, config::kTensorClasses>;

Formats everywhere(int bits, CodebookKind codebook) {
  Formats formats;
  formats.fill({bits, codebook});
  return formats;
}

/// 3 bits, and 6 where an error costs most.
Formats w3w6() {
  Formats formats = everywhere(3, CodebookKind::KMeans);
  for (const auto c : {TensorClass::Embedding, TensorClass::K, TensorClass::V, TensorClass::LmHead})
    formats[static_cast<std::size_t>(c)] = {6, CodebookKind::Uniform};
  return formats;
}

struct Measured {
  std::string_view model;
  Formats formats;
  Accuracy accuracy;
};

/// docs/results.md; tests/study/long measures each again. Four digits.
const std::array kMeasured = [] {
  constexpr std::string_view kStories = "kiln-stories-1m", kText = "its held-out stories, context 256";
  return std::array{
      Measured{kStories, everywhere(8, CodebookKind::Uniform), {kText, 1.0001, 0.0004, 0.9891}},
      Measured{kStories, everywhere(4, CodebookKind::KMeans), {kText, 1.0250, 0.0258, 0.9053}},
      Measured{kStories, w3w6(), {kText, 1.0476, 0.0593, 0.8574}},
      Measured{kStories, everywhere(2, CodebookKind::KMeans), {kText, 1.7767, 0.7024, 0.5369}},
  };
}();

bool same(const config::TensorFormat& a, const config::TensorFormat& b) {
  return a.bits == b.bits && a.codebook == b.codebook;
}

}  // namespace

std::optional<Accuracy> measured_accuracy(std::string_view model, const config::BakeRecipe& recipe) {
  for (const auto& row : kMeasured)
    if (row.model == model && std::ranges::equal(row.formats, recipe.formats, same)) return row.accuracy;
  return std::nullopt;
}

}  // namespace kiln::study
