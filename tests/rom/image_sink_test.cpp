// An image that is written against another one, byte by byte.
#include "rom/image_sink.hpp"

#include <gtest/gtest.h>

#include "rom/small_image.hpp"

namespace kiln::rom::test {
namespace {

class Comparing : public testing::Test {
 protected:
  Comparing() {
    write_image(path_, head_);
    bytes_ = read_bytes(path_);
    std::filesystem::remove(path_);
  }
  /// Where the image that is written again differs from these bytes.
  [[nodiscard]] std::optional<std::uint64_t> difference(const Bytes& bytes) const {
    auto sink = std::make_unique<ComparingSink>(bytes);
    const auto& told = *sink;
    auto writer = RomWriter::create(std::move(sink), head_);
    EXPECT_TRUE(writer.ok());
    base::Random random(11);  // as write_image
    for (const auto& shape : tensor_shapes(head_.model)) write_tensor(*writer, shape, 3, random);
    EXPECT_TRUE(writer->finish().ok());
    return told.difference();
  }
  const ImageHead head_ = head_of(small_model(), 3);
  const std::string path_ = temp_path("comparing");
  Bytes bytes_;
};

TEST_F(Comparing, TheSameBytes_HaveNoDifference) { EXPECT_EQ(difference(bytes_), std::nullopt); }

TEST_F(Comparing, EachByteIsCompared) {
  const auto first = section_of(bytes_, 0).offset;
  for (std::size_t at = 0; at < bytes_.size(); at += at < first ? 1 : 97) {
    Bytes changed = bytes_;
    changed[at] ^= std::byte{1};
    ASSERT_EQ(difference(changed), at);
  }
}

TEST_F(Comparing, ContentsAreNamedBeforeTheHeaderThatFollowsFromThem) {
  Bytes changed = bytes_;
  changed[16] ^= std::byte{1};
  changed[bytes_.size() - 100] ^= std::byte{1};
  EXPECT_EQ(difference(changed), bytes_.size() - 100);
}

TEST_F(Comparing, AnotherSizeIsADifference) {
  Bytes longer = bytes_, shorter = bytes_;
  longer.resize(bytes_.size() + 64);
  EXPECT_EQ(difference(longer), bytes_.size());
  shorter.resize(bytes_.size() - 64);
  EXPECT_EQ(difference(shorter), bytes_.size() - 64);
  EXPECT_EQ(difference({}), section_of(bytes_, 0).offset);
}

}  // namespace
}  // namespace kiln::rom::test
