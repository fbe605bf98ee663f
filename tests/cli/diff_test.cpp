// `kiln diff` on what the program writes: each key's own effect is what `kiln cost` with that key says, which simulates the
// chip; points of sweeps, of one database or two, with links that follow the floorplan.
#include <gmock/gmock.h>

#include "support/kiln_test.hpp"

namespace kiln {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class DiffCommand : public test::KilnTest {
 protected:
  [[nodiscard]] nlohmann::json cost(const Words& set, const std::string& name = "") const {
    Words words = {"cost", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "8", "-n", "8"};
    for (const auto& each : set) words.insert(words.end(), {"--set", each});
    if (name.empty()) return document(words);
    words.insert(words.end(), {"--json", path(name)});
    const auto outcome = kiln(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return nlohmann::json::parse(test::slurp(path(name)));
  }
  [[nodiscard]] nlohmann::json diff(const std::string& a, const std::string& b) const {
    return document({"diff", path(a), path(b)});
  }
  void sweep(const std::string& database, const std::string& clocks, const std::string& more = "") const {
    write("spec.json", R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8,
      "new_tokens": 8}, "links": "auto", "vary": {"chip:/clock_mhz": )" +
                           clocks + R"(, "chip:/tile/columns": [64, 128])" + more +
                           R"(}, "sample": {"method": "grid"}})");
    const auto outcome = kiln({"sweep", path("spec.json"), "-o", path(database), "-j", "1"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  static nlohmann::json entry(const nlohmann::json& list, const std::string& key, const std::string& name) {
    for (const auto& each : list)
      if (each[key] == name) return each;
    ADD_FAILURE() << "no " << name << " in " << list;
    return {};
  }
};

TEST_F(DiffCommand, AKeysEffectIsWhatTheSimulatedChipHasWithThatKey) {
  const Words changes = {"clock_mhz=400", "tile.columns=64", "kv.banks=8"};
  const auto a = cost({}, "a.json"), b = cost(changes, "b.json");
  const auto found = diff("a.json", "b.json");
  EXPECT_EQ(found["keys"].size(), changes.size()) << found["keys"];
  EXPECT_TRUE(found["not_explained"].empty()) << found["not_explained"];
  const std::map<std::string, std::string> set = {
      {"chip:/clock_mhz", changes[0]}, {"chip:/tile/columns", changes[1]}, {"chip:/kv/banks", changes[2]}};
  const std::map<std::string, nlohmann::json::json_pointer> figures = {
      {"tokens_per_s_user", nlohmann::json::json_pointer("/tokens_per_s_user")},
      {"ttft_us", nlohmann::json::json_pointer("/ttft_us")},
      {"area_mm2.typical", nlohmann::json::json_pointer("/area_mm2/typical")},
      {"power_w.typical", nlohmann::json::json_pointer("/power_w/typical")},
      {"energy_mj_per_token.typical", nlohmann::json::json_pointer("/energy_mj_per_token/typical")}};
  std::map<std::string, double> alone;
  for (const auto& key : found["keys"]) {
    const auto with = cost({set.at(key["key"])});
    for (const auto& effect : key["effects"]) {
      alone[effect["figure"]] += effect["change"].get<double>();
      const auto figure = figures.find(effect["figure"]);
      if (figure == figures.end()) continue;
      const double expected = with[figure->second].get<double>();
      EXPECT_NEAR(effect["value"].get<double>(), expected, 1e-9 * expected) << key["key"] << " " << effect["figure"];
      EXPECT_NEAR(effect["change"].get<double>(), expected - a[figure->second].get<double>(), 1e-9 * expected);
    }
  }
  for (const auto& [name, pointer] : figures) {
    const auto all = entry(found["explained"], "figure", name);
    EXPECT_NEAR(all["change"].get<double>(), b[pointer].get<double>() - a[pointer].get<double>(), 1e-12);
    EXPECT_NEAR(all["alone"].get<double>(), alone[name], 1e-9);
    EXPECT_NEAR(all["together"].get<double>(), all["change"].get<double>() - alone[name], 1e-9);
  }
  const auto text = kiln({"diff", path("a.json"), path("b.json")});
  EXPECT_EQ(text.status, 0) << "it is no check";
  EXPECT_THAT(text.out, AllOf(HasSubstr("3 keys of configs differ"), HasSubstr("A with one key of B"),
                              HasSubstr("together, beyond that")));
  const auto same = kiln({"diff", path("a.json"), path("a.json")});
  EXPECT_EQ(same.status, 0);
  EXPECT_THAT(same.out, HasSubstr("no figure moved, and no key of a config differs"));
}

TEST_F(DiffCommand, PointsKeepTheirAutomaticLinks) {
  sweep("r.db", "[400, 500]", R"(, "recipe": ["w4", "w8"])");
  const auto found = diff("r.db:0", "r.db:7");
  ASSERT_EQ(found["keys"].size(), 3U) << "links that follow the floorplan are no keys: " << found["keys"];
  const auto points = document({"sweep", "export", path("r.db")})["points"];
  // Axes in the order of their names: clock, columns, recipe, the last one fastest.
  const std::map<std::string, int> numbers = {{"chip:/clock_mhz", 4}, {"chip:/tile/columns", 2}, {"recipe", 1}};
  for (const auto& key : found["keys"]) {
    const auto& figures = points[static_cast<std::size_t>(numbers.at(key["key"]))]["figures"];
    for (const auto& effect : key["effects"])
      EXPECT_EQ(effect["value"], figures[std::string(effect["figure"])]) << key["key"];
    EXPECT_FALSE(key["effects"].empty()) << key["key"];
  }
  EXPECT_EQ(entry(found["keys"], "key", "recipe")["b"], "w8");
  // Of two databases, and beside a document of the same design.
  sweep("s.db", "[450]");
  const auto two = diff("r.db:0", "s.db:0");
  ASSERT_EQ(two["keys"].size(), 2U) << two["keys"];
  EXPECT_EQ(entry(two["keys"], "key", "chip:/clock_mhz")["b"], 450);
  EXPECT_TRUE(two["not_explained"].empty()) << two["not_explained"];
}

TEST_F(DiffCommand, SaysWhatIsNotExplained) {
  auto a = cost({}, "a.json");
  const auto b = cost({"clock_mhz=400"}, "b.json");
  a["tokens_per_s_user"] = a["tokens_per_s_user"].get<double>() + 1;
  write("other.json", a.dump());
  const auto other = diff("other.json", "b.json");
  ASSERT_EQ(other["not_explained"].size(), 1U);
  EXPECT_THAT(std::string(other["not_explained"][0]), HasSubstr("tokens_per_s_user: this Kiln finds "));
  EXPECT_FALSE(other["explained"].empty()) << "other figures are";
  a.erase("chip");
  write("none.json", a.dump());
  EXPECT_THAT(std::string(diff("none.json", "b.json")["not_explained"][0]), HasSubstr("none.json: /chip is no config"));
  // A chip between the two that is none: its KV cache holds fewer tokens.
  ASSERT_EQ(kiln({"cost", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "3000", "-n", "8", "--set",
                  "kv.depth_words=4096", "--json", path("long.json")})
                .status,
            0);
  const auto between = diff("b.json", "long.json");
  EXPECT_THAT(std::string(entry(between["keys"], "key", "prompt_tokens")["no_effects"]),
              HasSubstr("its KV cache holds"));
  EXPECT_FALSE(entry(between["keys"], "key", "chip:/kv/depth_words")["effects"].empty());
  EXPECT_THAT(kiln({"diff", path("b.json"), path("long.json")}).out, HasSubstr("prompt_tokens alone: "));
}

TEST_F(DiffCommand, RefusesWhatItCannotRead) {
  (void)cost({}, "a.json");
  sweep("r.db", "[400]");
  const auto says = [&](const std::string& b) {
    const auto outcome = kiln({"diff", path("a.json"), path(b)});
    EXPECT_EQ(outcome.status, 2) << b;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(says("r.db"), HasSubstr("r.db:N, its point N, is expected"));
  EXPECT_THAT(says("r.db:2"), HasSubstr("has no point 2"));
  EXPECT_THAT(says("spec.json"), HasSubstr("has no /command"));
  EXPECT_THAT(says("nowhere.json"), HasSubstr("cannot open"));
  EXPECT_THAT(kiln({"diff", path("a.json"), path("a.json"), "--set", "kv.banks=4"}).err,
              HasSubstr("--set has no effect"));
  EXPECT_EQ(kiln({"diff", path("a.json")}).status, 2);
}

TEST_F(DiffCommand, ALongKeyInFrontOfManyFiguresIsRefused) {
  nlohmann::json document = {{"command", "cost"}};
  auto& below = document[std::string(4 << 20, 'k')];
  for (int i = 0; i < 50000; ++i) below[std::to_string(i)] = i;  // 200 GB, were it in the path of each
  const auto file = write("long.json", document.dump());
  const auto outcome = kiln({"diff", file, file});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("has a key of more than 1000 bytes"));
}

}  // namespace
}  // namespace kiln
