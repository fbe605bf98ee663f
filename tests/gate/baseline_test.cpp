// Baselines: what is recorded and how, what is refused, which commands a check may run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "gate/arguments.hpp"
#include "gate/gate_testing.hpp"

namespace kiln::gate {
namespace {

using namespace documents;
using testing::HasSubstr;

TEST(Baselines, TakeTheFiguresThatMustComeAgain) {
  const auto all = baseline(kRun, {"run"});
  std::vector<std::string> paths;
  for (const auto& metric : all.metrics) paths.push_back(metric.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"cycles_total", "tokens_per_s_user", "kv.capacity_tokens",
                                             "verdict.buildable", "text"}));
  EXPECT_EQ(all.metrics[0].name, "run demo m w4: cycles_total");
}

TEST(Baselines, OfSweepsSayOfWhichSpecTheyAre) {
  const auto hash = [](const std::string& spec) {
    const auto document = R"({"command": "sweep", "summary": {"points": 1, "spec_hash": ")" + spec + "\"}}";
    return baseline(document, {"sweep"}).metrics.at(0).config_hash;
  };
  EXPECT_EQ(hash("a"), hash("a"));
  EXPECT_NE(hash("a"), hash("b"));
}

TEST(Baselines, AreTheSameAfterReading) {
  auto all = baseline(kRun, {"run", "--prompt", "a \"b\"\n"});
  const auto text = to_text(all);
  const auto again = parse_baseline(text, "b.json");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_text(*again), text);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7) << "a metric a line";
}

TEST(Baselines, SayWhatIsWrong) {
  const auto wrong = [](const std::string& text) { return parse_baseline(text, "b.json").error().message; };
  EXPECT_THAT(wrong("x"), HasSubstr("is no baseline"));
  EXPECT_THAT(wrong(R"({"version": 2, "metrics": []})"), HasSubstr("/version is 2; this Kiln reads version 1"));
  EXPECT_THAT(wrong(R"({"version": 1, "metrics": []})"), HasSubstr("at least one metric"));
  const auto text = to_text(baseline(kEval, {"eval"}));
  EXPECT_THAT(wrong(changed(text, "\"lower\"", "\"down\"")), HasSubstr("/metrics/0/direction is \"down\""));
  EXPECT_THAT(wrong(changed(text, "\"eval\"]", "\"rtl\"]")),
              HasSubstr("does not begin with run, eval, cost, bake or sweep"));
  EXPECT_THAT(wrong(changed(text, "\"eval\"]", "\"eval\", \"--json=/tmp/x\"]")), HasSubstr("no recorded command has"));
  EXPECT_THAT(wrong(changed(text, "\"unit\"", "\"units\"")), HasSubstr("/units is not a known key"));
  EXPECT_THAT(wrong(text.substr(0, text.size() / 2)), HasSubstr("is no baseline"));
  for (const char* number : {"-0.5", "1.5", "\"0\"", "true", "null"})
    EXPECT_THAT(wrong(changed(text, "\"relative\":0.001", std::string("\"relative\":") + number)),
                HasSubstr("{\"relative\": a number from 0 to 1} is expected"))
        << number;
  for (const char* number : {"1e999", "NaN", "Infinity", "0x10"})
    EXPECT_THAT(wrong(changed(text, "\"value\":10.0", std::string("\"value\":") + number)),
                HasSubstr("is no baseline"));
  for (const char* value : {"null", "[1]", "{}"})
    EXPECT_THAT(wrong(changed(text, "\"value\":10.0", std::string("\"value\":") + value)),
                HasSubstr("a number, a text or a boolean is expected"));
  const auto first = text.substr(text.find('\n') + 1, text.find(",\n") - text.find('\n') - 1);
  EXPECT_THAT(wrong("{\"version\": 1, \"metrics\": [" + first + ", " + first + "]}"), HasSubstr("is there twice"));
}

TEST(Baselines, MayLeaveOutWhatTheNameSays) {
  const auto text = to_text(baseline(kRun, {"run"}));
  const auto without = parse_baseline(changed(text, "\"path\":\"cycles_total\",", ""), "b.json");
  ASSERT_TRUE(without.ok()) << without.error().message;
  EXPECT_EQ(without->metrics[0].path, "cycles_total");
}

TEST(Commands, AreKeptWithoutWhereTheyWriteAndHoldFromTheBaselinesFolder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "gate_arguments";
  std::filesystem::create_directories(folder / "gates");
  std::ofstream(folder / "x.rom") << "x";
  const auto rom = (folder / "x.rom").string();
  EXPECT_EQ(recorded({"run", "--rom", rom, "--threads", "4", "--json=o.json", "--record", "b.json", "--prompt", "a/b",
                      "--set", "kv.banks=4"},
                     folder / "gates"),
            (std::vector<std::string>{"run", "--rom", "../x.rom", "--prompt", "a/b", "--set", "kv.banks=4"}));
  EXPECT_EQ(recorded({"bake", "synthetic:a:1", "-o", "/somewhere/y.rom"}, folder),
            (std::vector<std::string>{"bake", "synthetic:a:1", "-o", "y.rom"}));
  EXPECT_EQ(runnable({"bake", "c", "-o", "/etc/y.rom"}, "/s", "/s/d.json"),
            (std::vector<std::string>{"bake", "c", "-o", "/s/y.rom", "--json", "/s/d.json"}));
}

TEST(Commands, OfABaselineThatWouldWriteElsewhereAreNotRun) {
  const auto why = [](std::vector<std::string> command) { return refused(command).value_or("runs"); };
  EXPECT_EQ(why({"run", "--chip", "demo", "--prompt", "a", "-n", "4", "--set", "kv.banks=4"}), "runs");
  EXPECT_EQ(why({"bake", "c", "--output=/etc/passwd"}), "runs") << "only its name counts";
  EXPECT_EQ(runnable({"bake", "c", "--output=/etc/passwd"}, "/s", "/d").at(3), "/s/passwd");
  for (const char* option : {"--json=x", "--record", "--trace", "--svg", "--logits", "--threads", "--csv", "--worker",
                             "--shard", "--unheard-of", "-j", "-o/etc/passwd", "-j4", "--", "--help"})
    EXPECT_THAT(why({"sweep", "s.json", option, "x"}), HasSubstr("which no recorded command has")) << option;
  for (const char* part : {"collect", "export", "explain"})
    EXPECT_THAT(why({"sweep", part, "r.db"}), HasSubstr("which records nothing"));
  for (const char* command : {"check", "rtl", "chat", "sh", "", "--help"})
    EXPECT_THAT(why({command, "x"}), HasSubstr("does not begin with"));
  EXPECT_THAT(why({"bake", "c", std::string("-o\0/etc/passwd", 14)}), HasSubstr("zero byte"));
  EXPECT_THAT(why({"run", "--prompt", std::string("a\0b", 3)}), HasSubstr("zero byte"));
  EXPECT_THAT(why({"run", "--prompt", "--json"}), HasSubstr("--prompt without a value"));
  EXPECT_THAT(why({"run", "--rom"}), HasSubstr("--rom without a value"));
  EXPECT_THAT(why({}), HasSubstr("does not begin with"));
}

TEST(Commands, KeepTheirMeaningHoweverTheyWereTyped) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "gate_words";
  std::filesystem::create_directories(folder / "gates");
  std::ofstream(folder / "notes.txt") << "x";
  std::ofstream(folder / "hc1") << "x";
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  const auto of = [](std::vector<std::string> words) { return recorded(words, "gates"); };
  using Words = std::vector<std::string>;
  EXPECT_EQ(of({"run", "-n64", "--users=2"}), (Words{"run", "-n", "64", "--users", "2"}));
  EXPECT_EQ(of({"run", "--prompt", "notes.txt"}), (Words{"run", "--prompt", "notes.txt"})) << "a text is no file";
  EXPECT_EQ(of({"run", "--prompt=-n"}), (Words{"run", "--prompt=-n"}));
  EXPECT_EQ(runnable({"run", "--prompt=-n"}, "o", "d"), (Words{"run", "--prompt=-n", "--json", "d"}));
  EXPECT_EQ(of({"run", "--chip", "hc1"}), (Words{"run", "--chip", "hc1"})) << "a name is no file";
  EXPECT_EQ(of({"run", "--chip", "./hc1"}), (Words{"run", "--chip", "../hc1"}));
  EXPECT_EQ(of({"eval", "--text", "notes.txt"}), (Words{"eval", "--text", "../notes.txt"}));
  EXPECT_EQ(of({"sweep", "notes.txt", "-o", "a/r.db", "-j2", "--resume"}),
            (Words{"sweep", "../notes.txt", "-o", "r.db"}));
  EXPECT_EQ(of({"sweep", "notes.txt", "--reuse", "a.db", "b.db", "--verify", "all"}),
            (Words{"sweep", "../notes.txt", "--verify", "all"}));
  EXPECT_EQ(of({"sweep", "--sbatch", "--time=1:00:00", "notes.txt"}), (Words{"sweep", "../notes.txt"}));
  std::ofstream(folder / "x.gguf") << "x";
  EXPECT_EQ(of({"run", "--model", "x.gguf"}), (Words{"run", "--model", "../x.gguf"}));
  EXPECT_EQ(of({"run", "--rtl=false", "--timeline"}), (Words{"run", "--rtl=false", "--timeline"}));
  EXPECT_EQ(runnable({"run", "--rtl=false", "--timeline"}, "o", "d"),
            (Words{"run", "--rtl=false", "--timeline", "--json", "d"}));
  EXPECT_EQ(of({"run", "--gpu", "h100-sxm", "b200"}), (Words{"run", "--gpu", "h100-sxm", "b200"}));
  std::filesystem::current_path(before);
}

TEST(Records, OfASweepAreWhereItsSpecsPathsHold) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "gate_specs";
  std::filesystem::create_directories(folder / "gates");
  for (const char* name : {"chip.json", "heldout", "demo"}) std::ofstream(folder / name) << "x";
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  const auto said = [](const std::string& base) {
    std::ofstream("spec.json") << R"({"base": )" << base << "}";
    const auto can = can_record("gates/b.json", {"sweep", "-j", "2", "spec.json", "-o", "r.db"});
    EXPECT_TRUE(can_record("b.json", {"sweep", "spec.json", "-o", "r.db"}).ok());
    return can ? std::string() : can.error().message;
  };
  EXPECT_THAT(said(R"({"chip": "./chip.json"})"), HasSubstr("the spec names ./chip.json, which is another file or"));
  EXPECT_THAT(said(R"({"accuracy": {"text": "heldout"}})"), HasSubstr("the spec names heldout, which"));
  EXPECT_EQ(said(R"({"chip": "demo", "rom": ")" + (folder / "heldout").string() + "\"}"), "");
  std::ofstream("gates/chip.json") << "y";
  EXPECT_THAT(said(R"({"chip": ["chip.json"]})"), HasSubstr("the spec names chip.json, which"));
  std::filesystem::remove("gates/chip.json");
  std::filesystem::create_symlink("../chip.json", "gates/chip.json");
  EXPECT_EQ(said(R"({"chip": "chip.json"})"), "") << "the same file by another name";
  std::filesystem::remove("gates/chip.json");
  std::filesystem::current_path(before);
}

TEST(Records, LeaveTolerancesAndPlacesThatPeopleEdited) {
  const auto file = testing::TempDir() + "gate_record.json";
  std::filesystem::remove(file);
  const auto record_it = [&](const std::string& document, std::vector<std::string> words) {
    const auto done = record(file, document, words);
    ASSERT_TRUE(done.ok()) << done.error().message;
  };
  record_it(kRun, {"run", "--chip", "demo"});
  record_it(kEval, {"eval", "--context", "64"});
  auto edited = read_baseline(file).value();
  edited.metrics[1].tolerance = 0.25;
  std::ofstream(file) << to_text(edited);
  record_it(changed(kRun, "5.5", "6.5"), {"run", "--chip", "demo", "--threads", "2"});
  const auto again = read_baseline(file).value();
  ASSERT_EQ(again.metrics.size(), edited.metrics.size());
  EXPECT_EQ(again.metrics[1].value, json::Value(6.5));
  EXPECT_EQ(again.metrics[1].tolerance, 0.25);
  EXPECT_EQ(again.metrics[1].name, edited.metrics[1].name);
  EXPECT_EQ(again.metrics.back().command.front(), "eval");
  EXPECT_THAT(record(file, R"({"command": "run"})", {"run"}).error().message, HasSubstr("nothing in the result"));
  EXPECT_THAT(can_record(file, {"sweep", "export", "r.db"}).error().message, HasSubstr("a check could not run it"));
  EXPECT_THAT(can_record(file, {"bench", "--quick"}).error().message, HasSubstr("bench measures times"));
  std::ofstream(file) << "{\"version\": 1, \"met";
  EXPECT_THAT(can_record(file, {"run"}).error().message, HasSubstr("is no baseline"));
  EXPECT_EQ(std::filesystem::file_size(file), 19U) << "what is no baseline stays";
}

}  // namespace
}  // namespace kiln::gate
