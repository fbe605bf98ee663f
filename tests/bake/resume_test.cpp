// Bakes that end too early and go on: what a kill, Ctrl-C or damage leaves never shows in the image or the report.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/atomic_file.hpp"
#include "checkpoint/files.hpp"
#include "proof_testing.hpp"

namespace kiln::bake::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kTensors = 16;  ///< of the odd model

/// One that says what it is, and has what a test makes of it.
class Named : public Altered {
 public:
  explicit Named(std::uint64_t seed) : Altered(checkpoint::synthetic(odd_model(), seed)), seed_(seed) {}
  [[nodiscard]] std::string identity() const override { return seed_ == 0 ? "" : std::to_string(seed_); }

 private:
  std::uint64_t seed_;
};

class Resume : public testing::Test {
 protected:
  void SetUp() override {
    TearDown();
    whole_ = bytes_of(checkpoint_, recipe_);
  }
  void TearDown() override {
    std::filesystem::remove(path_);
    std::filesystem::remove(partial_);
  }

  /// Calls `then` when the bake has finished so many matrices of those that it had to bake.
  base::Result<BakeReport> bake_until(const checkpoint::Checkpoint& checkpoint, int matrices,
                                      const std::function<void()>& then, std::stop_token stop = {},
                                      std::size_t threads = 2) {
    base::ThreadPool pool(threads);
    base::Progress progress;
    progress.stop = std::move(stop);
    // Each matrix is one batch: a call before it and one behind.
    progress.report = [&, calls = 0](std::string_view what, std::uint64_t, std::uint64_t) mutable {
      if (what == "baking" && calls++ == 2 * matrices) then();
    };
    told_.clear();
    return bake(checkpoint, recipe_, path_, pool, progress,
                {true, [&](const std::string& sentence) { told_.push_back(sentence); }});
  }
  void kill_after(int matrices) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto done = bake_until(checkpoint_, matrices, [] { ::raise(SIGKILL); });
      ::_exit(done.ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (matrices < kTensors) {
      ASSERT_TRUE(WIFSIGNALED(status)) << status;
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_TRUE(std::filesystem::exists(partial_));
  }
  base::Result<BakeReport> finish(const checkpoint::Checkpoint& checkpoint, std::size_t threads = 2) {
    return bake_until(
        checkpoint, kTensors + 1, [] {}, {}, threads);
  }
  /// Bakes to the end, and nothing shows what was before.
  void expect_whole(std::size_t threads = 2) {
    const auto report = finish(checkpoint_, threads);
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(read_bytes(path_) == whole_, true);
    EXPECT_FALSE(std::filesystem::exists(partial_));
    std::filesystem::remove(path_);
  }
  [[nodiscard]] std::string resuming(int tensors, const std::string& more = "") const {
    return "resuming " + partial_ + ": " + std::to_string(tensors) + " of 16 tensors are baked" + more;
  }
  /// Where the journal begins.
  [[nodiscard]] std::uint64_t end() const { return whole_.size(); }

  const std::string path_ = temp_path("resume");
  const std::string partial_ = path_ + ".partial";
  Named checkpoint_{3};
  config::BakeRecipe recipe_ = recipe_of(3);
  Bytes whole_;
  std::vector<std::string> told_;
};

TEST_F(Resume, AKilledBake_GoesOnToTheSameBytes) {
  const char* old = std::getenv("KILN_SIMD");
  const std::string kept = old != nullptr ? old : "";
  int next = 0;
  for (const char* simd : {"", "avx2", "scalar"}) {
    for (const std::size_t threads : {1, 3}) {
      const int matrices = next++ * 3;
      kill_after(matrices);
      ::setenv("KILN_SIMD", simd, 1);
      expect_whole(threads);
      EXPECT_THAT(told_, ElementsAre(resuming(matrices)));
    }
  }
  old != nullptr ? ::setenv("KILN_SIMD", kept.c_str(), 1) : ::unsetenv("KILN_SIMD");
}

TEST_F(Resume, ABakeThatIsKilledAgainAndAgain_Ends) {
  for (int i = 0; i < 5; ++i) kill_after(3);
  expect_whole();
  EXPECT_THAT(told_, ElementsAre(resuming(15)));
}

TEST_F(Resume, TheReportIsTheSame) {
  const auto once = finish(checkpoint_);
  ASSERT_TRUE(once.ok());
  EXPECT_THAT(told_, IsEmpty());
  std::filesystem::remove(path_);
  kill_after(9);
  const auto again = finish(checkpoint_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->content_hash, once->content_hash);
  EXPECT_EQ(again->file_bytes, once->file_bytes);
  EXPECT_EQ(again->weights, once->weights);
  EXPECT_EQ(again->bits_per_weight, once->bits_per_weight);
  ASSERT_EQ(again->tensors.size(), once->tensors.size());
  for (std::size_t i = 0; i < once->tensors.size(); ++i) {
    EXPECT_EQ(again->tensors[i].tensor_class, once->tensors[i].tensor_class);
    EXPECT_EQ(again->tensors[i].layer, once->tensors[i].layer);
    EXPECT_EQ(again->tensors[i].bits_per_weight, once->tensors[i].bits_per_weight);
    EXPECT_EQ(again->tensors[i].relative_rms, once->tensors[i].relative_rms);
    EXPECT_EQ(again->tensors[i].max_error, once->tensors[i].max_error);
  }
}

TEST_F(Resume, AnInterruptedBake_SaysHowToGoOn) {
  std::stop_source source;
  const auto stopped = bake_until(
      checkpoint_, 4, [&] { source.request_stop(); }, source.get_token());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().message, "interrupted");
  const auto words = partial_ + " has 5 of 16 tensors: run the same command again to go on";
  EXPECT_THAT(told_, ElementsAre(words));
  // Again while that is checked.
  EXPECT_EQ(bake_until(
                checkpoint_, 0, [] {}, source.get_token())
                .error()
                .message,
            "interrupted");
  EXPECT_THAT(told_, ElementsAre(words));
  expect_whole();
  EXPECT_THAT(told_, ElementsAre(resuming(5)));
  // Before anything is baked there is nothing to keep.
  const auto early = bake_until(
      checkpoint_, 0, [] {}, source.get_token());
  EXPECT_EQ(early.error().message, "interrupted");
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST_F(Resume, WhatAnotherCheckpointOrRecipeLeft_IsNotTaken) {
  const auto anew = partial_ + " is of a bake of something else: the bake begins anew";
  kill_after(9);
  const Named other(4);
  ASSERT_TRUE(finish(other).ok());
  EXPECT_THAT(told_, ElementsAre(anew));
  EXPECT_EQ(read_bytes(path_) == bytes_of(other, recipe_), true);
  std::filesystem::remove(path_);
  kill_after(9);
  recipe_.formats[0].bits = 4;
  ASSERT_TRUE(finish(checkpoint_).ok());
  EXPECT_THAT(told_, ElementsAre(anew));
  EXPECT_EQ(read_bytes(path_) == bytes_of(checkpoint_, recipe_), true);
}

/// Every hundredth or so, and each of the journal's last record and trailer.
TEST_F(Resume, ADamagedByte_IsNoticed) {
  kill_after(8);
  const Bytes left = read_bytes(partial_);
  const auto first = rom::test::section_of(whole_, rom::kFixedSections).offset;
  const auto last = rom::test::section_of(whole_, rom::place_of(rom::SectionKind::Codebook, 8)).offset;
  int damaged = 0;
  for (std::uint64_t at = 0; at < left.size(); at += at < end() ? left.size() / 20 : 97) {
    Bytes changed = left;
    changed[at] ^= std::byte{1};
    rom::test::write_bytes(partial_, changed);
    expect_whole();
    ASSERT_EQ(told_.size(), 1U);
    if (at < first || (at >= last && at < end())) {
      EXPECT_EQ(told_[0], resuming(8)) << at << ": written again in any case";
    } else if (at < last && told_[0] != resuming(8)) {  // but for the zeros between sections
      EXPECT_EQ(told_[0], resuming(7, ", 1 more are damaged and will be baked again")) << at;
      ++damaged;
    }
  }
  EXPECT_GT(damaged, 4);
}

TEST_F(Resume, EveryByteOfTheJournalCounts) {
  kill_after(1);
  const Bytes left = read_bytes(partial_);
  constexpr std::size_t kRecord = 104, kTrailer = 48;
  ASSERT_EQ(left.size(), end() + kTensors * kRecord + kTrailer);
  base::ThreadPool pool(1);
  std::stop_source source;
  source.request_stop();
  const base::Progress stopped{{}, source.get_token()};
  for (std::size_t i = 0; i < kRecord + kTrailer; ++i) {
    const auto at = i < kRecord ? end() + i : left.size() - kTrailer + i - kRecord;
    Bytes changed = left;
    changed[at] ^= std::byte{0x10};
    rom::test::write_bytes(partial_, changed);
    std::vector<std::string> told;
    // With a stop, which the first matrix to be baked looks at; there is none to be checked.
    const auto done = bake(checkpoint_, recipe_, path_, pool, stopped,
                           {true, [&](const std::string& sentence) { told.push_back(sentence); }});
    EXPECT_FALSE(done.ok());
    ASSERT_THAT(told, testing::SizeIs(1)) << i;
    EXPECT_EQ(told[0], i < kRecord ? resuming(0) : partial_ + " is damaged, or of no bake: the bake begins anew") << i;
  }
}

TEST_F(Resume, AFileThatIsCutOffOrNoBakes_IsReplaced) {
  kill_after(8);
  const Bytes left = read_bytes(partial_);
  Bytes longer = left;
  longer.resize(left.size() + 1);
  const Bytes text(100, std::byte{'x'});
  for (const Bytes& bytes : {Bytes(left.begin(), left.end() - 1), Bytes(left.begin(), left.begin() + 1000), longer,
                             text, Bytes(1), whole_}) {
    rom::test::write_bytes(partial_, bytes);
    expect_whole();
    EXPECT_THAT(told_, ElementsAre(partial_ + " is damaged, or of no bake: the bake begins anew"));
  }
}

/// Whoever has the partial file under another name, too, keeps it.
TEST_F(Resume, AnotherNameOfThePartialFile_KeepsItsContent) {
  kill_after(8);
  const Bytes left = read_bytes(partial_);
  const auto other = temp_path("resume_other");
  std::filesystem::remove(other);
  std::filesystem::create_hard_link(partial_, other);
  expect_whole();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(read_bytes(other) == left, true);
  std::filesystem::remove(other);
}

TEST_F(Resume, TwoBakesOfOneImage_DoNotMeet) {
  const auto held = base::AtomicFile::resume(path_);
  ASSERT_TRUE(held.ok());
  const auto refused = finish(checkpoint_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message,
            "cannot write " + path_ + ": another process is writing it (" + partial_ + " is there)");
  EXPECT_TRUE(std::filesystem::exists(partial_)) << "of the other";
}

TEST_F(Resume, BakesSideBySide_LeaveAWholeImage) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      base::ThreadPool pool(1);
      for (int round = 0; round < 3; ++round) {
        const auto done = bake(checkpoint_, recipe_, path_, pool, {}, {true, {}});
        if (done.ok()) ++good;
        EXPECT_THAT(done.ok() ? "another process is writing it" : done.error().message,
                    HasSubstr("another process is writing it"));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(read_bytes(path_) == whole_, true);
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST_F(Resume, AFailure_LeavesNothing) {
  kill_after(3);
  checkpoint_.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float>) {
    return tensor.layer.value == 1 ? base::Status(base::Error{"no such weights"}) : base::Status();
  };
  // The norms of layer 1 are read first; then they can be, and its matrices cannot.
  EXPECT_EQ(finish(checkpoint_).error().message, "no such weights");
  EXPECT_TRUE(std::filesystem::exists(partial_)) << "it was not opened";
  checkpoint_.change = [](const checkpoint::TensorInfo& tensor, std::uint64_t, std::span<float>) {
    return tensor.layer.value == 1 && tensor.rows > 1 ? base::Status(base::Error{"no such rows"}) : base::Status();
  };
  EXPECT_EQ(finish(checkpoint_).error().message, "no such rows");
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST_F(Resume, WhatHasNoIdentity_IsBakedAsBefore) {
  const Named nameless(0);
  std::stop_source source;
  const auto stopped = bake_until(
      nameless, 4, [&] { source.request_stop(); }, source.get_token());
  EXPECT_FALSE(stopped.ok());
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(partial_));
}

TEST(ResumeIdentity, OfFilesIsTheSameUntilOneIsWritten) {
  namespace files = checkpoint::test;
  const auto folder = files::write_hf(files::folder(), files::tiny_hf_config(), files::tiny_hf_tensors());
  const auto identity = [&] {
    const auto opened = checkpoint::open(folder.string());
    return opened.ok() ? (*opened)->identity() : opened.error().message;
  };
  const auto first = identity();
  EXPECT_EQ(identity(), first);
  const auto weights = folder / "model.safetensors";
  struct stat before = {};
  ASSERT_EQ(::stat(weights.c_str(), &before), 0);
  // The same size, and the time of the last write set back.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  {
    std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('\0');
  }
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, weights.c_str(), times, 0), 0);
  EXPECT_NE(identity(), first);
  EXPECT_NE(checkpoint::synthetic(odd_model(), 1)->identity(), checkpoint::synthetic(odd_model(), 2)->identity());
}

}  // namespace
}  // namespace kiln::bake::test
