// Files that a command reads and writes: what they are by identity, what a kill leaves, what a shrinking file does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/file_roles.hpp"
#include "base/mapped_file.hpp"

namespace kiln::base {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "kiln_files";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  std::string folder_;
};

std::string why(const Result<AtomicFile>& file) { return file ? "" : file.error().message; }

TEST_F(Files, AnInputIsNoOutputWhateverItsNames) {
  const auto in = write("in", "text");
  fs::create_symlink("in", path("link"));
  fs::create_hard_link(in, path("other"));
  const FileRoles roles;
  ASSERT_TRUE(read_text_file(in).ok());
  for (const auto& name : {"in", "link", "other", "./in", "../kiln_files/in"})
    EXPECT_THAT(why(AtomicFile::create(path(name))), HasSubstr("it is an input of this command")) << name;
  EXPECT_TRUE(AtomicFile::create(path("new")).ok());
  EXPECT_EQ(*read_text_file(in), "text");
}

TEST_F(Files, AnOutputIsNoInputAndNoSecondOutput) {
  const auto old = write("old", "text");
  fs::create_symlink("new", path("link"));  // leads nowhere yet
  const FileRoles roles;
  auto first = AtomicFile::create(old);
  const auto second = AtomicFile::create(path("new"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(MappedFile::open(old).error().message, "cannot read " + old + ": this command also writes it");
  EXPECT_THAT(why(AtomicFile::create(path("./old"))), HasSubstr("already writes it"));
  EXPECT_THAT(why(AtomicFile::create(path("./new"))), HasSubstr("already writes it"));
  EXPECT_THAT(why(AtomicFile::create(path("link"))), HasSubstr("already writes it"));
  // Once it is written, the command may read it.
  ASSERT_TRUE(first->commit().ok());
  EXPECT_TRUE(MappedFile::open(old).ok());
}

/// Whether something has the name already or not, also when that comes or goes after the claim.
TEST_F(Files, NoOutputHasTheNameOfAnothersPartialFile) {
  const FileRoles roles;
  fs::create_symlink("a", path("link"));
  for (const bool left : {false, true}) {
    if (left) write("a.partial", "half of something");
    for (const auto& name : {"a", "link"}) {
      const auto whole = AtomicFile::create(path(name));
      ASSERT_TRUE(whole.ok()) << why(whole);
      EXPECT_EQ(why(AtomicFile::create(path("a.partial"))),
                "cannot write " + path("a.partial") + ": this command already writes it as another of its results");
      EXPECT_TRUE(AtomicFile::create(path("a.partial.partial")).ok()) << "nothing of this file";
    }
    const auto aside = OutputClaim::make(path("./a.partial"));
    ASSERT_TRUE(aside.ok());
    EXPECT_THAT(why(AtomicFile::create(path("a"))), HasSubstr("a.partial (the same file as "));
    EXPECT_TRUE(AtomicFile::create(path("b")).ok());
  }
  const auto claim = OutputClaim::make(path("a"));
  ASSERT_TRUE(claim.ok());
  fs::remove(path("a.partial"));
  EXPECT_THAT(why(AtomicFile::create(path("a.partial"))), HasSubstr("already writes it")) << "gone since";
  const auto other = OutputClaim::make(path("c"));
  ASSERT_TRUE(other.ok());
  write("c.partial", "half of something");
  EXPECT_THAT(why(AtomicFile::create(path("c.partial"))), HasSubstr("already writes it")) << "there since";
}

TEST_F(Files, AReservedNameIsTheCommandsUntilItEnds) {
  const auto there = write("there", "text");
  for (int command = 0; command < 2; ++command) {
    const FileRoles roles;
    ASSERT_TRUE(AtomicFile::create(path("none")).ok()) << "not of the next command";
    for (const auto& name : {"none", "there", "none"}) ASSERT_TRUE(reserve(path(name)).ok()) << name;
    EXPECT_THAT(why(AtomicFile::create(path("none"))), HasSubstr("already writes it as another"));
    EXPECT_THAT(why(AtomicFile::create(there)), HasSubstr("already writes it as another"));
    EXPECT_THAT(read_text_file(there).error().message, HasSubstr("this command also writes it"));
    const auto out = AtomicFile::create(path("out"));
    EXPECT_THAT(reserve(path("out")).error().message, HasSubstr("already writes it as another"));
    ASSERT_TRUE(read_text_file(write("in", "text")).ok());
    EXPECT_THAT(reserve(path("in")).error().message, HasSubstr("it is an input of this command"));
  }
}

TEST_F(Files, AnOutputInAFolderThatWillNotStayIsRefused) {
  const FileRoles roles;
  fs::create_directories(path("parts/below"));
  fs::create_directory(path("parts2"));
  fs::create_symlink("parts/below/new", path("link"));
  const auto beside = AtomicFile::create(path("parts2/x"));
  ASSERT_TRUE(beside.ok() && refuse_outputs_in(path("parts"), "because").ok());
  EXPECT_TRUE(refuse_outputs_in(path("none"), "because").ok());
  for (const auto& name : {"parts/x", "./parts/x", "parts2/../parts/x", "parts/below/x", "link"}) {
    const auto out = AtomicFile::create(path(name));
    ASSERT_TRUE(out.ok()) << why(out);
    EXPECT_EQ(refuse_outputs_in(path("parts2/../parts"), "because").error().message,
              "cannot write " + path(name) + ": because");
  }
}

TEST_F(Files, WhatIsReadToBeWrittenAgainIsNothingElse) {
  const auto file = write("baseline", "text");
  const FileRoles roles;
  ASSERT_TRUE(read_text_file(file, 100, FileRole::Rewritten).ok());
  EXPECT_TRUE(AtomicFile::create(file, true).ok());
  EXPECT_FALSE(AtomicFile::create(file).ok());
  EXPECT_FALSE(read_text_file(file).ok());
}

TEST_F(Files, WithoutACommandFilesMayBeReadAndWritten) {
  const auto file = write("file", "text");
  ASSERT_TRUE(read_text_file(file).ok());
  const auto open = AtomicFile::create(file);
  EXPECT_TRUE(open.ok());
  EXPECT_TRUE(read_text_file(file).ok());
}

TEST_F(Files, ModeAndLinksStay) {
  const auto file = write("secret", "old");
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  fs::create_symlink("secret", path("link"));
  fs::create_symlink("nothing", path("dangling"));
  for (const auto& name : {"link", "dangling"}) {
    auto out = AtomicFile::create(path(name));
    ASSERT_TRUE(out.ok() && out->append(std::string_view("new")).ok() && out->commit().ok());
    EXPECT_TRUE(fs::is_symlink(path(name)));
    EXPECT_EQ(*read_text_file(path(name)), "new");
  }
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("loop", path("loop"));
  EXPECT_THAT(why(AtomicFile::create(path("loop"))), HasSubstr("symbolic links"));
}

TEST_F(Files, TheNextWriteRemovesWhatAKillLeft) {
  write("out.partial", "half of something");
  {
    auto out = AtomicFile::create(path("out"));
    ASSERT_TRUE(out.ok() && out->commit().ok());
  }
  EXPECT_EQ(count(), 1U);
  // Another that is still alive holds its file.
  const auto partial = write("out.partial", "half of something");
  const int held = ::open(partial.c_str(), O_RDONLY);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  EXPECT_TRUE(AtomicFile::create(path("out")).ok());
  EXPECT_TRUE(fs::exists(partial));
  ::close(held);
}

TEST_F(Files, AResumedFileBeginsAsItWasLeftAndIsOnesOwn) {
  const auto partial = path("out.partial");
  {
    auto out = AtomicFile::resume(path("out"));
    ASSERT_TRUE(out.ok() && out->size() == 0 && out->append(std::string_view("half")).ok());
    EXPECT_EQ(why(AtomicFile::resume(path("out"))),
              "cannot write " + path("out") + ": another process is writing it (" + partial + " is there)");
    // One without a name leaves it alone until it wants its name.
    EXPECT_TRUE(AtomicFile::create(path("out")).ok());
    EXPECT_TRUE(fs::exists(partial));
    out->keep(true);
  }
  auto out = AtomicFile::resume(path("out"));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->size(), 4U);
  std::array<char, 4> text = {};
  ASSERT_TRUE(out->read_at(0, std::as_writable_bytes(std::span(text))).ok());
  EXPECT_EQ(std::string(text.data(), 4), "half");
  EXPECT_FALSE(out->read_at(1, std::as_writable_bytes(std::span(text))).ok());
  ASSERT_TRUE(out->grow(6).ok());
  EXPECT_EQ(fs::file_size(partial), 10U);
  ASSERT_TRUE(out->cut(3).ok() && out->sync().ok() && out->commit().ok());
  EXPECT_EQ(*read_text_file(path("out")), "hal");
  EXPECT_EQ(count(), 1U);
}

/// What has another name, too, or another owner is left to them.
TEST_F(Files, AResumedFileIsNobodyElses) {
  fs::create_hard_link(write("theirs", "text"), path("out.partial"));
  {
    auto out = AtomicFile::resume(path("out"));
    ASSERT_TRUE(out.ok() && out->size() == 0 && out->append(std::string_view("new")).ok());
  }
  EXPECT_EQ(*read_text_file(path("theirs")), "text");
  EXPECT_FALSE(fs::exists(path("out.partial"))) << "not kept";
  fs::create_symlink("theirs", path("out.partial"));
  EXPECT_THAT(why(AtomicFile::resume(path("out"))), HasSubstr("out.partial: File exists"));
  EXPECT_THAT(why(AtomicFile::resume(path("none/out"))), HasSubstr("No such file or directory"));
}

TEST_F(Files, AnInputIsNotTakenForWhatAKillLeft) {
  const auto in = write("out.partial", "text");
  const FileRoles roles;
  {
    const auto out = AtomicFile::create(path("out"));
    ASSERT_TRUE(out.ok());
    EXPECT_FALSE(read_text_file(in).ok());
  }
  ASSERT_TRUE(read_text_file(in).ok());
  EXPECT_THAT(why(AtomicFile::create(path("out"))), HasSubstr("out.partial: it is an input of this command"));
  std::string text;
  std::getline(std::ifstream(in), text);
  EXPECT_EQ(text, "text");
}

TEST_F(Files, WhatIsInTheWayIsFoundBeforeTheWork) {
  fs::create_directory(path("out.partial"));
  EXPECT_THAT(why(AtomicFile::create(path("out"))), HasSubstr("out.partial: File exists"));
  EXPECT_THAT(why(AtomicFile::create(path(std::string(250, 'x')))), HasSubstr("File name too long"));
}

TEST_F(Files, ARemovedInputsInodeIsNotTheInput) {
  const FileRoles roles;
  for (int i = 0; i < 3; ++i) {
    const auto file = write("job", "text");
    ASSERT_TRUE(read_text_file(file).ok());
    fs::remove(file);
    auto out = AtomicFile::create(file);
    ASSERT_TRUE(out.ok() && out->append(std::string_view("new")).ok() && out->commit().ok()) << why(out);
    auto again = AtomicFile::create(file);
    EXPECT_TRUE(again.ok()) << why(again);
  }
}

TEST_F(Files, WritersOfOneFileSideBySideLeaveOneOfTheirs) {
  constexpr int kWriters = 4, kTimes = 25;
  std::atomic<int> failed{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w)
    writers.emplace_back([&, w] {
      const std::string text(100'000, static_cast<char>('a' + w));
      for (int i = 0; i < kTimes; ++i) {
        auto out = AtomicFile::create(path("out"));
        if (!out || !out->append(std::string_view(text)) || !out->commit()) ++failed;
      }
    });
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  const auto text = *read_text_file(path("out"));
  EXPECT_EQ(text, std::string(100'000, text.front()));
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, AMappedFileThatShrinksIsASentence) {
  const auto file = write("shrinks", std::string(100'000, 'x'));
  const auto touch = [&] {
    end_on_lost_pages(2);
    const auto mapped = MappedFile::open(file);
    fs::resize_file(file, 10);
    const volatile auto* bytes = mapped->bytes().data();
    ::_exit(static_cast<int>(bytes[99'999]));
  };
  EXPECT_EXIT(touch(), testing::ExitedWithCode(2), "kiln: error: cannot read .*shrinks: it became shorter");
}

}  // namespace
}  // namespace kiln::base
