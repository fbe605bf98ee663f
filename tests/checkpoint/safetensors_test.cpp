// One safetensors file: every claim of its header is checked against the file.
#include "checkpoint/safetensors.hpp"

#include <gmock/gmock.h>

#include "base/random.hpp"
#include "checkpoint/files.hpp"
#include "support/seed.hpp"

namespace kiln::checkpoint::test {
namespace {

using testing::HasSubstr;

base::Result<std::vector<SafeTensor>> read(const std::string& bytes) {
  const fs::path file = folder() / "x.safetensors";
  write(file, bytes);
  auto mapped = base::MappedFile::open(file.string());
  if (!mapped) return mapped.error();
  return read_safetensors(*mapped);
}

std::string error(const std::string& bytes) {
  const auto tensors = read(bytes);
  EXPECT_FALSE(tensors);
  return tensors ? "" : tensors.error().message;
}

/// A header with one tensor "w" of these fields and 16 bytes of data.
std::string with(const std::string& fields) { return safetensors("{\"w\":{" + fields + "}}", std::string(16, '\0')); }

TEST(Safetensors, TensorsComeInOrderOfTheirOffsets) {
  const auto tensors = read(safetensors(
      R"({"b":{"dtype":"F16","shape":[2,2],"data_offsets":[8,16]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   )",
      std::string(16, '\0')));
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2U);
  EXPECT_EQ((*tensors)[0].name, "a");
  EXPECT_EQ((*tensors)[1].format, find_format("F16"));
  EXPECT_EQ((*tensors)[1].offset, (*tensors)[0].offset + 8);
}

TEST(Safetensors, TruncatedAndOversizedHeadersAreRefused) {
  EXPECT_THAT(error(""), HasSubstr("has 0 bytes"));
  EXPECT_THAT(error("1234567"), HasSubstr("has 7 bytes"));
  EXPECT_THAT(error(raw<std::uint64_t>(100) + "{}"), HasSubstr("truncated"));
  EXPECT_THAT(error(raw<std::uint64_t>(~0ULL) + "{}"), HasSubstr("at most 100000000"));
  EXPECT_THAT(error(raw<std::uint64_t>(0)), HasSubstr("not JSON"));
}

TEST(Safetensors, HeadersThatAreNoJsonObjectAreRefused) {
  EXPECT_THAT(error(safetensors("[]", "")), HasSubstr("object"));
  EXPECT_THAT(error(safetensors("{\"w\"", "")), HasSubstr("not JSON at byte"));
  const std::string empty = "{}";
  EXPECT_TRUE(read(safetensors(empty + std::string(6, ' '), "")));
  EXPECT_THAT(error(safetensors(empty + std::string(6, '\0'), "")), HasSubstr("not JSON at byte 11"));
  EXPECT_THAT(error(safetensors("{\"w\":-1e999}", "")), HasSubstr("byte 19: a number is too large"));
  EXPECT_THAT(error(safetensors("{\"\xC3\x28\":1}", "")), HasSubstr("byte 10 is not UTF-8"));
  EXPECT_THAT(error(safetensors("{\"w\":1}", "")), HasSubstr("tensor w"));
}

TEST(Safetensors, KeysStandOnce) {
  const std::string w = R"("w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  EXPECT_THAT(error(safetensors("{" + w + "," + w + "}", std::string(16, '\0'))), HasSubstr("\"w\" stands twice"));
  EXPECT_THAT(error(with(R"("dtype":"F32","dtype":"F16","shape":[4],"data_offsets":[0,16])")),
              HasSubstr("\"dtype\" stands twice"));
}

TEST(Safetensors, FieldsHaveTheirTypes) {
  EXPECT_THAT(error(with(R"("shape":[4],"data_offsets":[0,16])")), HasSubstr("dtype"));
  EXPECT_THAT(error(with(R"("dtype":"F32","data_offsets":[0,16])")), HasSubstr("shape"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4])")), HasSubstr("data_offsets"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[-4],"data_offsets":[0,16])")), HasSubstr("-4"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4.0],"data_offsets":[0,16])")), HasSubstr("4.0"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4],"data_offsets":[0,16,17])")), HasSubstr("pair"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1)")), HasSubstr("unknown key \"x\""));
  EXPECT_THAT(error(with(R"("dtype":"Q9","shape":[4],"data_offsets":[0,16])")), HasSubstr("unknown dtype \"Q9\""));
}

TEST(Safetensors, OffsetsStayInsideTheFile) {
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[5],"data_offsets":[0,20])")), HasSubstr("truncated"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4],"data_offsets":[16,0])")), HasSubstr("do not hold"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4],"data_offsets":[18446744073709551600,18446744073709551615])")),
              HasSubstr("do not hold"));
  EXPECT_THAT(error(with(R"("dtype":"BOOL","shape":[15],"data_offsets":[18446744073709551600,18446744073709551615])")),
              HasSubstr("truncated"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[3],"data_offsets":[0,16])")), HasSubstr("do not hold the 12 bytes"));
}

TEST(Safetensors, ShapesDoNotOverflow) {
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])")), HasSubstr("2^64"));
  EXPECT_THAT(error(with(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])")), HasSubstr("2^64"));
}

TEST(Safetensors, TensorsNeitherOverlapNorLeaveGaps) {
  const auto two = [](int begin) {
    return safetensors(
        R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[)" +
            std::to_string(begin) + "," + std::to_string(begin + 8) + "]}}",
        std::string(static_cast<std::size_t>(begin) + 8, '\0'));
  };
  EXPECT_TRUE(read(two(8)));
  EXPECT_THAT(error(two(7)), HasSubstr("a and b overlap"));
  EXPECT_THAT(error(two(9)), HasSubstr("belong to no tensor"));
  EXPECT_THAT(error(two(8) + "x"), HasSubstr("belong to no tensor"));
}

TEST(Safetensors, AHundredThousandTensorsAreReadInTimeThatGrowsWithThem) {
  std::string header = "{";
  for (int i = 0; i < 100000; ++i)
    header += (i == 0 ? "\"t" : ",\"t") + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  const auto tensors = read(safetensors(header + "}", ""));
  ASSERT_TRUE(tensors) << tensors.error().message;
  EXPECT_EQ(tensors->size(), 100000U);
}

// Whatever byte of a good file is changed or wherever it is cut, reading ends with a result.
TEST(Safetensors, DamagedFilesNeverCrash) {
  base::Random random(support::test_seed(1));
  const std::string good = safetensors(tiny_hf_tensors());
  const std::size_t header = good.find("}}") + 400;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    for (std::uint64_t n = random.between(1, 3); n > 0; --n)
      bad[random.below(header)] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) bad.resize(random.below(bad.size()));
    const auto result = read(bad);
    EXPECT_TRUE(result || !result.error().message.empty());
  }
}

}  // namespace
}  // namespace kiln::checkpoint::test
