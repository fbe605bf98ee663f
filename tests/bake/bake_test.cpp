#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "bake/row_source.hpp"
#include "bake_testing.hpp"
#include "rom/decode.hpp"

namespace kiln::bake::test {
namespace {

using config::CodebookKind;
using config::TensorClass;
using testing::HasSubstr;

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Bake, EveryFormat_DecodesBackToWhatTheReportSays) {
  base::ThreadPool pool(2);
  for (const auto& model : {odd_model(), round_model()}) {
    const auto checkpoint = checkpoint::synthetic(model, 5);
    for (const int bits : {2, 3, 4, 6, 8}) {
      for (const auto kind : {CodebookKind::Uniform, CodebookKind::KMeans}) {
        if (model.name == "round" && bits != 3 && bits != 6) continue;  // the odd one has had them all
        BakeReport report;
        const auto image = baked(*checkpoint, recipe_of(bits, kind), temp_path("format"), &report);
        const auto compared = compare(image, *checkpoint, pool);
        ASSERT_TRUE(compared.ok()) << compared.error().message;
        EXPECT_TRUE(compared->matches()) << bits
                                         << (compared->beyond_bound.empty() ? "" : compared->beyond_bound.front());
        ASSERT_EQ(compared->tensors.size(), report.tensors.size());
        ASSERT_EQ(report.tensors.size(), 2 + 7 * model.layers);
        for (std::size_t i = 0; i < report.tensors.size(); ++i) {
          EXPECT_NEAR(compared->tensors[i].relative_rms, report.tensors[i].relative_rms,
                      1e-4 * report.tensors[i].relative_rms);
          EXPECT_NEAR(compared->tensors[i].max_error, report.tensors[i].max_error, 1e-3 * report.tensors[i].max_error);
          EXPECT_EQ(compared->tensors[i].bits_per_weight, report.tensors[i].bits_per_weight);
        }
      }
    }
  }
}

/// Normal weights: the bounds are those of the best quantiser of a normal distribution without scales (Max, Quantizing
/// for Minimum Distortion, 1960, table I: 0.3427, 0.1858, 0.0977), and for 6 and 8 bits steps of 2 * 2.6 standard
/// deviations / levels, / sqrt(12).
TEST(Bake, Distortion_IsThatOfAGoodQuantiser) {
  const auto checkpoint = checkpoint::synthetic(round_model(), 9);
  const std::pair<int, double> bounds[] = {{2, 0.3427}, {3, 0.1858}, {4, 0.0977}, {6, 0.026}, {8, 0.0066}};
  for (const auto& [bits, bound] : bounds) {
    BakeReport report;
    baked(*checkpoint, recipe_of(bits, bits > 4 ? CodebookKind::Uniform : CodebookKind::KMeans),
          temp_path("distortion"), &report);
    for (const auto& tensor : report.tensors) EXPECT_LT(tensor.relative_rms, bound) << bits;
  }
}

TEST(Bake, BytesAreTheSame_ForAnyThreadsAndInstructionSet) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 3);
  const char* old = std::getenv("KILN_SIMD");
  const std::string kept = old != nullptr ? old : "";
  for (const int bits : {3, 6, 8}) {
    const auto recipe = recipe_of(bits, bits == 3 ? CodebookKind::KMeans : CodebookKind::Uniform);
    std::vector<std::string> files;
    for (const char* simd : {"", "avx2", "scalar"}) {
      ::setenv("KILN_SIMD", simd, 1);
      for (const std::size_t threads : {1, 2, 3}) {
        base::ThreadPool pool(threads);
        const auto report = bake(*checkpoint, recipe, temp_path("same"), pool);
        ASSERT_TRUE(report.ok()) << report.error().message;
        files.push_back(contents(temp_path("same")));
      }
    }
    for (const auto& file : files) EXPECT_EQ(file == files.front(), true);
    EXPECT_GT(files.front().size(), 1000U);
  }
  kept.empty() ? ::unsetenv("KILN_SIMD") : ::setenv("KILN_SIMD", kept.c_str(), 1);
  std::filesystem::remove(temp_path("same"));
}

TEST(Bake, TiedTable_IsStoredTwice) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 3);
  const auto image = baked(*checkpoint, recipe_of(8, CodebookKind::Uniform), temp_path("tied"));
  const auto& embedding = image.tensor(TensorClass::Embedding).matrix;
  const auto& head = image.tensor(TensorClass::LmHead).matrix;
  ASSERT_EQ(embedding.rows, head.rows);
  ASSERT_EQ(embedding.columns, head.columns);
  std::vector<float> table(72);
  ASSERT_TRUE(checkpoint->read_rows(*checkpoint->find(checkpoint::Role::Embedding), 0, 1, table).ok());
  std::vector<float> rows(16 * 128);
  rom::decode_panel(embedding, 0, rows);
  for (std::size_t i = 0; i < 72; ++i) EXPECT_NEAR(rows[i], table[i], 0.003);
  rom::decode_panel(head, 0, rows);
  for (std::size_t i = 0; i < 72; ++i) {
    float sum = 0;  // H / 8 of the block of 8 that holds input i
    for (std::size_t j = i / 8 * 8; j < i / 8 * 8 + 8; ++j)
      sum += (__builtin_popcountll(i % 8 & j % 8) % 2 != 0 ? -table[j] : table[j]) / 8;
    EXPECT_NEAR(rows[i], sum, 0.003);
  }
}

TEST(Bake, NormsAndModelAndRecipe_AreInTheImage) {
  const auto checkpoint = checkpoint::synthetic(round_model(), 4);
  const auto image = baked(*checkpoint, recipe_of(3), temp_path("head"));
  std::vector<float> norm(256);
  ASSERT_TRUE(checkpoint->read_rows(*checkpoint->find(checkpoint::Role::FfnNorm, {1}), 0, 1, norm).ok());
  EXPECT_TRUE(std::ranges::equal(image.ffn_norm({1}), norm));
  ASSERT_TRUE(checkpoint->read_rows(*checkpoint->find(checkpoint::Role::FinalNorm), 0, 1, norm).ok());
  EXPECT_TRUE(std::ranges::equal(image.final_norm(), norm));
  EXPECT_EQ(image.model().hidden_size, 256U);
  EXPECT_EQ(image.recipe().of(TensorClass::Up).bits, 3);
  EXPECT_FALSE(image.tokenizer().has_value());
}

TEST(Bake, ZeroMatrixRowAndGroup_AreExact) {
  Altered checkpoint(checkpoint::synthetic(round_model(), 4));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t first,
                         std::span<float> out) -> base::Status {
    if (tensor.role == checkpoint::Role::Gate) std::ranges::fill(out, 0.0F);
    if (tensor.role != checkpoint::Role::Embedding) return {};
    for (std::uint64_t row = first; (row - first) * 256 < out.size(); ++row) {
      if (row == 3) std::ranges::fill(out.subspan((row - first) * 256, 256), 0.0F);
      if (row == 5) std::ranges::fill(out.subspan((row - first) * 256 + 64, 64), 0.0F);
    }
    return {};
  };
  BakeReport report;
  const auto image = baked(checkpoint, recipe_of(3), temp_path("zeros"), &report);
  std::vector<float> rows(16 * 256);
  rom::decode_panel(image.tensor(TensorClass::Gate, {1}).matrix, 1, rows);
  for (const float w : rows) ASSERT_EQ(w, 0.0F);
  rom::decode_panel(image.tensor(TensorClass::Embedding).matrix, 0, rows);
  for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(rows[3 * 256 + i], 0.0F);
  for (std::size_t i = 64; i < 128; ++i) ASSERT_EQ(rows[5 * 256 + i], 0.0F);
  EXPECT_NE(rows[5 * 256], 0.0F);
  EXPECT_EQ(report.tensors[5].relative_rms, 0.0);
}

class Failing : public testing::Test {
 protected:
  Failing() { std::filesystem::create_directory(folder_); }
  ~Failing() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] bool folder_is_empty() const { return std::filesystem::is_empty(folder_); }
  std::string folder_ = testing::TempDir() + "kiln_bake_failing";
  base::ThreadPool pool_{2};
};

TEST_F(Failing, Interrupted_LeavesNothing) {
  const auto checkpoint = checkpoint::synthetic(round_model(), 4);
  std::stop_source stop;
  base::Progress progress;
  progress.stop = stop.get_token();
  progress.report = [&](std::string_view, std::uint64_t done, std::uint64_t total) {
    if (done * 2 > total) stop.request_stop();
  };
  const auto report = bake(*checkpoint, recipe_of(4), folder_ + "/x.rom", pool_, progress);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().message, "interrupted");
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(Failing, UnreadableWeights_AreReportedAndLeaveNothing) {
  Altered checkpoint(checkpoint::synthetic(round_model(), 4));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t first, std::span<float>) -> base::Status {
    if (tensor.role == checkpoint::Role::Down && first >= 64)
      return base::Error{"row " + std::to_string(first) + " is bad"};
    return {};
  };
  for (int i = 0; i < 5; ++i) {
    const auto report = bake(checkpoint, recipe_of(8, CodebookKind::Uniform), folder_ + "/x.rom", pool_);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().message, "row 64 is bad");
  }
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(Failing, WeightsBeyondTheTransformsRange_AreASentence) {
  Altered checkpoint(checkpoint::synthetic(round_model(), 4));
  checkpoint.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float> out) -> base::Status {
    if (tensor.role == checkpoint::Role::V) std::ranges::fill(out, 3e38F);
    return {};
  };
  const auto report = bake(checkpoint, recipe_of(3), folder_ + "/x.rom", pool_);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("that are too large to be transformed"));
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(Failing, OldImage_StaysWhenTheNewOneFails) {
  const auto good = checkpoint::synthetic(odd_model(), 4);
  ASSERT_TRUE(bake(*good, recipe_of(3), folder_ + "/x.rom", pool_).ok());
  const auto before = contents(folder_ + "/x.rom");
  Altered bad(checkpoint::synthetic(odd_model(), 5));
  bad.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float>) -> base::Status {
    if (tensor.role == checkpoint::Role::Up) return base::Error{"bad"};
    return {};
  };
  EXPECT_FALSE(bake(bad, recipe_of(3), folder_ + "/x.rom", pool_).ok());
  EXPECT_EQ(contents(folder_ + "/x.rom") == before, true);
}

TEST_F(Failing, FolderThatDoesNotExist_IsASentence) {
  const auto checkpoint = checkpoint::synthetic(odd_model(), 4);
  const auto report = bake(*checkpoint, recipe_of(3), folder_ + "/no/x.rom", pool_);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("/no/x.rom"));
}

}  // namespace
}  // namespace kiln::bake::test
