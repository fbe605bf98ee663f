#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/exact_math.hpp"
#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/base/units.hpp"

namespace kiln::base {
namespace {

std::string temporary(const std::string& name) { return testing::TempDir() + "kiln_base_" + name; }

TEST(Result, HoldsAValueOrASentence) {
  const Result<int> good = 3;
  const Result<int> bad = Error{"no"};
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 3);
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message, "no");
  EXPECT_THROW((void)bad.value(), BugError);
  EXPECT_THROW((void)good.error(), BugError);
}

TEST(Units, ANegativeDifferenceIsABug) {
  EXPECT_EQ((Cycles(5) - Cycles(3)).count(), 2U);
  EXPECT_THROW((void)(Cycles(3) - Cycles(5)), BugError);
}

TEST(Units, CeilDivRoundsUpWithoutOverflow) {
  EXPECT_EQ(ceil_div(0, 3), 0U);
  EXPECT_EQ(ceil_div(9, 3), 3U);
  EXPECT_EQ(ceil_div(10, 3), 4U);
  EXPECT_EQ(ceil_div(~0ULL, 2), 1ULL << 63);
}

TEST(MappedFile, NamesWhatCannotBeOpened) {
  EXPECT_EQ(MappedFile::open("/nonexistent/file").error().message,
            "cannot open /nonexistent/file: No such file or directory");
  EXPECT_EQ(MappedFile::open("/tmp").error().message, "/tmp is not a regular file");
}

TEST(MappedFile, SaysHowMuchOfItIsInMemoryAndReadsWhatIsNot) {
  const std::string path = temporary("in_memory");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  ASSERT_GE(fd, 0);
  const std::string text(std::size_t{20} << 20, 'x');  // three looks
  ASSERT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ASSERT_EQ(::fsync(fd), 0);
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->share_in_memory(), 1);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
  const double left = file->share_in_memory();
  file->need_soon(file->bytes());  // nobody waits for it, and nobody else reads here
  for (int i = 0; i < 1000 && file->share_in_memory() < 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(file->share_in_memory(), 1);
  std::remove(path.c_str());
  if (left == 1) GTEST_SKIP() << "this file system keeps its files in memory";
}

TEST(MappedFile, ReadsEmptyFilesAndRefusesThoseAboveALimit) {
  const auto path = temporary("mapped");
  std::ofstream(path).close();
  EXPECT_EQ(MappedFile::open(path)->bytes().size(), 0U);
  std::ofstream(path) << "12345";
  EXPECT_EQ(*read_text_file(path), "12345");
  EXPECT_EQ(read_text_file(path, 4).error().message, path + " has 5 bytes; at most 4 are expected");
}

TEST(AtomicFile, AppearsWholeAtCommit) {
  const auto path = temporary("atomic");
  std::ofstream(path) << "old";
  {
    auto file = AtomicFile::create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->append(std::string_view("new content")).ok());
    ASSERT_TRUE(file->write_at(0, std::as_bytes(std::span("NEW", 3))).ok());
    EXPECT_EQ(*read_text_file(path), "old");
    ASSERT_TRUE(file->commit().ok());
  }
  EXPECT_EQ(*read_text_file(path), "NEW content");
}

TEST(AtomicFile, LeavesNothingWhenItsWriterIsKilled) {
  const auto folder = temporary("killed");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const pid_t child = fork();
  if (child == 0) {
    auto file = AtomicFile::create(folder + "/out");
    (void)file->append(std::string_view("half"));
    ::raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(AtomicFile, NamesTheFolderThatIsMissing) {
  EXPECT_EQ(AtomicFile::create("/nonexistent/out").error().message,
            "cannot write /nonexistent/out: No such file or directory");
}

TEST(Hash, DependsOnEveryByteAndNotOnHowItWasFed) {
  std::vector<std::byte> data(1000);
  const auto whole = checksum64(data);
  ContentHash a;
  a.update(data);
  ContentHash b;
  b.update(std::span(data).first(7));
  b.update(std::span(data).subspan(7));
  EXPECT_EQ(a.hex(), b.hex());
  EXPECT_EQ(a.hex().size(), 32U);
  data[999] = std::byte{1};
  EXPECT_NE(checksum64(data), whole);
}

TEST(Hash, IsTheSameOnEveryHost) {  // XXH3 of the empty input, from the reference implementation's own test vectors
  EXPECT_EQ(checksum64({}), 0x2D06800538D394C2ULL);
  EXPECT_EQ(ContentHash().hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Random, IsTheSameOnEveryHostAndStaysInRange) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LT(random.below(7), 7U);
    const auto v = random.between(3, 5);
    EXPECT_TRUE(v >= 3 && v <= 5);
    const double u = random.unit();
    EXPECT_TRUE(u >= 0.0 && u < 1.0);
  }
  EXPECT_EQ(mix(0), 0xE220A8397B1DCDAFULL);  // splitmix64's first output for seed 0
}

TEST(ThreadPool, VisitsEachIndexOnce) {
  for (const std::size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const std::size_t count : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> visits(count);
      pool.parallel_for(count, [&](std::size_t i) { ++visits[i]; });
      for (const auto& v : visits) EXPECT_EQ(v.load(), 1);
      std::atomic<std::size_t> covered{0};
      pool.parallel_ranges(count, [&](std::size_t begin, std::size_t end) { covered += end - begin; });
      EXPECT_EQ(covered.load(), count);
    }
  }
}

TEST(ThreadPool, ThrowsWhatABodyThrewAndWorksOn) {
  ThreadPool pool(2);
  EXPECT_THROW(pool.parallel_for(10,
                                 [](std::size_t i) {
                                   if (i == 3) throw std::runtime_error("x");
                                 }),
               std::runtime_error);
  std::atomic<int> sum{0};
  pool.parallel_for(10, [&](std::size_t i) { sum += static_cast<int>(i); });
  EXPECT_EQ(sum.load(), 45);
}

TEST(Text, OfAShellIsOneWordWhateverIsInIt) {
  for (const auto* plain : {"llama-3.2-3b", "../a/b_c.json", "tech:clock_margin.typical=0.2"})
    EXPECT_EQ(shell_word(plain), plain);
  EXPECT_EQ(shell_word("my model.json"), "'my model.json'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("a;b"), "'a;b'");
  EXPECT_EQ(shell_word("~"), "'~'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Text, SuggestsTheNearestWordOrNone) {
  const std::vector<std::string> words = {"banks", "ports", "width_bytes"};
  EXPECT_EQ(nearest("bnaks", words), "banks");
  EXPECT_EQ(nearest("with_bytes", words), "width_bytes");
  EXPECT_EQ(nearest("zzzzzzz", words), std::nullopt);
}

TEST(Text, NearNamesAreThoseThatBeginSoOrHaveItInThemOrDifferLeast) {
  const std::vector<std::string> gpus = {"a100-40-sxm", "a100-80-sxm", "b200",    "h100-pcie",
                                         "h100-sxm",    "h200",        "rtx-4090"};
  const auto near = [&](std::string_view word) { return near_names(word, gpus); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(near("h100"), Names({"h100-pcie", "h100-sxm"}));
  EXPECT_EQ(near("H100"), Names({"h100-pcie", "h100-sxm"}));
  EXPECT_EQ(near("4090"), Names({"rtx-4090"}));
  EXPECT_EQ(near("sxm"), Names({"a100-40-sxm", "a100-80-sxm", "h100-sxm"}));
  EXPECT_EQ(near("h100-smx"), Names({"h100-sxm"}));
  EXPECT_EQ(near("b20"), Names({"b200"}));
  EXPECT_EQ(near("zzzzzzz"), Names());
  EXPECT_EQ(near(""), Names());
  EXPECT_EQ(near_names("00", gpus).size(), 1U) << "of six that have it the nearest alone";
}

TEST(ExactMath, AgreesWithLibmToTheLastDigits) {
  Random random(2);
  for (int i = 0; i < 100000; ++i) {
    const double x = random.unit() * 1400.0 - 700.0;
    EXPECT_NEAR(exact_exp(x) / std::exp(x), 1.0, 4e-16 + 1e-16) << x;
    const double y = std::exp(random.unit() * 1400.0 - 700.0);
    EXPECT_NEAR(exact_log(y), std::log(y), 4e-16 * std::abs(std::log(y)) + 1e-16) << y;
  }
  EXPECT_EQ(exact_exp(0.0), 1.0);
  EXPECT_EQ(exact_exp(-1000.0), 0.0);
  EXPECT_EQ(exact_log(1.0), 0.0);
  EXPECT_NEAR(exact_log(0x1p-1070), -1070 * 0.6931471805599453, 1e-12);
  EXPECT_THROW(exact_log(0.0), BugError);
  EXPECT_THROW(exact_exp(800.0), BugError);
}

TEST(OneLine, HasNoBreakAndAnEnd) {
  EXPECT_EQ(one_line("a\nb"), "a\\x0ab");
  EXPECT_EQ(one_line(std::string(1000, 'a')), std::string(1000, 'a'));
  const auto cut = one_line("begin" + std::string(50 << 20, '\n') + "the end");
  EXPECT_TRUE(cut.starts_with("begin\\x0a")) << cut;
  EXPECT_TRUE(cut.ends_with("\\x0athe end")) << cut;
  EXPECT_LT(cut.size(), 4100U);
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "\u00e9";
  EXPECT_FALSE(first_invalid_utf8(one_line(wide)));
  EXPECT_FALSE(first_invalid_utf8(one_line("a" + wide)));
}

TEST(Nearest, IsFoundForAMegabyteAsWell) {
  const std::vector<std::string> known(200, std::string(40, 'a'));
  EXPECT_FALSE(nearest(std::string(10 << 20, 'a'), known));  // 80,000 million steps, were it compared
  EXPECT_EQ(nearest("bank", std::vector<std::string>{"rows", "banks", "a"}), "banks");
}

TEST(Check, SaysTheFileAndNoFolder) {
  try {
    check(false, "two and two");
    FAIL();
  } catch (const BugError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("internal error: two and two (please report: base_test.cpp:"))
        << error.what();
    EXPECT_EQ(std::string(error.what()).find('/'), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace kiln::base
