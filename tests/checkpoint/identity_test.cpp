// What names a checkpoint's content: the content alone, wherever it is; and of large files, most of it.
#include "checkpoint/identity.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace kiln::checkpoint {
namespace {

/// One whose content is a file or a folder.
class Stored final : public Checkpoint {
 public:
  explicit Stored(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const config::ModelConfig& config() const override { return config_; }
  [[nodiscard]] const std::optional<tokenizer::TokenizerSpec>& tokenizer() const override { return tokenizer_; }
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  [[nodiscard]] std::string kind() const override { return "hf"; }
  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] base::Status read_rows(const TensorInfo&, std::uint64_t, std::uint64_t,
                                       std::span<float>) const override {
    return {};
  }
  void release(const TensorInfo&) const override {}
  [[nodiscard]] const std::vector<float>& rope_factors() const override { return factors_; }

 private:
  std::string path_;
  config::ModelConfig config_;
  std::optional<tokenizer::TokenizerSpec> tokenizer_;
  std::vector<TensorInfo> tensors_;
  std::vector<float> factors_;
};

class Identity : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "identity_" + testing::UnitTest::GetInstance()->current_test_info()->name() + "/";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, std::uint64_t at, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(folder_ + name).parent_path());
    if (!std::filesystem::exists(folder_ + name)) std::ofstream(folder_ + name) << "";
    std::fstream file(folder_ + name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }
  [[nodiscard]] std::string of(const std::string& name) const {
    const auto found = identity(Stored(folder_ + name));
    EXPECT_TRUE(found.ok()) << found.error().message;
    return found.ok() ? *found : "";
  }
  std::string folder_;
};

TEST_F(Identity, IsThatOfTheFilesWhereverTheyAre) {
  put("a/config.json", 0, "{}");
  put("a/model.safetensors", 0, "weights");
  const auto own = of("a");
  std::filesystem::copy(folder_ + "a", folder_ + "b");
  put("b/README.md", 0, "says nothing of the weights");
  EXPECT_EQ(of("b"), own);
  put("b/model.safetensors", 3, "G");
  EXPECT_NE(of("b"), own);
  std::filesystem::rename(folder_ + "a/config.json", folder_ + "a/other.json");
  EXPECT_NE(of("a"), own);
}

TEST_F(Identity, OfALargeFileIsItsSizeItsBeginningAndASampleOfEachMebibyte) {
  constexpr std::uint64_t kMebibyte = 1 << 20;
  put("large", 70 * kMebibyte - 1, "e");
  const auto own = of("large");
  for (const std::uint64_t at : {std::uint64_t{0}, 10 * kMebibyte + 77, 33 * kMebibyte + 4095, 70 * kMebibyte - 1}) {
    put("large", at, "X");
    EXPECT_NE(of("large"), own) << at;
    put("large", at, at == 70 * kMebibyte - 1 ? std::string("e") : std::string(1, '\0'));
    EXPECT_EQ(of("large"), own) << at;
  }
  put("large", 70 * kMebibyte, "e");
  EXPECT_NE(of("large"), own);
}

TEST_F(Identity, OfASeedIsModelAndNumber) {
  config::ModelConfig shapes;
  shapes.name = "m";
  shapes.hidden_size = 8;
  const auto one = identity(*synthetic(shapes, 1)).value();
  EXPECT_EQ(identity(*synthetic(shapes, 1)).value(), one);
  EXPECT_NE(identity(*synthetic(shapes, 2)).value(), one);
  shapes.hidden_size = 16;
  EXPECT_NE(identity(*synthetic(shapes, 1)).value(), one);
}

TEST_F(Identity, FailsWhereAFileCannotBeRead) { EXPECT_FALSE(identity(Stored(folder_ + "none")).ok()); }

}  // namespace
}  // namespace kiln::checkpoint
