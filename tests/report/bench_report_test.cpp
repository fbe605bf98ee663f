// What `kiln bench` says, of an answer whose times are made up.
#include "report/bench_report.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "report/table.hpp"
#include "study/place.hpp"
#include "support/study_test.hpp"

namespace kiln::report {
namespace {

using nlohmann::json;
using study::BenchMeasurement;
using testing::HasSubstr;

class BenchDocument : public test::StudyTest {
 protected:
  static BenchMeasurement measured(const std::string& name, std::vector<double> seconds) {
    BenchMeasurement m;
    m.name = m.what = name;
    m.seconds = std::move(seconds);
    return m;
  }
  [[nodiscard]] study::BenchAnswer answer() const {
    const auto configs = shipped();
    const auto model = configs.model(path("tiny.json")).value();
    const auto recipe = configs.recipe("w4").value();
    const auto placed = study::place(model, recipe, configs.chip("demo").value(), {}, configs).value();
    study::BenchAnswer answer(placed.placement, recipe);
    answer.rom_hash = "ab";
    answer.image_bytes = 4000;
    answer.bytes_per_token = 1000;
    answer.rounds = 3;
    answer.machine = {"A Processor", {"scalar", "avx2"}, 2, 8 << 20, 1 << 20, "Linux 6", ""};
    auto read = measured("read_image", {1, 2, 1});
    read.bytes = 4000;
    auto decode = measured("decode", {2, 4, 8});
    decode.bound = "read_image";
    decode.tokens = 4;
    decode.bytes = 4000;
    decode.cycles = 80;
    decode.kernel_events = 40;
    auto values = measured("values", {2, 2, 4});
    values.tokens = 4;
    auto memory = measured("read_memory", {1, 1, 1});
    memory.bytes = 1 << 20;
    answer.measurements = {read, decode, memory, values};
    for (const auto& width : answer.machine.widths) {
      auto kernel = measured("kernel", {4, 4, 4});
      kernel.bits = 3;
      kernel.simd = width;
      kernel.bound = "read_memory";
      kernel.bytes = 1 << 20;
      answer.measurements.push_back(kernel);
    }
    auto growth = measured("growth", {1, 1, 1});
    growth.model = "llama-3.1-70b";
    growth.context = 256;
    growth.kv_bytes = 512;
    growth.tokens = 16;
    growth.cycles = 3200;
    growth.kernel_events = 1600;
    answer.measurements.push_back(growth);
    auto registers = measured(study::kBenchRegisters, {1, 1, 2});
    registers.products = 1000;
    answer.measurements.push_back(registers);
    auto prefill = measured("prefill", {2, 4, 4});
    prefill.tokens = 4;
    prefill.products = 400;
    answer.measurements.push_back(prefill);
    answer.llama = study::LlamaAnswer{"llama 1B Q4_0", "c0ffee", 900, {{"decode", {0.5, 2, 1}}}};
    return answer;
  }
};

TEST_F(BenchDocument, HasMediansEndsAndRounds) {
  const auto document = json::parse(bench_json(answer()));
  EXPECT_EQ(document["command"], "bench");
  EXPECT_EQ(document["model"]["name"], "tiny");
  EXPECT_EQ(document["bytes_read_per_token"], 1000);
  EXPECT_EQ(document["bound_tokens_per_s"],
            json::parse(R"({"median": 4, "least": 2, "most": 4, "rounds": [4, 2, 4]})"));
  EXPECT_EQ(document["price_of_timing_and_counters"]["rounds"], json::parse("[0, 1, 1]"));
  EXPECT_EQ(document["price_of_timing_and_counters"]["median"], 1);
  EXPECT_EQ(document["machine"]["governor"], "");
  const auto& decode = document["measurements"][1];
  EXPECT_EQ(decode["seconds"]["median"], 4);
  EXPECT_EQ(decode["tokens_per_s"], json::parse(R"({"median": 1, "least": 0.5, "most": 2})"));
  EXPECT_EQ(decode["share"]["rounds"], json::parse("[0.5, 0.5, 0.125]"));
  EXPECT_EQ(decode["share"]["median"], 0.5);
  EXPECT_EQ(decode["bytes_per_token"], 1000);
  EXPECT_EQ(decode["kernel_events_per_token"], 10);
  EXPECT_FALSE(document["measurements"][0].contains("share"));
  EXPECT_EQ(document["measurements"][6]["kv_bytes_per_user"], 512);
  EXPECT_FALSE(document["measurements"][7].contains("share_of_ports")) << "it is the limit";
  EXPECT_EQ(document["measurements"][8]["share_of_ports"]["rounds"], json::parse("[0.2, 0.1, 0.2]"));
  EXPECT_EQ(document["llama_bench"]["ratios"][0]["ratio"]["median"], 1);
}

TEST_F(BenchDocument, ACsvHasTheMachineAndAsManyCellsInEveryRow) {
  std::istringstream lines(bench_csv(answer()));
  std::vector<std::vector<std::string>> rows;
  std::string comments;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      comments += line + "\n";
      continue;
    }
    auto& row = rows.emplace_back();
    std::istringstream cells(line + ",");
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  EXPECT_THAT(comments, HasSubstr("# cpu: A Processor\n"));
  EXPECT_THAT(comments, Not(HasSubstr("governor"))) << "it is not known";
  ASSERT_EQ(rows.size(), 10U);
  for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size()) << row[0];
  const auto at = [&](std::size_t row, const std::string& column) {
    return rows[row].at(static_cast<std::size_t>(std::ranges::find(rows[0], column) - rows[0].begin()));
  };
  EXPECT_EQ(at(2, "measurement"), "decode");
  EXPECT_EQ(at(2, "model"), "tiny");
  EXPECT_EQ(at(2, "seconds"), "4");
  EXPECT_EQ(at(2, "tokens_per_s"), "1");
  EXPECT_EQ(at(2, "seconds_per_token"), "1");
  EXPECT_EQ(at(2, "share"), "0.5");
  EXPECT_EQ(at(2, "share_least"), "0.125");
  EXPECT_EQ(at(5, "bits"), "3");
  EXPECT_EQ(at(5, "simd"), "scalar");
  EXPECT_EQ(at(5, "model"), "");
  EXPECT_EQ(at(5, "share"), "0.25");
  EXPECT_EQ(at(7, "model"), "llama-3.1-70b");
  EXPECT_EQ(at(7, "context"), "256");
  EXPECT_EQ(at(7, "kernel_events_per_token"), "100");
  EXPECT_EQ(at(7, "seconds_per_token"), "0.0625");
  EXPECT_EQ(at(7, "share"), "");
  EXPECT_EQ(at(7, "products"), "");
  EXPECT_EQ(at(8, "model"), "");
  EXPECT_EQ(at(8, "share_of_ports"), "");
  EXPECT_EQ(at(9, "products"), "400");
  EXPECT_EQ(at(9, "share_of_ports"), "0.2");
}

TEST_F(BenchDocument, AScreenFitsTheTerminal) {
  const auto text = bench_text(answer());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTerminalColumns) << line;
  EXPECT_THAT(text, HasSubstr("a token reads 1,000 bytes of weights: at most 4.00 (2.00 to 4.00) tokens/s"));
  EXPECT_THAT(text, HasSubstr("3 bits"));
  EXPECT_THAT(text, HasSubstr("25.0 %"));
  EXPECT_THAT(text, HasSubstr("  prefill reaches 20.0 % of it\n"));
  EXPECT_THAT(text, HasSubstr("Kiln has 1.00 (0.5 to 2.00) times its tokens/s"));
}

}  // namespace
}  // namespace kiln::report
