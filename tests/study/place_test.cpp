// Links from the floorplan: `"link": "auto"`.
#include "study/place.hpp"

#include <nlohmann/json.hpp>

#include "kiln/config/latencies.hpp"
#include "kiln/study/cost.hpp"
#include "kiln/study/run.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using testing::HasSubstr;

class PlaceStudy : public test::StudyTest {
 protected:
  [[nodiscard]] static base::Result<CostAnswer> weighed(const std::string& chip, const std::string& model,
                                                        std::vector<config::Override> changes) {
    auto environment = with("chip", std::move(changes));
    CostQuestion question;
    question.chip = chip;
    question.model = model;
    question.prompt_tokens = question.new_tokens = 4;
    return cost(question, environment);
  }
};

TEST_F(PlaceStudy, AutoIsWhatTheFloorplanAsksFor) {
  for (const auto& [chip, model] : {std::pair("hc1", "llama-3.1-8b"),
                                    {"hc1-cell-per-weight", "llama-3.1-8b"},
                                    {"hc1-pipelined", "llama-3.1-8b"},
                                    {"hc1-x10", "llama-3.1-70b"},
                                    {"hnlpu", "gpt-oss-120b-dense"},
                                    {"demo-bit-serial", "kiln-stories-1m"}}) {
    SCOPED_TRACE(chip);
    const auto answer = weighed(chip, model, {"link=auto"});
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    const auto& link = answer->placement.chip().link;
    const bool settled = chip != std::string("hc1-x10");  // which goes round in circles
    for (const auto& wire : answer->chip.die.wires) {
      EXPECT_GE(link[wire.link], wire.registers) << name(wire.link);
      EXPECT_TRUE(!settled || link[wire.link] == wire.registers) << name(wire.link);
    }
    for (const auto& reason : answer->verdict.reasons) EXPECT_NE(reason.kind, ReasonKind::LinkRegisters);
    // The numbers typed into the config give the same chip.
    std::vector<config::Override> typed;
    config::ChipConfig numbers = answer->placement.chip();
    config::for_each_latency(numbers, [&](const std::string& key, const std::uint32_t& cycles) {
      typed.push_back(key + "=" + std::to_string(cycles));
    });
    const auto by_hand = weighed(chip, model, typed);
    ASSERT_TRUE(by_hand.ok()) << by_hand.error().message;
    EXPECT_EQ(config::to_json(by_hand->placement.chip()), config::to_json(answer->placement.chip()));
    EXPECT_EQ(by_hand->chip.die.area_mm2, answer->chip.die.area_mm2);
    EXPECT_EQ(by_hand->result.chip.total.count(), answer->result.chip.total.count());
  }
}

TEST_F(PlaceStudy, AFasterClockTakesMoreRegisters) {
  const auto usual = weighed("hc1", "llama-3.1-8b", {"link=auto"});
  const auto fast = weighed("hc1", "llama-3.1-8b", {"link=auto", "clock_mhz=2120"});
  ASSERT_TRUE(usual.ok() && fast.ok());
  const auto registers = [](const CostAnswer& a) { return a.placement.chip().link[config::Link::VectorToArray]; };
  EXPECT_EQ(registers(*usual), 4U);
  EXPECT_GE(registers(*fast), 8U);
  EXPECT_GT(fast->result.chip.total.count(), usual->result.chip.total.count());
}

TEST_F(PlaceStudy, ARunTakesThemToo) {
  auto environment = with("chip", {"link=auto"});
  RunQuestion question;
  question.rom = baked("w4");
  question.chip = "demo";
  question.prompt_tokens = question.new_tokens = 3;
  const auto answer = run(question, environment);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_THAT(answer->placement.chip().automatic, testing::Contains("/link/array_to_tree"));
  EXPECT_EQ(answer->placement.chip().link.beat_groups, 1U);  // as wide as the vector unit
}

TEST_F(PlaceStudy, RefusesWhatHasNoFloorplan) {
  std::ifstream file(KILN_SOURCE_DIR "/configs/chip/demo.json");
  auto chip = nlohmann::json::parse(file);
  chip.erase("silicon");
  chip.erase("reasons");
  const auto bare = weighed(write("bare.json", chip.dump()), "kiln-stories-1m", {});
  EXPECT_EQ(refusal(bare),
            "chip demo: /tile/accumulate_cycles is \"auto\", but there is no /silicon; its technology and ROM cell are "
            "expected");
  EXPECT_THAT(refusal(weighed("demo-bit-serial", "llama-3.1-8b", {"link=auto", "clock_mhz=10000"})),
              HasSubstr("at most 1024 are allowed"));
}

}  // namespace
}  // namespace kiln::study
