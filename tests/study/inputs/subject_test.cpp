// What questions are about, loaded; warnings; figures of the host.
#include "study/inputs/subject.hpp"

#include "kiln/study/inputs/host_figures.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class Inputs : public test::StudyTest {};

TEST_F(Inputs, ShapesAloneHaveNoValues) {
  const auto subject = load_subject({"", "llama-3.1-8b", "w3w6", ""}, environment_);
  ASSERT_TRUE(subject.ok()) << subject.error().message;
  EXPECT_EQ(subject->model.layers, 32U);
  EXPECT_EQ(subject->recipe.name, "w3w6");
  EXPECT_FALSE(subject->rom || subject->tokenizer || subject->adapter);
  EXPECT_EQ(environment_.threads(), 1U);  // nothing was computed: no pool
}

TEST_F(Inputs, AnImageBringsItsModelAndItsTokenizer) {
  const auto bare = load_subject({baked("w4"), "", "", ""}, environment_);
  ASSERT_TRUE(bare.ok()) << bare.error().message;
  EXPECT_EQ(bare->model.hidden_size, 64U);
  EXPECT_EQ(bare->recipe.name, "w4");
  EXPECT_FALSE(bare->tokenizer);
  const auto stories = load_subject({baked("w8", KILN_SOURCE_DIR "/models/kiln-stories-1m"), "", "", ""}, environment_);
  ASSERT_TRUE(stories.ok()) << stories.error().message;
  EXPECT_TRUE(stories->tokenizer);
}

TEST_F(Inputs, ShapesAreThoseOfANameAFileOrACheckpoint) {
  const auto& configs = environment_.configs();
  const auto shapes = [&](const std::string& model) { return config::to_json(shapes_of(model, configs).value()); };
  const auto stories = shapes("kiln-stories-1m");
  EXPECT_EQ(shapes(KILN_SOURCE_DIR "/configs/model/kiln-stories-1m.json"), stories);
  EXPECT_EQ(shapes(KILN_SOURCE_DIR "/models/kiln-stories-1m"), stories);
  EXPECT_EQ(shapes("synthetic:kiln-stories-1m:5"), stories);
  EXPECT_EQ(shapes(tiny()), shapes(path("tiny.json")));
  EXPECT_THAT(refusal(shapes_of(path("none.gguf"), configs)), HasSubstr("none.gguf"));
  EXPECT_THAT(refusal(shapes_of(folder_, configs)), HasSubstr("config.json"));
}

TEST_F(Inputs, ACheckpointHasShapesOfItsOwn) {
  const auto changed = with("model", {"/vocab_size=200"});
  EXPECT_EQ(shapes_of("synthetic:" + path("tiny.json"), changed.configs()).value().vocab_size, 200U);
  EXPECT_THAT(refusal(shapes_of(KILN_SOURCE_DIR "/models/kiln-stories-1m", changed.configs())),
              HasSubstr("has shapes of its own"));
}

TEST_F(Inputs, WhatIsNotThereIsNamed) {
  EXPECT_THAT(refusal(load_subject({path("none.rom"), "", "", ""}, environment_)), HasSubstr("none.rom"));
  EXPECT_THAT(refusal(load_subject({"", "lama", "w4", ""}, environment_)), HasSubstr("\"lama\""));
  EXPECT_THAT(refusal(load_subject({"", "stories260k", "w4", path("none")}, environment_)),
              HasSubstr("adapter_config.json"));
  EXPECT_THAT(refusal(open_checkpoint("synthetic:lama", environment_.configs())), HasSubstr("\"lama\""));
}

TEST_F(Inputs, WarningsAreToldAtOnceAndKept) {
  Warnings warnings(environment_);
  warnings.add("one");
  EXPECT_THAT(warned_, testing::ElementsAre("one"));
  warnings.add("two");
  EXPECT_THAT(warnings.take(), testing::ElementsAre("one", "two"));
}

TEST_F(Inputs, FiguresOfTheHostAreOfThisProcess) {
  const auto figures = host_figures(environment_, HostClock::now() - std::chrono::seconds(3));
  EXPECT_GE(figures.wall_s, 3);
  EXPECT_LT(figures.wall_s, 30);
  EXPECT_GT(figures.peak_memory_mib, 1);
  EXPECT_THAT(figures.simd, testing::AnyOf("avx512", "avx2", "scalar"));
}

}  // namespace
}  // namespace kiln::study
