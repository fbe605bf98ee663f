// Small models, recipes and a checkpoint that differs from the one that it wraps.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bake/bake.hpp"
#include "base/random.hpp"
#include "checkpoint/checkpoint.hpp"
#include "numerics/matrix.hpp"
#include "support/models.hpp"
#include "support/seed.hpp"

namespace kiln::bake::test {

inline std::string temp_path(const std::string& name) { return testing::TempDir() + "kiln_bake_" + name + ".rom"; }

/// Widths that are no multiple of 64, heads of 8, rows that are no multiple of 16.
inline config::ModelConfig odd_model() { return support::model_of({"odd", 72, 172, 2, 9, 3, 8, 77, 64, true}); }

inline config::ModelConfig round_model() { return support::model_of({"round", 256, 384, 2, 2, 1, 128, 160, 64}); }

inline std::uint64_t seed() { return support::test_seed(20261122); }

/// From -1 to 1.
inline std::vector<float> random_floats(std::size_t count, base::Random& random) {
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(random.unit() * 2 - 1);
  return out;
}

/// The vector units of this host.
inline std::vector<numerics::Simd> paths() {
  using numerics::Simd;
  std::vector<Simd> all = {Simd::Scalar};
  if (numerics::best_simd() != Simd::Scalar) all.push_back(Simd::Avx2);
  if (numerics::best_simd() == Simd::Avx512) all.push_back(Simd::Avx512);
  return all;
}

inline config::BakeRecipe recipe_of(int bits, config::CodebookKind kind = config::CodebookKind::KMeans) {
  config::BakeRecipe recipe;
  recipe.name = "test";
  recipe.formats.fill({bits, kind});
  return recipe;
}

/// The wrapped checkpoint, except for what a test changes.
class Altered : public checkpoint::Checkpoint {
 public:
  explicit Altered(std::unique_ptr<checkpoint::Checkpoint> behind)
      : tokenizer_(behind->tokenizer()),
        rope_factors_(behind->rope_factors()),
        config_(behind->config()),
        behind_(std::move(behind)) {}
  [[nodiscard]] const config::ModelConfig& config() const override { return config_; }
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const override { return tokenizer_; }
  [[nodiscard]] const std::vector<checkpoint::TensorInfo>& tensors() const override { return behind_->tensors(); }
  [[nodiscard]] std::string kind() const override { return "altered"; }
  [[nodiscard]] const std::string& path() const override { return behind_->path(); }
  [[nodiscard]] base::Status read_rows(const checkpoint::TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                       std::span<float> out) const override {
    if (auto status = behind_->read_rows(tensor, first, count, out); !status) return status;
    return change ? change(tensor, first, out) : base::Status();
  }
  void release(const checkpoint::TensorInfo& tensor) const override { behind_->release(tensor); }
  [[nodiscard]] const std::vector<float>& rope_factors() const override { return rope_factors_; }

  std::function<base::Status(const checkpoint::TensorInfo&, std::uint64_t first, std::span<float>)> change;
  std::optional<tokenizer::TokenizerSpec> tokenizer_;
  std::vector<float> rope_factors_;
  config::ModelConfig config_;

 private:
  std::unique_ptr<checkpoint::Checkpoint> behind_;
};

inline rom::RomImage baked(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                           const std::string& path, BakeReport* report = nullptr) {
  base::ThreadPool pool(2);
  auto done = bake(checkpoint, recipe, path, pool);
  if (!done) throw std::runtime_error(done.error().message);
  if (report != nullptr) *report = *done;
  auto image = rom::RomImage::open(path, pool);
  if (!image) throw std::runtime_error(image.error().message);
  std::filesystem::remove(path);  // the mapping stays
  return std::move(*image);
}

}  // namespace kiln::bake::test
