// The questions of `kiln bake` and `kiln inspect`, in the process.
#include "study/images.hpp"

#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class Images : public test::StudyTest {
 protected:
  [[nodiscard]] BakeAnswer bake_tiny() {
    auto answer = bake({tiny(), path("x.rom"), "w3w6"}, environment_);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return *std::move(answer);
  }
};

TEST_F(Images, ABakeSaysWhatItWrote) {
  const auto answer = bake_tiny();
  EXPECT_EQ(answer.model.name, "tiny");
  EXPECT_EQ(answer.recipe.name, "w3w6");
  EXPECT_EQ(answer.report.file_bytes, std::filesystem::file_size(path("x.rom")));
  EXPECT_EQ(BakeQuestion().recipe, "w3w6");
}

TEST_F(Images, AnImageIsDescribedPlacedAndCompared) {
  const auto baked = bake_tiny();
  const auto answer = inspect({path("x.rom"), "demo", tiny()}, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto& rom = std::get<RomInspection>(*answer);
  EXPECT_EQ(rom.image.content_hash(), baked.report.content_hash);
  ASSERT_TRUE(rom.placement && rom.comparison);
  EXPECT_EQ(rom.placement->chip().name, "demo");
  EXPECT_TRUE(rom.comparison->matches());
  const auto other = inspect({path("x.rom"), "", "synthetic:" + path("tiny.json") + ":8"}, environment_);
  EXPECT_FALSE(std::get<RomInspection>(*other).comparison->matches());
}

TEST_F(Images, ACheckpointIsDescribedAlone) {
  const auto answer = inspect({tiny(), "", ""}, environment_);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(std::get<std::unique_ptr<checkpoint::Checkpoint>>(*answer)->config().name, "tiny");
  EXPECT_THAT(refusal(inspect({tiny(), "demo", ""}, environment_)), HasSubstr("--chip and --against need a ROM image"));
  EXPECT_THAT(refusal(inspect({path("none.rom"), "", ""}, environment_)), HasSubstr("none.rom"));
}

}  // namespace
}  // namespace kiln::study
