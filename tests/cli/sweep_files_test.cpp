// Files of `kiln sweep` and of whoever reads its databases: which names are its own, and what it leaves.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <map>

#include "base/text.hpp"
#include "support/kiln_test.hpp"

namespace kiln {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

class SweepFiles : public test::KilnTest {
 protected:
  /// Two points.
  void SetUp() override {
    KilnTest::SetUp();
    write("s.json",
          R"({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 4, "new_tokens": 4},
                        "vary": {"chip:/kv/banks": [16, 32]}, "sample": {"method": "grid"},
                        "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}]})");
    write("t.txt", "Once upon a time there was a little dog.");
  }
  [[nodiscard]] Arguments sweep(const std::string& output, const Arguments& more = {}) const {
    Arguments all = {"sweep", path("s.json"), "-o", path(output)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::string line_of(const Arguments& arguments) {
    std::string line;
    for (const auto& word : arguments) line += word + " ";
    return line;
  }
  /// Names and contents; no contents of a folder or a pipe.
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      all[entry.path().string()] = entry.is_regular_file() ? test::slurp(entry.path().string()) : "";
    return all;
  }
};

/// SQLite would take what is written there for its own, and away.
TEST_F(SweepFiles, NoFileIsWrittenUnderANameThatADatabaseMayHaveBesideIt) {
  ASSERT_EQ(kiln(sweep("q.db")).status, 0);
  ASSERT_EQ(kiln(sweep("other.db")).status, 0);
  fs::create_symlink("q.db", path("link.db"));
  const auto before = files();
  for (const std::string ending : {"-journal", "-wal", "-shm"}) {
    const auto aside = path("q.db" + ending);
    const std::vector<Arguments> refused = {
        {"sweep", "export", path("q.db"), "--csv", aside},
        {"sweep", "export", path("link.db"), "--json", aside},
        {"sweep", "explain", path("q.db"), "0", "--json", aside},
        {"sweep", "collect", path("q.db"), "--json", aside},
        {"diff", path("other.db:0"), path("q.db:0"), "--json", aside},
        sweep("q.db", {"--resume", "--json", aside}),
        sweep("n.db", {"--reuse", path("q.db"), "--json", aside}),
        sweep("n.db", {"--json", path("n.db" + ending)}),
    };
    for (const auto& arguments : refused) {
      const auto outcome = kiln(arguments);
      EXPECT_EQ(outcome.status, 2) << line_of(arguments);
      EXPECT_THAT(outcome.err, HasSubstr("-" + ending.substr(1) + ": this command already writes it as another"))
          << line_of(arguments);
      EXPECT_TRUE(files() == before) << line_of(arguments);
    }
  }
  EXPECT_EQ(kiln({"diff", path("q.db:0"), path("q.db:1"), "--json", path("q.json")}).status, 0) << "opened twice";
}

/// What shards wrote is read, and then removed with whatever else is in their folder.
TEST_F(SweepFiles, NoFileIsWrittenIntoTheFolderOfShards) {
  ASSERT_EQ(kiln(sweep("q.db", {"--shard", "1/2"})).status, 0);
  const auto shard = path("q.db.parts/shard-1-of-2.jsonl");
  fs::rename(shard, path("elsewhere.jsonl"));
  fs::create_symlink("../elsewhere.jsonl", shard);
  fs::create_symlink("q.db.parts/new.json", path("link.json"));
  write("q.db.parts/accuracy-k.json", R"({"perplexity": 2})");
  const auto before = files();
  for (const auto* name : {"q.db.parts/shard-1-of-2.jsonl", "elsewhere.jsonl", "q.db.parts/accuracy-k.json",
                           "q.db.parts/new.json", "./q.db.parts/new", "link.json"}) {
    for (const Arguments& command :
         {Arguments{"sweep", "collect", path("q.db")}, sweep("q.db"), sweep("q.db", {"--shard", "2/2"})}) {
      auto arguments = command;
      arguments.insert(arguments.end(), {"--json", path(name)});
      const auto outcome = kiln(arguments);
      EXPECT_EQ(outcome.status, 2) << line_of(arguments);
      EXPECT_THAT(outcome.err, AnyOf(HasSubstr("this command also writes it"),
                                     HasSubstr("q.db.parts is for the sweep's own files, which it removes")))
          << line_of(arguments);
      EXPECT_TRUE(files() == before) << line_of(arguments);
    }
  }
  ASSERT_EQ(kiln({"sweep", "collect", path("q.db"), "--json", path("new.json")}).status, 0);
  for (const auto* option : {"--json", "--csv"})
    EXPECT_THAT(kiln({"sweep", "export", path("q.db"), option, path("q.db.parts/x")}).err,
                HasSubstr("is for the sweep's own files"));
}

TEST_F(SweepFiles, ARefusedSweepLeavesNothing) {
  write("r.json", "{}");
  write("other.json", test::slurp(path("s.json")).replace(0, 1, R"({"links": "auto", )"));
  ASSERT_EQ(kiln(sweep("q.db")).status, 0);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0666), 0);
  fs::create_directory(path("kept.db.parts"));
  fs::create_directory(path("folder"));
  const auto before = files();
  const std::string no_file = " is not a regular file", no_database = "is not the database of a sweep",
                    none = "nope.db: no such file";
  const std::vector<std::pair<Arguments, std::string>> refused = {
      {{"sweep", path("s.json"), "-o", "/dev/null"}, "/dev/null" + no_file},
      {{"sweep", path("s.json"), "-o", "/dev/full", "--resume"}, "/dev/full" + no_file},
      {{"sweep", "collect", "/dev/null"}, "/dev/null" + no_file},
      {sweep("fifo"), "fifo" + no_file},
      {sweep("fifo", {"--extend"}), "fifo" + no_file},
      {sweep("fifo", {"--shard", "1/2"}), "fifo" + no_file},
      {sweep("folder"), "folder" + no_file},
      {sweep("n.db", {"--reuse", path("fifo")}), "fifo" + no_file},
      {sweep("r.json"), "there is such a file already"},
      {sweep("t.txt", {"--resume"}), no_database},
      {sweep("t.txt", {"--shard", "1/2"}), no_database},
      {{"sweep", "collect", path("t.txt")}, no_database},
      {sweep("n.db", {"--reuse", path("nope.db")}), none},
      {sweep("n.db", {"--resume", "--reuse", path("nope.db")}), none},
      {sweep("n.db", {"--emit", "slurm", "--reuse", path("nope.db")}), none},
      {sweep("new/folder/n.db", {"--reuse", path("nope.db")}), none},
      {sweep("kept.db", {"--reuse", path("nope.db")}), none},
      {{"sweep", path("other.json"), "-o", path("q.db"), "--resume"}, "the spec has changed"},
      {{"sweep", path("other.json"), "-o", path("q.db"), "--shard", "1/2"}, "is the database of another spec"},
  };
  for (const auto& [arguments, sentence] : refused) {
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << line_of(arguments);
    EXPECT_THAT(outcome.err, HasSubstr(sentence)) << line_of(arguments);
    EXPECT_TRUE(files() == before) << line_of(arguments);
  }
  EXPECT_FALSE(fs::exists("/dev/null.parts") || fs::exists("/dev/full.parts"));
}

/// What a killed sweep leaves in its folder is gone after the next one, whoever's number is in the names.
TEST_F(SweepFiles, ASweepRemovesWhatAKilledOneLeft) {
  for (const auto* name : {"answer-1-0.todo", "answer-1-0.log", "verify-1-0+.todo", "answer-1-0.todo.partial",
                           "accuracy-k.lock", "accuracy-k.host.1.rom", "accuracy-k.host.1.rom.partial"})
    write(std::string("s.db.parts/") + name, "left");
  // A file of answers of another spec keeps the folder.
  write("s.db.parts/kept.jsonl.other", "");
  ASSERT_EQ(kiln(sweep("s.db")).status, 0);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(path("s.db.parts"))) left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, testing::UnorderedElementsAre("kept.jsonl.other", "lock", "spec.json", "accuracy-k.lock"));
}

TEST_F(SweepFiles, ADatabaseAboveTheLimitIsASentence) {
  const auto before = files();
  const auto base = scratch() + "/limited";
  const auto line = "ulimit -f 8; " + base::shell_word(KILN_BINARY_DIR "/kiln") + " sweep s.json -o out.db";
  const auto child =
      base::start_program({"bash", "-c", line}, {"/dev/null", base + ".out", base + ".err", false, folder_.string()});
  const auto outcome = test::finish_kiln(child.value(), base);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "kiln: error: out.db: cannot write: File too large\n");
  EXPECT_TRUE(files() == before) << "nor any folder of it";
}

}  // namespace
}  // namespace kiln
