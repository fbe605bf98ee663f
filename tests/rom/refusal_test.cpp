// Whatever is wrong with an image: it is refused with one sentence, and nothing is read that is not there.
#include <gmock/gmock.h>

#include <cstdlib>
#include <limits>

#include "rom/small_image.hpp"
#include "support/seed.hpp"

namespace kiln::rom::test {
namespace {

using testing::HasSubstr;

class Refusal : public DamagedImage {
 protected:
  Refusal() : DamagedImage(head_of(small_model(), 3)) {}
  std::string with_header(const std::function<void(Header&)>& change) {
    Bytes bytes = bytes_;
    Header header = header_of(bytes);
    change(header);
    header.checksum = header_checksum(header);
    put(bytes, header);
    return refused(bytes);
  }
  /// Overwrites the contents of a section and repairs the checksums.
  template <class T>
  std::string with_value(std::size_t index, std::size_t element, T value) {
    Bytes bytes = bytes_;
    std::memcpy(bytes.data() + section_of(bytes, index).offset + element * sizeof value, &value, sizeof value);
    reseal(bytes);
    return refused(bytes);
  }
};

TEST_F(Refusal, ResealedImage_IsAccepted) {
  Bytes bytes = bytes_;
  reseal(bytes);
  EXPECT_EQ(bytes, bytes_);
  EXPECT_EQ(refused(bytes), "");
}

TEST_F(Refusal, AnyFlippedByte_IsRefused) { expect_flips_refused(0, bytes_.size()); }

TEST_F(Refusal, CutOffAnywhere_IsRefused) {
  for (std::size_t size = 0; size < bytes_.size(); size += size < 256 ? 1 : 61) {
    Bytes bytes(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_NE(refused(bytes), "") << size;
  }
  EXPECT_THAT(refused({}), HasSubstr("is not a ROM image"));
  EXPECT_THAT(refused(Bytes(bytes_.begin(), bytes_.begin() + 100)), HasSubstr("cut off"));
  EXPECT_THAT(refused(Bytes(bytes_.begin(), bytes_.end() - 64)), HasSubstr("cut off"));
  Bytes longer = bytes_;
  longer.resize(longer.size() + 64);
  EXPECT_THAT(refused(longer), HasSubstr("has grown"));
}

TEST_F(Refusal, MissingFileAndFolder_AreSentences) {
  EXPECT_THAT(RomImage::open("/nonexistent.rom", pool_).error().message, HasSubstr("/nonexistent.rom"));
  EXPECT_THAT(RomImage::open("/tmp", pool_).error().message, HasSubstr("/tmp"));
}

TEST_F(Refusal, Header_IsHeldAgainstTheFormat) {
  EXPECT_THAT(with_header([](Header& h) { h.magic[3] = 'x'; }), HasSubstr("is not a ROM image"));
  EXPECT_THAT(
      with_header([](Header& h) { h.version = 1; }),
      HasSubstr("of version 1 (byte 8), expected version 2: an older Kiln wrote it, bake the checkpoint again"));
  EXPECT_THAT(with_header([](Header& h) { h.version = 3; }),
              HasSubstr("of version 3 (byte 8), expected version 2: a newer Kiln wrote it"));
  EXPECT_THAT(with_header([](Header& h) { h.header_bytes = 64; }), HasSubstr("reserved words"));
  EXPECT_THAT(with_header([](Header& h) { h.reserved[6] = 1; }), HasSubstr("reserved words"));
  EXPECT_THAT(with_header([](Header& h) { h.file_bytes = UINT64_MAX; }),
              HasSubstr("its header says 18446744073709551615"));
  EXPECT_THAT(with_header([](Header& h) { h.sections = UINT32_MAX; }), HasSubstr("a directory of 4294967295 sections"));
  EXPECT_THAT(with_header([](Header& h) { h.sections = 28000; }), HasSubstr("a directory of 28000 sections"));
  EXPECT_THAT(with_header([](Header& h) { h.sections = 0; }), HasSubstr("a directory of 0 sections"));
  EXPECT_THAT(with_header([](Header& h) { h.content_hash[0] ^= 1; }), HasSubstr("content hash"));
}

TEST_F(Refusal, Directory_IsHeldAgainstModelAndRecipe) {
  constexpr std::size_t kCodes = place_of(SectionKind::Codes, 3);  // of layer 0 v
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.rows = 5; }),
              HasSubstr("codes of layer 0 v) is 5 x 12, but the model calls for 4 x 12"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.columns = UINT32_MAX; }),
              HasSubstr("but the model calls for 4 x 12"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.bits = 4; }),
              HasSubstr("has 4 bits, but the recipe calls for 3"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.layer = 1; }),
              HasSubstr("is the codes of layer 1 v, expected the codes of layer 0 v"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.tensor_class = 77; }), HasSubstr("of an unknown tensor"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.kind = static_cast<SectionKind>(99); }),
              HasSubstr("unknown section"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.bytes = UINT64_MAX; }),
              HasSubstr("has 18446744073709551615 bytes, expected"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.offset -= 64; }),
              HasSubstr("right behind the section before it"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.offset = UINT64_MAX - 63; }),
              HasSubstr("right behind the section before it"));
  EXPECT_THAT(with_section(kCodes, [](Section& s) { s.name[8] = 1; }), HasSubstr("reserved words"));
  EXPECT_THAT(with_section(0, [](Section& s) { s.bytes = UINT64_MAX; }), HasSubstr("bytes, expected 65536"));
  EXPECT_THAT(with_section(2, [](Section& s) { s.bytes = 1 << 30; }), HasSubstr("ends behind the file"));
  EXPECT_THAT(with_section(1, [](Section& s) { s.offset = 0; }), HasSubstr("starts at byte 0"));
  EXPECT_THAT(with_section(0, [](Section& s) { s.kind = SectionKind::Norms; }),
              HasSubstr("is the norms, expected the model"));
}

TEST_F(Refusal, Values_AreHeldAgainstTheirRanges) {
  constexpr std::size_t kEmbedding = place_of(SectionKind::Codebook);
  EXPECT_THAT(with_value<std::int8_t>(kEmbedding, 2, -128), HasSubstr("a level of -128, expected -127 to 127"));
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1.0F, -0.0F, 1e-40F})
    EXPECT_THAT(with_value(kEmbedding + 3, 17, bad),
                HasSubstr("a row scale that is not 0 or a positive normal number"));
  EXPECT_THAT(with_value(4, 1, std::numeric_limits<float>::quiet_NaN()), HasSubstr("element 1 of the norms"));
}

TEST_F(Refusal, ModelAndRecipe_AreCheckedAsConfigs) {
  EXPECT_THAT(with_value<char>(0, 0, '['), HasSubstr("its model cannot be used"));
  EXPECT_THAT(with_value<char>(1, 2, 'X'), HasSubstr("its recipe cannot be used"));
  // The model says another number of layers, so its sections are not those of the directory.
  const auto text = std::string(reinterpret_cast<const char*>(bytes_.data() + section_of(bytes_, 0).offset),
                                section_of(bytes_, 0).bytes);
  const auto at = text.find("\"num_hidden_layers\":2");
  ASSERT_NE(at, std::string::npos);
  EXPECT_THAT(with_value<char>(0, at + 20, '3'), HasSubstr("but its model calls for"));
}

TEST_F(Refusal, Tokenizer_IsReadWithinItsBytes) {
  EXPECT_THAT(with_value<std::uint32_t>(2, 0, 9), HasSubstr("its tokenizer cannot be used: the kind is 9"));
  EXPECT_THAT(with_value<std::uint32_t>(2, 2, 64), HasSubstr("the flags word"));
  EXPECT_THAT(with_value<std::uint32_t>(2, 5, UINT32_MAX), HasSubstr("4294967295 end-of-text ids do not fit"));
  EXPECT_THAT(with_value<std::uint32_t>(2, 8, 1U << 30), HasSubstr("tokens do not fit"));
  EXPECT_THAT(with_value<std::uint32_t>(2, 9, 1U << 30), HasSubstr("tokens do not fit"));
}

TEST_F(Refusal, RandomDamageWithRepairedChecksums_NeverReadsOutside) {
  const std::uint64_t seed = support::test_seed(20261122);
  SCOPED_TRACE("KILN_SEED=" + std::to_string(seed));
  base::Random random(seed);
  const std::size_t interesting = section_of(bytes_, 4).offset;  // header, directory, texts
  for (int round = 0; round < 400; ++round) {
    Bytes bytes = bytes_;
    for (std::uint64_t i = random.between(1, 4); i > 0; --i)
      bytes[random.below(random.below(4) == 0 ? bytes.size() : interesting)] = static_cast<std::byte>(random.next());
    reseal(bytes);
    (void)refused(bytes);  // the image may still be one; reading it must be harmless
  }
}

TEST_F(Refusal, StoppedWhileChecking_SaysInterrupted) {
  const auto path = temp_path("stopped");
  write_bytes(path, bytes_);
  std::stop_source stop;
  stop.request_stop();
  base::Progress progress;
  progress.stop = stop.get_token();
  const auto image = RomImage::open(path, pool_, progress);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().message, "interrupted");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace kiln::rom::test
