#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>

#include "rom/decode.hpp"
#include "rom/small_image.hpp"

namespace kiln::rom::test {
namespace {

using config::TensorClass;

TEST(RomImage, Open_RestoresWhatWasWritten_ForEveryCodeWidth) {
  base::ThreadPool pool(2);
  for (const int bits : {2, 3, 4, 6, 8}) {
    auto model = small_model();
    model.intermediate_size = 172;
    const auto head = head_of(model, bits);
    const auto path = temp_path("restore");
    std::string hash;
    const auto written = write_image(path, head, &hash);
    const auto image = RomImage::open(path, pool);
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ(image->content_hash(), hash);
    EXPECT_EQ(image->file_bytes(), std::filesystem::file_size(path));
    EXPECT_EQ(image->tokenizer(), head.tokenizer);
    EXPECT_TRUE(std::ranges::equal(image->rope_increments(), head.rope_increments));
    EXPECT_TRUE(std::ranges::equal(image->ffn_norm({1}), std::span(head.norms).subspan(3 * 12, 12)));
    EXPECT_TRUE(std::ranges::equal(image->final_norm(), std::span(head.norms).last(12)));
    ASSERT_EQ(image->tensors().size(), written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
      const auto& matrix = image->tensors()[i].matrix;
      EXPECT_EQ(matrix.bits, bits);
      EXPECT_TRUE(std::ranges::equal(matrix.codebook, written[i].codebook));
      EXPECT_TRUE(std::ranges::equal(matrix.scales, written[i].scales));
      EXPECT_TRUE(std::ranges::equal(matrix.row_scales, written[i].row_scales));
      for (std::uint32_t row = 0; row < matrix.rows; ++row)
        for (std::uint32_t column = 0; column < matrix.columns; ++column)
          ASSERT_EQ(numerics::code_at(matrix, row, column), written[i].codes[row * matrix.columns + column]);
    }
    std::filesystem::remove(path);
  }
}

TEST(RomImage, DecodePanel_IsRowScaleTimesScaleTimesLevel) {
  base::ThreadPool pool(1);
  for (const int bits : {2, 3, 4, 6, 8}) {
    auto model = small_model();
    model.intermediate_size = 172;
    const auto path = temp_path("decode");
    write_image(path, head_of(model, bits));
    const auto image = RomImage::open(path, pool);
    ASSERT_TRUE(image.ok()) << image.error().message;
    const auto& matrix = image->tensor(TensorClass::Down, {1}).matrix;
    ASSERT_EQ(matrix.columns, 172U);
    std::vector<float> rows(16 * 192, -1.0F);
    decode_panel(matrix, 0, rows);
    for (std::uint32_t row = 0; row < 16; ++row)
      for (std::uint32_t column = 0; column < 192; ++column) {
        float expected = 0;
        if (row < matrix.rows && column < matrix.columns)
          expected =
              matrix.row_scales[row] * static_cast<float>(matrix.scales[column / 64 * 16 + row] *
                                                          matrix.codebook[numerics::code_at(matrix, row, column)]);
        ASSERT_EQ(rows[row * 192 + column], expected);
      }
    std::filesystem::remove(path);
  }
}

TEST(RomImage, Tensor_FindsEveryMatrixOfTheModel) {
  base::ThreadPool pool(1);
  const auto path = temp_path("find");
  write_image(path, head_of(small_model(), 3));
  const auto image = RomImage::open(path, pool);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->tensors().size(), 2U + 7 * 2);
  for (std::size_t c = 0; c < config::kTensorClasses; ++c) {
    const auto& tensor = image->tensor(static_cast<TensorClass>(c), {1});
    EXPECT_EQ(static_cast<std::size_t>(tensor.tensor_class), c);
  }
  EXPECT_EQ(image->tensor(TensorClass::K, {1}).layer.value, 1U);
  EXPECT_EQ(image->tensor(TensorClass::K, {1}).matrix.rows, 4U);
  EXPECT_THROW((void)image->tensor(TensorClass::K, {2}), base::BugError);
  // 4 rows of 12 inputs: 3-bit codes, one scale, a row scale each, and a codebook of 8 bytes.
  EXPECT_EQ(image->tensor(TensorClass::K, {1}).rom_bits(), 4U * 12 * 3 + 4 * 8 + 4 * 32 + 8 * 8);
  std::filesystem::remove(path);
}

TEST(RomImage, ContentHash_NamesTheContentsAlone) {
  std::string first;
  std::string second;
  std::string other;
  auto head = head_of(small_model(), 4);
  write_image(temp_path("hash1"), head, &first);
  write_image(temp_path("hash2"), head, &second);
  head.norms[3] += 1.0F;
  write_image(temp_path("hash3"), head, &other);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
  EXPECT_EQ(read_bytes(temp_path("hash1")), read_bytes(temp_path("hash2")));
  for (const auto* name : {"hash1", "hash2", "hash3"}) std::filesystem::remove(temp_path(name));
}

std::size_t files_in(const std::string& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(RomWriter, DestroyedBeforeItsEnd_LeavesNothing) {
  const std::string folder = testing::TempDir() + "kiln_rom_unfinished";
  std::filesystem::create_directory(folder);
  {
    auto writer = RomWriter::create(folder + "/x.rom", head_of(small_model(), 3));
    ASSERT_TRUE(writer.ok());
    base::Random random(1);
    write_tensor(*writer, tensor_shapes(small_model()).front(), 3, random);
  }
  EXPECT_EQ(files_in(folder), 0U);
  std::filesystem::remove_all(folder);
}

TEST(RomWriter, OutOfRoom_IsASentenceAndLeavesNothing) {
  const std::string folder = testing::TempDir() + "kiln_rom_full";
  std::filesystem::create_directory(folder);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    // The first part of the head fits into the limit or not, but not all of the image.
    auto writer = RomWriter::create(folder + "/x.rom", head_of(small_model(), 8));
    std::string message = writer ? "" : writer.error().message;
    if (writer) {
      const std::vector<std::int8_t> book(256);
      const auto status = writer->begin_tensor(book);
      message = status ? "" : status.error().message;
    }
    EXPECT_THAT(message, testing::HasSubstr("cannot write " + folder + "/x.rom: "));
  }
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(files_in(folder), 0U);
  std::filesystem::remove_all(folder);
}

TEST(RomWriter, Create_RefusesWhatCouldNotBeOpened) {
  auto head = head_of(small_model(), 3);
  head.model.name = "";
  auto writer = RomWriter::create(temp_path("refused"), head);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message, testing::HasSubstr("cannot write " + temp_path("refused")));
  head = head_of(small_model(), 3);
  head.norms[5] = std::numeric_limits<float>::infinity();
  writer = RomWriter::create(temp_path("refused"), head);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message, testing::HasSubstr("element 5 of the norms"));
  writer = RomWriter::create("/nonexistent/folder/x.rom", head_of(small_model(), 3));
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(writer.error().message, testing::HasSubstr("/nonexistent/folder/x.rom"));
}

TEST(RomWriter, WrongOrderOrSize_IsABug) {
  auto writer = RomWriter::create(temp_path("bug"), head_of(small_model(), 3));
  ASSERT_TRUE(writer.ok());
  EXPECT_THROW((void)writer->append_panels({}, {}, {}), base::BugError);
  EXPECT_THROW((void)writer->finish(), base::BugError);
  const std::vector<std::int8_t> book(9);
  EXPECT_THROW((void)writer->begin_tensor(book), base::BugError);
}

}  // namespace
}  // namespace kiln::rom::test
