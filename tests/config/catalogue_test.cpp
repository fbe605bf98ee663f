// Configs by name: found, changed, refused with the names there are.
#include "kiln/config/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kiln::config {
namespace {

using testing::HasSubstr;

TEST(Catalogue, HasTheShippedConfigsByName) {
  const Catalogue configs(KILN_SOURCE_DIR "/configs");
  EXPECT_EQ(configs.chip("hc1")->name, "hc1");
  EXPECT_EQ(configs.model("llama-3.1-8b")->layers, 32U);
  EXPECT_EQ(configs.recipe("w4")->name, "w4");
  EXPECT_EQ(configs.gpu("h200")->name, "h200");
  EXPECT_EQ(configs.tech("n6")->name, "n6");
  EXPECT_EQ(configs.economics("default")->name, "default");
  EXPECT_EQ(configs.chip(KILN_SOURCE_DIR "/configs/chip/demo.json")->name, "demo");
  EXPECT_THAT(configs.gpus(), testing::Contains("h100-sxm"));
  EXPECT_GE(configs.machines()->size(), 7U);
}

TEST(Catalogue, NamesTheNearestOfWhatItDoesNotHave) {
  const Catalogue configs(KILN_SOURCE_DIR "/configs");
  EXPECT_THAT(configs.model("lama-3.1-8b").error().message, HasSubstr("the nearest is \"llama-3.1-8b\""));
  EXPECT_THAT(Catalogue("/nowhere").chip("hc1").error().message, HasSubstr("there are none under /nowhere"));
}

TEST(Catalogue, OverridesAreOfOneKind) {
  Catalogue configs(KILN_SOURCE_DIR "/configs");
  configs.override_values("chip", {"clock_mhz=123"});
  EXPECT_EQ(configs.chip("demo")->clock_mhz, 123U);
  EXPECT_EQ(configs.chip("hc1")->clock_mhz, 123U);
  EXPECT_TRUE(configs.model("llama-3.1-8b").ok());
  configs.override_values("chip", {"clock_mz=123"});
  EXPECT_THAT(configs.chip("demo").error().message, HasSubstr("clock_mhz"));
}

}  // namespace
}  // namespace kiln::config
