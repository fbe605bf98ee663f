// The program's files and streams: outputs that are inputs, streams that cannot be written, limits of the system.
#include <gmock/gmock.h>

#include <array>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "base/sanitizers.hpp"
#include "base/text.hpp"
#include "support/kiln_test.hpp"

namespace kiln {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;
using Arguments = std::vector<std::string>;

constexpr bool kSanitized = KILN_HAS_ASAN != 0 || KILN_HAS_TSAN != 0;

const std::string kSweep =
    R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 4, "new_tokens": 4},
                      "vary": {"chip:/kv/banks": [16, 32]}, "sample": {"method": "grid"},
                      "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}]})";
const std::string kModel = KILN_SOURCE_DIR "/models/kiln-stories-1m";

class ProgramFiles : public test::KilnTest {
 protected:
  void SetUp() override {
    KilnTest::SetUp();
    rom_ = shared_image(kModel, "w4", "a.rom");
    write("w.jsonl", R"({"arrival_us": 0, "prompt_tokens": 4, "new_tokens": 4})"
                     "\n");
    write("t.txt", "Once upon a time there was a little dog.");
    fs::copy_file(KILN_SOURCE_DIR "/configs/chip/demo.json", path("c.json"));
    fs::copy(kModel, path("model"));
  }
  /// Names and contents.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      if (entry.is_regular_file()) all[entry.path().string()] = test::slurp(entry.path().string());
    return all;
  }
  static std::string line_of(const Arguments& arguments) {
    std::string line;
    for (const auto& word : arguments) line += word + " ";
    return line;
  }
  /// Through a shell, in the test's folder; "KILN" stands for the program.
  [[nodiscard]] test::Outcome shell(std::string line) const {
    const std::string program = base::shell_word(KILN_BINARY_DIR "/kiln");
    for (std::size_t at = 0; (at = line.find("KILN ", at)) != line.npos; at += program.size())
      line.replace(at, 4, program);
    const auto base = scratch() + "/shell";
    const auto child =
        base::start_program({"bash", "-c", line}, {"/dev/null", base + ".out", base + ".err", false, folder_.string()});
    return test::finish_kiln(child.value(), base);
  }
  std::string rom_;
};

TEST_F(ProgramFiles, AnOutputThatIsAnInputOrAnotherOutputIsRefusedBeforeTheWork) {
  fs::create_hard_link(path("t.txt"), path("same.txt"));
  fs::create_symlink("a.rom", path("link.rom"));
  ASSERT_EQ(
      kiln({"run", "--rom", rom_, "--chip", "demo", "--prompt", "Hi", "-n", "2", "--record", path("b.json")}).status,
      0);
  write("o.json", kiln({"run", "--rom", rom_, "--chip", "demo", "--prompt", "Hi", "-n", "2", "--json", "-"}).out);
  write("s.json", kSweep);
  fs::copy_file(rom_, path("x.json.partial"));
  fs::copy_file(path("s.json"), path("s.db.partial"));
  const Arguments run = {"run", "--rom", rom_, "--chip", path("c.json"), "--prompt", "Hi", "-n", "2"};
  const auto with = [](Arguments words, const Arguments& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<Arguments> refused = {
      {"bake", path("model"), "-o", path("model/model.safetensors")},
      {"bake", path("model"), "-o", path("model/./tokenizer.json")},
      {"bake", path("model"), "-o", path("x"), "--json", path("./x")},
      {"bake", path("model"), "-o", path("y.rom.partial"), "--json", path("y.rom")},
      {"bake", path("model"), "-o", path("y.rom"), "--json", path("y.rom.partial")},
      with(run, {"--json", rom_}),
      with(run, {"--json", path("link.rom")}),
      with(run, {"--json", path("c.json")}),
      with(run, {"--trace", path("c.json")}),
      with(run, {"--trace", path("./x.json"), "--json", path("x.json")}),
      with(run, {"--record", path("x.json"), "--json", path("x.json")}),
      with(run, {"--record", path("x.json"), "--trace", path("x.json")}),
      {"run", "--model", "kiln-stories-1m", "--chip", "demo", "--workload", path("w.jsonl"), "--json", path("w.jsonl")},
      {"eval", "--checkpoint", path("model"), "--text", path("t.txt"), "--context", "8", "--logits", path("t.txt")},
      {"eval", "--checkpoint", path("model"), "--text", path("t.txt"), "--context", "8", "--logits", path("same.txt")},
      {"eval", "--rom", rom_, "--text", path("t.txt"), "--context", "8", "--logits", path("y"), "--json", path("y")},
      {"cost", "--chip", path("c.json"), "--model", "kiln-stories-1m", "--svg", path("c.json")},
      {"cost", "--chip", "demo", "--model", "kiln-stories-1m", "--svg", path("z"), "--json", path("z")},
      {"new", "--model", "kiln-stories-1m", "--node", "n7", "--area", "800", "-o", path("z"), "--json", path("z")},
      {"inspect", rom_, "--json", rom_},
      {"inspect", rom_, "--against", path("model"), "--json", path("model/config.json")},
      {"check", path("b.json"), "--json", path("b.json")},
      {"check", path("b.json"), "--junit", path("b.json")},
      {"check", path("b.json"), "--junit", path("q"), "--markdown", path("q")},
      {"diff", path("o.json"), path("o.json"), "--json", path("o.json")},
      {"run", "--rom", path("x.json.partial"), "--chip", "demo", "--prompt", "Hi", "-n", "2", "--json", path("x.json")},
      {"sweep", path("s.db.partial"), "-o", path("s.db")},
      {"sweep", path("s.json"), "-o", path("s.db"), "--json", path("s.json")},
  };
  const auto before = files();
  for (const auto& arguments : refused) {
    const auto line = line_of(arguments);
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << line;
    EXPECT_THAT(outcome.err, AnyOf(HasSubstr("is an input of this command"), HasSubstr("this command also writes it"),
                                   HasSubstr("already writes it as another")))
        << line;
    EXPECT_TRUE(files() == before) << line;
  }
  EXPECT_THAT(shell("KILN run --rom a.rom --chip demo --prompt Hi -n 2 --json o.json >> o.json").err,
              HasSubstr("standard output or standard error goes to the same file"));
  EXPECT_THAT(shell("KILN chat --rom a.rom --chip demo -n 2 --json t.txt < t.txt").err, HasSubstr("is an input"));
  EXPECT_TRUE(files() == before);
}

/// Commands that write several files: none of them is there where one is refused.
TEST_F(ProgramFiles, NoFileIsWrittenWhereOneOfSeveralIsRefused) {
  write("s.json", kSweep);
  write("old.db.parts/spec.json", "{}");
  fs::copy_file(rom_, write("rtl/README.md", ""), fs::copy_options::overwrite_existing);
  fs::create_directories(path("taken/README.md"));
  const Arguments rtl = {"rtl", "--chip", "demo", "--unit", "o_array", "--rom"};
  const auto with = [](Arguments words, const Arguments& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<Arguments> refused = {
      {"sweep", path("s.json"), "-o", path("f.db"), "--emit", "slurm", "--json", path("f.db.sbatch")},
      {"sweep", path("s.json"), "-o", path("f.db"), "--json", path("f.db-journal")},
      {"sweep", path("s.json"), "-o", path("f.db"), "--json", path("f.db")},
      {"sweep", path("s.json"), "-o", path("f.db"), "--json", path("f.db.partial")},
      {"sweep", path("s.json"), "-o", path("old.db"), "--json", path("old.db.parts/spec.json")},
      {"sweep", "collect", path("old.db"), "--json", path("old.db")},
      with(rtl, {path("rtl/README.md"), "-o", path("rtl")}),
      with(rtl, {rom_, "-o", path("rtl"), "--json", path("rtl/README.md")}),
      with(rtl, {rom_, "-o", path("taken")}),
      {"rtl", "--chip", "demo", "--unit", "chip", "--rom", path("rtl/README.md"), "-o", path("rtl")},
  };
  const auto before = files();
  for (const auto& arguments : refused) {
    const auto line = line_of(arguments);
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << line;
    EXPECT_THAT(outcome.err, HasSubstr("cannot write ")) << line;
    EXPECT_TRUE(files() == before) << line;
    EXPECT_FALSE(fs::exists(path("f.db.parts"))) << line;
  }
}

TEST_F(ProgramFiles, TheProgramIsNoOutput) {
  fs::copy_file(KILN_BINARY_DIR "/kiln", path("copy"));
  const auto outcome = shell("./copy list chips --json ./copy");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("is an input of this command"));
}

TEST_F(ProgramFiles, ADatabaseKeepsTheLinkToIt) {
  write("s.json", kSweep);
  fs::create_symlink("real.db", path("link.db"));
  EXPECT_EQ(kiln({"sweep", path("s.json"), "-o", path("link.db")}).status, 0);
  EXPECT_TRUE(fs::is_symlink(path("link.db")));
  EXPECT_TRUE(fs::is_regular_file(path("real.db")));
}

TEST_F(ProgramFiles, ABaselineIsWrittenAgain) {
  const Arguments run = {"run", "--rom", rom_, "--chip",   "demo",        "--prompt",
                         "Hi",  "-n",    "2",  "--record", path("b.json")};
  ASSERT_EQ(kiln(run).status, 0);
  EXPECT_EQ(kiln(run).status, 0);
  EXPECT_EQ(kiln({"check", path("b.json"), "--update"}).status, 0);
  EXPECT_EQ(kiln({"check", path("b.json")}).status, 0);
}

TEST_F(ProgramFiles, ErrorsHaveTheirStatusWhereStandardErrorTakesNothing) {
  for (const auto* stream : {"2>&-", "2>/dev/full", "2> >(exec true)"}) {
    EXPECT_EQ(shell(std::string("KILN run --rom nowhere --chip demo --prompt Hi ") + stream).status, 2) << stream;
    EXPECT_EQ(shell(std::string("KILN bogus ") + stream).status, 2) << stream;
    EXPECT_EQ(shell(std::string("KILN run --bogus ") + stream).status, 2) << stream;
    EXPECT_EQ(
        shell(std::string("KILN cost --model kiln-stories-1m --chip demo --set clock_mhz=9000 --require buildable ") +
              stream)
            .status,
        1);
    EXPECT_EQ(shell(std::string("echo /bogus | KILN chat --rom a.rom --chip demo ") + stream).status, 2) << stream;
    // A warning, and a conversation that goes to standard error.
    EXPECT_EQ(shell(std::string("KILN eval --rom a.rom --text t.txt --context 4096 ") + stream).status, 2) << stream;
    EXPECT_EQ(shell(std::string("echo Hi | KILN chat --rom a.rom --chip demo -n 2 --json - ") + stream).status, 0)
        << stream;
  }
}

TEST_F(ProgramFiles, TheEndOfItsProcessorTimeIsASentence) {
  std::string text;
  for (int i = 0; i < 60000; ++i) text += "Once upon a time there was a little dog. ";
  write("long.txt", text);
  const auto outcome = shell("ulimit -St 1; KILN eval --checkpoint model --text long.txt --json out.json");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, testing::EndsWith("kiln: error: the limit of processor time is reached (ulimit -t)\n"));
  EXPECT_FALSE(fs::exists(path("out.json")));
}

TEST_F(ProgramFiles, AFileAboveTheLimitIsASentence) {
  const auto outcome = shell("ulimit -f 1; KILN run --rom a.rom --chip demo --prompt Hi -n 2 --json out.json");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("File too large"));
  EXPECT_FALSE(fs::exists(path("out.json")));
  EXPECT_EQ(shell("ulimit -f 1; KILN bake model -o out.rom").status, 2);
}

/// Threads and memory that the system refuses: status 2 and a sentence, or an answer.
TEST_F(ProgramFiles, TooLittleMemoryIsASentence) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need more addresses than any limit that matters here";
  int refused = 0;
  for (const auto* kilobytes : {"40000", "80000", "120000", "200000", "400000"}) {
    for (const auto* command :
         {"run --rom a.rom --chip demo --prompt Hi -n 2 --threads 8", "bake model -o out.rom --threads 8",
          "eval --checkpoint model --text t.txt --context 8 --threads 8"}) {
      const auto outcome = shell(std::string("ulimit -v ") + kilobytes + "; KILN " + command);
      // Below some size the loader cannot start any program, nor can a library begin that it loads.
      if (outcome.status == 127 || outcome.err.starts_with("\nlibgomp: Out of memory")) continue;
      EXPECT_THAT(outcome.status, AnyOf(0, 2)) << kilobytes << " " << command << outcome.err;
      if (outcome.status == 0) continue;
      ++refused;
      EXPECT_THAT(outcome.err, StartsWith("kiln: error: ")) << kilobytes << " " << command;
      EXPECT_EQ(outcome.err.find("internal error"), outcome.err.npos) << outcome.err;
    }
  }
  EXPECT_GT(refused, 0);
}

/// OpenBLAS would wait for ever for memory that it cannot have: threads that have none wait for one that has.
TEST_F(ProgramFiles, AReferenceWithMemoryForFewerThreadsSaysTheSame) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need more addresses than any limit that matters here";
  const std::string command = "KILN eval --checkpoint model --text t.txt --context 8 --threads 8";
  const auto free = shell(command);
  ASSERT_EQ(free.status, 0) << free.err;
  // Each thread's memory alone would be a gigabyte.
  const auto tight = shell("ulimit -v 450000; " + command);
  EXPECT_EQ(tight.status, 0) << tight.err;
  EXPECT_EQ(tight.out, free.out);
  const auto none = shell("ulimit -v 220000; " + command);
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, StartsWith("kiln: error: "));
}

/// A soft limit is raised; what the hard limit leaves is enough or a sentence.
TEST_F(ProgramFiles, TooSmallAStackIsASentence) {
  if (kSanitized) GTEST_SKIP() << "sanitizers' frames are larger";
  for (const auto* command : {"run --rom a.rom --chip demo --prompt Hi -n 2 --threads 4", "list chips",
                              "sweep s.json -o s.db", "bake model -o out.rom --threads 4"}) {
    write("s.json", kSweep);
    fs::remove(path("s.db"));
    const auto soft = shell(std::string("ulimit -Ss 64; KILN ") + command);
    EXPECT_EQ(soft.status, 0) << command << soft.err;
    fs::remove(path("s.db"));
    const auto enough = shell(std::string("ulimit -s 2048; KILN ") + command);
    EXPECT_EQ(enough.status, 0) << command << enough.err;
    const auto hard = shell(std::string("ulimit -s 256; KILN ") + command);
    EXPECT_EQ(hard.status, 2) << command;
    EXPECT_EQ(hard.err, "kiln: error: the stack is limited to 256 KB (ulimit -Hs); at least 2048 KB are expected\n");
  }
}

TEST_F(ProgramFiles, TooFewProcessesIsASentence) {
  if (kSanitized) GTEST_SKIP() << "sanitizers start a thread of their own";
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become a user who has no process yet";
  fs::permissions(folder_, fs::perms::all);
  const auto outcome = shell(
      "setpriv --reuid 54321 --clear-groups bash -c 'ulimit -u 1; exec KILN run --rom a.rom --chip demo "
      "--prompt Hi -n 2'");
  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("kiln: error: the system refuses"));
}

TEST_F(ProgramFiles, AProgramThatCtrlCEndsEndsTheCommandSo) {
  write("bin/verilator", "#!/bin/sh\nkill -INT $$\n");
  fs::permissions(path("bin/verilator"), fs::perms::all);
  const auto outcome = shell("PATH=bin:$PATH KILN run --rom a.rom --chip demo --prompt Hi -n 1 --rtl");
  EXPECT_EQ(outcome.status, 130);
  EXPECT_EQ(outcome.err, "kiln: interrupted\n");
}

/// Verilator is a wrapper, which ends with a status of its own when Ctrl-C reaches it and Kiln at the same time.
TEST_F(ProgramFiles, AProgramThatSaysItFailedAtCtrlCEndsTheCommandSo) {
  write("bin/verilator", "#!/bin/bash\ntrap 'exit 255' INT\ntouch started\nwhile :; do sleep 0.01; done\n");
  fs::permissions(path("bin/verilator"), fs::perms::all);
  const auto base = scratch() + "/group";
  const std::string line = "PATH=$PWD/bin:$PATH exec " + base::shell_word(KILN_BINARY_DIR "/kiln") +
                           " run --rom a.rom --chip demo --prompt Hi -n 1 --rtl";
  for (int i = 0; i < 20; ++i) {
    fs::remove(path("started"));
    const auto child =
        base::start_program({"bash", "-c", line}, {"/dev/null", base + ".out", base + ".err", true, folder_.string()});
    for (int waited = 0; waited < 3000 && !fs::exists(path("started")); ++waited)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(-child.value(), SIGINT);
    const auto outcome = test::finish_kiln(child.value(), base);
    EXPECT_EQ(outcome.status, 130) << i << outcome.err;
    EXPECT_EQ(outcome.err, "kiln: interrupted\n") << i;
  }
}

TEST_F(ProgramFiles, AChatOfRefusedLinesIsNoSuccess) {
  EXPECT_EQ(shell("printf '/system Be brief.\\n/bogus\\n' | KILN chat --rom a.rom --chip demo").status, 2);
  EXPECT_EQ(shell("printf 'Hi\\n' | KILN chat --rom a.rom --chip demo -n 2").status, 0);
  const auto mixed = shell("printf '/bogus\\nHi\\n' | KILN chat --rom a.rom --chip demo -n 2 --json turns.json");
  EXPECT_EQ(mixed.status, 2);
  EXPECT_EQ(nlohmann::json::parse(test::slurp(path("turns.json")))["turns"].size(), 1U) << "what was answered is kept";
}

}  // namespace
}  // namespace kiln
