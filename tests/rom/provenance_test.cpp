// The record of what an image was baked from: read as it was written, refused by the line that is wrong, and no
// obstacle to an image whose record a later Kiln wrote.
#include "rom/provenance.hpp"

#include <gmock/gmock.h>

#include "rom/small_image.hpp"

namespace kiln::rom::test {
namespace {

using config::TensorRole;
using testing::HasSubstr;

/// With a hash for each tensor.
Provenance a_record() {
  auto record = provenance_of(small_model(), recipe_of(3), 7);
  for (std::size_t i = 0; i < record.tensors.size(); ++i)
    record.tensors[i].hash = base::hex_of(base::digest128(std::as_bytes(std::span(&i, 1))));
  return record;
}

std::string replaced(std::string text, const std::string& old, const std::string& now) {
  const auto at = text.find(old);
  EXPECT_NE(at, text.npos) << old;
  return text.replace(at, old.size(), now);
}

std::string fault(const std::string& text) {
  const auto read = parse_provenance(text, small_model());
  return read ? "" : read.error().message;
}

TEST(Provenance, HasTheTensorsOfACheckpoint_ByLayerAndRole) {
  auto model = small_model();
  const auto record = provenance_of(model, recipe_of(3), 1);
  ASSERT_EQ(record.tensors.size(), 2 * 9U + 3);
  EXPECT_EQ(name_of(record.tensors[0].role, record.tensors[0].layer), "embedding");
  EXPECT_EQ(name_of(record.tensors[11].role, record.tensors[11].layer), "final_norm");
  EXPECT_EQ(name_of(record.tensors[12].role, record.tensors[12].layer), "layer 1 q");
  EXPECT_EQ(name_of(record.tensors[20].role, record.tensors[20].layer), "layer 1 ffn_norm");
  EXPECT_NE(record.find(TensorRole::LmHead, {}), nullptr);
  EXPECT_EQ(record.find(TensorRole::Up, {2}), nullptr);
  model.tied_embeddings = true;
  EXPECT_EQ(provenance_of(model, recipe_of(3), 1).find(TensorRole::LmHead, {}), nullptr);
}

TEST(Provenance, IsReadAsItWasWritten) {
  auto record = a_record();
  const auto blank = to_text(provenance_of(small_model(), recipe_of(3), 7));
  EXPECT_EQ(to_text(record).size(), blank.size());
  const auto read = parse_provenance(to_text(record), small_model());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_text(*read), to_text(record));
  EXPECT_EQ(read->method, 7U);
  EXPECT_EQ(read->recipe, recipe_hash(recipe_of(3)));
  EXPECT_NE(read->recipe, recipe_hash(recipe_of(4)));
  const std::string hash(32, 'a');
  record.set_hash(TensorRole::Down, {1}, hash);
  EXPECT_EQ(record.find(TensorRole::Down, {1})->hash, hash);
  EXPECT_THROW(record.set_hash(TensorRole::Down, {2}, hash), base::BugError);
  EXPECT_THROW(record.set_hash(TensorRole::Down, {1}, "a"), base::BugError);
}

TEST(Provenance, WhatIsNotOne_IsRefusedByItsLine) {
  const auto text = to_text(a_record());
  EXPECT_EQ(fault(text), "");
  for (const std::string bad : {"", "provenance", "provenance 1", "provenance 0\n", "provenance 01\n",
                                "provenance -1\n", "provenance 4294967296\n", "{\"version\": 1}\n"})
    EXPECT_EQ(fault(bad), "line 1 of its provenance is not \"provenance VERSION\"") << bad;
  EXPECT_THAT(fault(replaced(text, "method 7", "method x")),
              HasSubstr("line 2 of its provenance is not \"method NUMBER\""));
  EXPECT_THAT(fault(replaced(text, "recipe ", "recipe g")),
              HasSubstr("line 3 of its provenance is not \"recipe HASH\""));
  EXPECT_THAT(fault(replaced(text, "tensor q 0 ", "tensor q 1 ")),
              HasSubstr("line 5 of its provenance is not \"tensor q 0 HASH\""));
  EXPECT_THAT(fault(replaced(text, "tensor q 0 ", "tensor q 0 A")), HasSubstr("line 5"));
  EXPECT_THAT(fault(text + "\n"), HasSubstr("more lines than its model has tensors"));
  EXPECT_THAT(fault(text.substr(0, text.size() - 1)), HasSubstr("line 24"));
  // Whatever is missing from the end is missed.
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(fault(text.substr(0, size)), "") << size;
  EXPECT_THAT(fault("provenance 1\n" + std::string(std::size_t{1} << 24, 'x')), HasSubstr("line 2"));
}

TEST(Provenance, OfALaterVersion_IsNotRead) {
  const auto read = parse_provenance("provenance 2\nof other lines", small_model());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->version, 2U);
  EXPECT_TRUE(read->tensors.empty());
}

ImageHead head_with_record(const std::string& text) {
  ImageHead head = head_of(small_model(), 3);
  const auto bytes = std::as_bytes(std::span(text));
  head.added = {{std::string(kProvenance), true, {bytes.begin(), bytes.end()}}};
  return head;
}

class RecordedImage : public DamagedImage {
 protected:
  static constexpr std::size_t kSection = place_of(SectionKind::Codebook, 2 + 7 * 2);  // after the last matrix
  RecordedImage() : DamagedImage(head_with_record(to_text(a_record()))) {}
};

TEST_F(RecordedImage, SaysWhatItWasBakedFrom) {
  const auto path = temp_path("recorded");
  write_bytes(path, bytes_);
  const auto image = RomImage::open(path, pool_);
  ASSERT_TRUE(image.ok()) << image.error().message;
  ASSERT_TRUE(image->provenance().has_value());
  EXPECT_EQ(to_text(*image->provenance()), to_text(a_record()));
  EXPECT_EQ(image->path(), path);
  EXPECT_EQ(image->part_at(0), "header");
  EXPECT_EQ(image->part_at(sizeof(Header)), "directory");
  EXPECT_EQ(image->part_at(section_of(bytes_, place_of(SectionKind::Norms)).offset), "norms");
  EXPECT_EQ(image->part_at(bytes_.size() - 1), "section \"provenance\"");
  write_image(path, head_of(small_model(), 3));
  EXPECT_FALSE(RomImage::open(path, pool_)->provenance());
  write_image(path, head_with_record("provenance 9\n"));
  EXPECT_EQ(RomImage::open(path, pool_)->provenance()->version, 9U);
  std::filesystem::remove(path);
}

TEST_F(RecordedImage, IsRefusedWhereItsRecordIsNone) {
  const auto at = section_of(bytes_, kSection).offset;
  Bytes bytes = bytes_;
  bytes[at] = std::byte{'P'};
  EXPECT_THAT(refused(bytes), HasSubstr("does not match its checksum"));
  reseal(bytes);
  EXPECT_THAT(refused(bytes), HasSubstr("line 1 of its provenance is not"));
  EXPECT_EQ(with_section(kSection, [](Section& s) { s.flags = 0; }), "");  // known: it may be required
}

TEST(RomWriter, AddedBytesAreReplacedByAsMany) {
  const auto text = to_text(a_record());
  auto writer = RomWriter::create(temp_path("replaced"), head_with_record(text));
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  EXPECT_THROW(writer->replace_added(kProvenance, Bytes(text.size() + 1)), base::BugError);
  EXPECT_THROW(writer->replace_added("other", Bytes(text.size())), base::BugError);
  writer->replace_added(kProvenance, Bytes(text.size()));
}

}  // namespace
}  // namespace kiln::rom::test
