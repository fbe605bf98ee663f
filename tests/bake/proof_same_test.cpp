// What is no part of an image or of its proof: the folder, the format of the file, the machine.
#include "checkpoint/files.hpp"
#include "proof_testing.hpp"

namespace kiln::bake::test {
namespace {

using checkpoint::Role;
using config::CodebookKind;
using testing::IsEmpty;

/// The high halves, as BF16 has them.
std::string brain_floats(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values)
    bytes += checkpoint::test::raw(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
  return bytes;
}

std::unique_ptr<checkpoint::Checkpoint> opened(const std::string& source) {
  auto checkpoint = checkpoint::open(source);
  if (!checkpoint) throw std::runtime_error(checkpoint.error().message);
  return *std::move(checkpoint);
}

TEST(Proof, TheFolder_IsNoPartOfAnImage) {
  namespace files = checkpoint::test;
  const auto folder = files::folder();
  std::vector<Bytes> images;
  for (const std::string name : {"one", "another name", "deep/er"}) {
    std::filesystem::create_directories(folder / name);
    const auto from = files::write_hf(folder / name, files::tiny_hf_config(), files::tiny_hf_tensors());
    for (const std::string ending : {"", "/"}) {
      const auto checkpoint = opened(from.string() + ending);
      images.push_back(bytes_of(*checkpoint, recipe_of(4)));
      EXPECT_EQ(images.back() == images.front(), true) << name;
      EXPECT_TRUE(proof(image_of(images.front()), *checkpoint).matches());
    }
  }
}

TEST(Proof, TheFormatOfTheFile_IsNoPartOfATensorsHash) {
  namespace files = checkpoint::test;
  const auto folder = files::folder();
  auto tensors = files::tiny_hf_tensors();
  const auto shapes = checkpoint::layout(files::tiny_config(), true);
  auto builder = files::tiny_gguf();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& shape = shapes[i];
    const auto weights = files::tiny_weights(shape);
    tensors[i].dtype = "BF16";
    tensors[i].data = brain_floats(weights);
    const bool turned = shape.role == Role::Q || shape.role == Role::K;
    auto& tensor = builder.tensor(checkpoint::gguf_name(shape.role, shape.layer));
    tensor.type = 30;  // BF16
    tensor.data = brain_floats(turned ? files::interleaved(weights, shape.columns, 4) : weights);
  }
  const auto hf = opened(files::write_hf(folder, files::tiny_hf_config(), tensors).string());
  const auto gguf = opened(files::write_gguf(folder, builder));
  EXPECT_EQ(hf->tensors()[1].format, "BF16");
  EXPECT_EQ(gguf->tensors()[1].format, "BF16");
  const auto image = image_of(bytes_of(*hf, recipe_of(4)));
  const auto result = proof(image, *gguf, Proof::Codes);
  EXPECT_EQ(result.hashes_checked, hf->tensors().size());
  EXPECT_THAT(result.other_hashes, IsEmpty());
  EXPECT_THAT(result.other_codes, IsEmpty());
  EXPECT_EQ(result.codes_checked, image.tensors().size());
}

/// Known on the machine on which this was written, so that another machine, compiler or vector unit that bakes other
/// bytes fails here. A change of the baker on purpose raises kMethod and changes these hashes; so does one of the packing,
/// with the format's version.
TEST(Proof, AnImageIsTheSameOnEveryMachine) {
  const std::pair<int, const char*> known[] = {{2, "e796667590f99d76a852fe65494c923f"},
                                               {3, "05f7b4e706a0310c8de281680a50bb20"},
                                               {4, "b36573dbcbcbc53c92d081b40b3cfc67"},
                                               {6, "ba8de51eb91c89e8979c5ad9b98b90c9"},
                                               {8, "3f1b8b3ccd9ad2cbbc95da3c4a4bdc39"}};
  EXPECT_EQ(kMethod, 1U);
  for (const auto& [bits, hash] : known) {
    const auto checkpoint = checkpoint::synthetic(odd_model(), 1);
    const auto kind = bits > 4 ? CodebookKind::Uniform : CodebookKind::KMeans;
    EXPECT_EQ(image_of(bytes_of(*checkpoint, recipe_of(bits, kind))).content_hash(), hash) << bits;
  }
}

}  // namespace
}  // namespace kiln::bake::test
