// "extends": what is taken from a base and what is not, chains, and the sentences where one cannot be followed.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "config/config_testing.hpp"
#include "config/inherit.hpp"
#include "kiln/config/catalogue.hpp"

namespace kiln::config {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::string kConfigs = std::string(KILN_SOURCE_DIR) + "/configs";

/// A folder that is gone when the test ends.
class Extends : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("kiln-extends-{}", testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto file = (folder_ / name).string();
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
    return file;
  }
  ChipConfig chip(const std::string& file) {
    auto loaded = catalogue_.chip(file);
    EXPECT_TRUE(loaded.ok()) << (loaded ? "" : loaded.error().message);
    return loaded ? *loaded : ChipConfig{};
  }
  std::string refusal(const std::string& file) {
    const auto loaded = catalogue_.chip(file);
    EXPECT_FALSE(loaded.ok());
    return loaded ? "" : loaded.error().message;
  }

  std::filesystem::path folder_;
  Catalogue catalogue_ = Catalogue(kConfigs);
};

TEST_F(Extends, SaysOnlyWhatDiffersAndIsWholeInItsHash) {
  const auto file = write("mine.json", R"({"extends": "hc1", "name": "mine", "vector": {"lanes": 512}, "lora": null})");
  Json expected = Json::parse(to_json(chip("hc1")));
  expected["name"] = "mine";
  expected["vector"]["lanes"] = 512;
  expected.erase("lora");
  // A link that is auto has beats as wide as the vector unit.
  const Json found = Json::parse(to_json(chip(file)));
  if (found["link"].is_object()) expected["link"]["beat_groups"] = found["link"]["beat_groups"];
  EXPECT_EQ(found, expected);
  const auto whole = write("whole.json", to_json(chip(file)));
  EXPECT_EQ(config_hash(to_json(chip(whole))), config_hash(to_json(chip(file))));
}

TEST_F(Extends, TheNameIsTheFilesOwnAndSoIsTheDescription) {
  EXPECT_EQ(refusal(write("a.json", R"({"extends": "hc1"})")).substr(folder_.string().size() + 1),
            "a.json: /name is missing; expected a text of 1 to 100 bytes.");
  EXPECT_EQ(chip(write("b.json", R"({"extends": "hc1", "name": "b"})")).description, "");
}

TEST_F(Extends, ReasonsHoldUntilSomethingIsSaidOfWhatTheyAreAbout) {
  const auto file = write("a.json", R"({"extends": "hc1", "name": "a", "kv": {"banks": 7}, "tile": {"rows": 512},
                                        "reasons": {"/tile/rows": "mine", "/vector/lanes": "also mine"}})");
  const auto base = chip("hc1"), mine = chip(file);
  EXPECT_EQ(mine.reasons.count("/kv/banks"), 0U);
  EXPECT_EQ(mine.reasons.at("/tile/rows"), "mine");
  EXPECT_EQ(mine.reasons.at("/vector/lanes"), "also mine");
  EXPECT_EQ(mine.reasons.at("/tile/columns"), base.reasons.at("/tile/columns"));
}

TEST_F(Extends, PathsAreRelativeToTheFileTheyAreIn) {
  write("bases/first.json", R"({"extends": "hc1", "name": "first", "clock_mhz": 700})");
  write("bases/second.json", R"({"extends": "./first.json", "name": "second", "kv": {"banks": 5}})");
  const auto mine = chip(write("mine.json", R"({"extends": "bases/second.json", "name": "mine"})"));
  EXPECT_EQ(mine.clock_mhz, 700U);
  EXPECT_EQ(mine.kv.banks, 5U);
}

TEST_F(Extends, AnErrorNamesTheFileThatTheValueIsFrom) {
  const auto base = write("base.json", R"({"extends": "hc1", "name": "base", "vector": {"lanes": 0}, "lora": null})");
  const auto file = write("mine.json", R"({"extends": "base.json", "name": "mine", "kv": {"banks": 0}})");
  EXPECT_EQ(refusal(file), fmt::format("{}: /vector/lanes is 0; allowed: an integer from 1 to 65536 elements.\n"
                                       "{}: /kv/banks is 0; allowed: an integer from 1 to 65536 banks.",
                                       base, file));
  const auto broken = write("broken.json", R"({"name": )");
  EXPECT_THAT(refusal(write("b.json", R"({"extends": "broken.json", "name": "b"})")), HasSubstr(broken + ": "));
}

TEST_F(Extends, ACircleIsRefusedAndSoIsALongChain) {
  const auto a = write("a.json", R"({"extends": "b.json", "name": "a"})");
  const auto b = write("b.json", R"({"extends": "./a.json", "name": "b"})");
  EXPECT_THAT(refusal(a),
              HasSubstr(b + ": /extends leads back to a file that it came from: " + a + ", " + b + ", " + a + "."));
  // However long a chain of "./" is, the files are called as they are.
  const auto leading = write("c.json", R"({"extends": "./d.json", "name": "c"})");
  write("d.json", R"({"extends": "./e.json", "name": "d"})");
  const auto last = write("e.json", R"({"extends": "././none.json", "name": "e"})");
  EXPECT_EQ(refusal((folder_ / "." / "." / "c.json").string()),
            last + ": /extends cannot be followed: there is no file " + (folder_ / "none.json").string());
  EXPECT_THAT(refusal(leading), HasSubstr(last));
  const auto self = write("self.json", R"({"extends": "self.json", "name": "a"})");
  EXPECT_THAT(refusal(self), HasSubstr("/extends leads back to a file that it came from"));
  write("0.json", R"({"extends": "hc1", "name": "0"})");
  for (std::size_t i = 1; i <= kMostBases; ++i)
    write(fmt::format("{}.json", i), fmt::format(R"({{"extends": "{}.json", "name": "{}"}})", i - 1, i));
  EXPECT_EQ(chip((folder_ / fmt::format("{}.json", kMostBases - 1)).string()).clock_mhz, chip("hc1").clock_mhz);
  EXPECT_THAT(refusal((folder_ / fmt::format("{}.json", kMostBases)).string()),
              HasSubstr("/extends is the 9th of a chain; at most 8 are allowed."));
}

TEST_F(Extends, WhatCannotBeFollowedIsASentence) {
  EXPECT_THAT(
      refusal(write("a.json", R"({"extends": "hc2", "name": "a"})")),
      HasSubstr("a.json: /extends cannot be followed: no chip config is named \"hc2\"; the nearest is \"hc1\""));
  EXPECT_THAT(refusal(write("b.json", R"({"extends": "none.json", "name": "b"})")),
              HasSubstr("/extends cannot be followed: there is no file "));
  EXPECT_THAT(refusal(write("c.json", R"({"extends": 3, "name": "c"})")), HasSubstr("/extends is no text; allowed: "));
  EXPECT_THAT(refusal(write("d.json", R"({"extends": "", "name": "d"})")), HasSubstr("/extends is no text; allowed: "));
}

TEST_F(Extends, EveryKindMayAndNullTakesAKeyAway) {
  const auto file =
      write("m.json", R"({"extends": "llama-3.2-3b", "name": "m", "num_hidden_layers": 4, "rope_scaling": null})");
  const auto model = catalogue_.model(file);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->layers, 4U);
  EXPECT_EQ(model->hidden_size, catalogue_.model("llama-3.2-3b")->hidden_size);
  EXPECT_EQ(model->rope_scaling.kind, RopeScalingKind::None);
}

TEST_F(Extends, ALongKeyInFrontOfManyIsNotRepeated) {
  std::string members = "\"a\":1";
  for (int i = 0; i < 15000; ++i) members += fmt::format(",\"k{}\":1", i);
  const std::string own = "\"" + std::string(2 << 20, 'k') + "\":{";  // 30 GB, were it in each pointer
  write("a.json", R"({"extends": "demo",)" + own + members + "}}");
  EXPECT_THAT(refusal(write("b.json", R"({"extends": "./a.json",)" + own + "\"b\":1}}")), HasSubstr("not a known key"));
}

TEST_F(Extends, AChainOfManyKeysIsReadInTimeThatGrowsWithThem) {
  std::string members;
  for (int i = 0; i < 15000; ++i) members += fmt::format(",\"k{}\":1", i);
  write("a.json", R"({"extends": "demo")" + members + "}");
  write("b.json", R"({"extends": "./a.json"})");
  write("c.json", R"({"extends": "./b.json"})");
  const auto error = refusal(write("d.json", R"({"extends": "./c.json"})"));
  EXPECT_THAT(error, HasSubstr("a.json: /k0 is not a known key"));  // where it comes from, three files away
  EXPECT_THAT(error, HasSubstr("more errors."));
}

}  // namespace
}  // namespace kiln::config
