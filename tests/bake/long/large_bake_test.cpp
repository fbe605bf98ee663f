// A model larger than its test may hold: 300 million weights (1.2 GB as floats) bake in little memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "bake/bake.hpp"
#include "support/models.hpp"

namespace kiln::bake::test {
namespace {

std::uint64_t peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib / 1024;
    }
  return 0;
}

TEST(LargeBake, ThreeHundredMillionWeights_StreamThroughLittleMemory) {
  config::ModelConfig model = support::model_of({"large", 1024, 4096, 16, 16, 4, 64, 32000, 2048});
  config::BakeRecipe recipe;
  recipe.name = "test";
  recipe.formats.fill({3, config::CodebookKind::KMeans});
  const auto checkpoint = checkpoint::synthetic(model, 1);
  const auto path = testing::TempDir() + "kiln_large.rom";
  base::ThreadPool pool;
  const auto report = bake(*checkpoint, recipe, path, pool);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report->weights, 300'000'000U);
  EXPECT_LT(peak_mib(), 400U);
  const auto image = rom::RomImage::open(path, pool);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->content_hash(), report->content_hash);
  const auto compared = compare(*image, *checkpoint, pool);
  ASSERT_TRUE(compared.ok()) << compared.error().message;
  EXPECT_TRUE(compared->matches());
  EXPECT_LT(peak_mib(), 600U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kiln::bake::test
