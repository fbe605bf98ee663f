// `kiln new` and `kiln list` as command lines: options, files, sentences. What is found: tests/study/new_chip_test.cpp.
#include <gmock/gmock.h>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using testing::HasSubstr;

class NewCommand : public test::KilnTest {};

TEST_F(NewCommand, WritesAChipThatTheOtherCommandsTake) {
  const auto mine = path("mine.json");
  const auto outcome = kiln({"new", "--model", "kiln-stories-1m", "--node", "n7", "--area", "14", "--context", "256",
                             "--name", "mine", "-o", mine, "--json", path("new.json")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("tokens/s to one user"));
  const auto document = nlohmann::json::parse(test::slurp(path("new.json")));
  EXPECT_EQ(document["config"], test::slurp(mine));
  EXPECT_EQ(document["buildable"], true);
  EXPECT_LE(document["area_mm2"]["typical"], 14);
  EXPECT_GT(document["points"], 20);
  EXPECT_EQ(nlohmann::json::parse(test::slurp(mine))["name"], "mine");
  const auto cost = kiln({"cost", "--chip", mine, "--model", "kiln-stories-1m", "--prompt-tokens", "16", "-n", "16",
                          "--require", "buildable"});
  EXPECT_EQ(cost.status, 0) << cost.err;
}

TEST_F(NewCommand, RefusesWhatItCannotDo) {
  const auto refused = [&](const std::string& node, const std::string& area, const std::string& part) {
    const auto outcome = kiln({"new", "--model", "kiln-stories-1m", "--node", node, "--area", area, "--context", "64"});
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(part));
  };
  refused("n7", "900", "--area is 900; above 0, to 858 mm2 is expected");
  refused("n4711", "4", "n4711");
  for (const std::string& name : {std::string(101, 'a'), std::string("a\n\x1b[31m")}) {  // before the search
    const auto outcome = kiln({"new", "--model", "kiln-stories-1m", "--node", "n7", "--area", "4", "--name", name});
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr("kiln: error: --name: the chip would be called \"a"));
  }
}

TEST_F(NewCommand, ChoosesTheChipsKeysItself) {
  for (const auto& [set, kind] :
       {std::pair("clock_mhz=900", "chip:"), {"chip:kv.banks=3", ""}, {"/schedule=x", "chip:"}}) {
    const auto refused = kiln({"new", "--model", "kiln-stories-1m", "--node", "n7", "--area", "14", "--set", set});
    EXPECT_EQ(refused.status, 2) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("kiln: error: --set " + std::string(kind) + set +
                                       " has no effect: the chip is what is looked for; change it in the file"));
  }
}

TEST_F(NewCommand, SaysTheCommandThatMakesItAgain) {
  const auto model = write("my model's.json", test::slurp(KILN_SOURCE_DIR "/configs/model/kiln-stories-1m.json"));
  const auto made = document({"new", "--model", model, "--node", "n7", "--area", "20", "--context", "64", "--name",
                              "a b", "--set", "model:num_hidden_layers=2", "--set", "tech:clock_margin.typical=0.14"});
  const std::string config = made["config"];
  std::string escaped = model;
  escaped.replace(escaped.find('\''), 1, "'\\''");
  EXPECT_THAT(std::string(nlohmann::json::parse(config)["description"]),
              HasSubstr("kiln new --model '" + escaped +
                        "' --node n7 --area 20 --context 64 --name 'a b' "
                        "--set model:num_hidden_layers=2 --set tech:clock_margin.typical=0.14: "));
}

TEST_F(NewCommand, ListsWhatANameMayMean) {
  for (const auto& [kind, name] : {std::pair("chips", "hc1"), {"technologies", "n7"}, {"models", "llama-3.2-3b"}}) {
    const auto text = kiln({"list", kind});
    EXPECT_EQ(text.status, 0) << text.err;
    EXPECT_THAT(text.out, HasSubstr(name));
    const auto document = nlohmann::json::parse(kiln({"list", kind, "--json", "-"}).out);
    bool there = false;
    for (const auto& config : document["configs"]) there = there || config["name"] == name;
    EXPECT_TRUE(there) << document;
  }
  EXPECT_EQ(kiln({"list", "spoons"}).status, 2);
  const auto without = kiln({"list"});
  EXPECT_EQ(without.status, 2);
  EXPECT_THAT(without.err,
              HasSubstr("KIND is required: one of chips, models, recipes, gpus, technologies, machines is"));
}

TEST_F(NewCommand, ListsARangeThatIsOneNumberAsOne) {
  const auto text = kiln({"list", "gpus"}).out;
  EXPECT_THAT(text, HasSubstr("1.99\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("1.99 to 1.99")));
  EXPECT_THAT(text, HasSubstr(" to "));
}

}  // namespace
}  // namespace kiln
