// A small ROM image with random contents, and a way to change its bytes as somebody would who also repairs the
// checksums.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "rom/layout.hpp"
#include "rom/rom_image.hpp"
#include "rom/rom_writer.hpp"
#include "support/models.hpp"
#include "support/sealed_image.hpp"

namespace kiln::rom::test {

inline std::string temp_path(const std::string& name) { return testing::TempDir() + "kiln_rom_" + name + ".rom"; }

inline config::ModelConfig small_model() { return support::model_of({"small", 12, 20, 2, 3, 1, 4, 18, 32}); }

inline config::BakeRecipe recipe_of(int bits) {
  config::BakeRecipe recipe;
  recipe.name = "test";
  recipe.formats.fill({bits, config::CodebookKind::Uniform});
  return recipe;
}

inline tokenizer::TokenizerSpec sentence_piece_spec() {
  tokenizer::TokenizerSpec spec;
  spec.tokens = {"<unk>", "<s>", "</s>", "<0x0A>", "\xE2\x96\x81", std::string("a\0b", 3), ""};
  spec.scores = {0.0F, 0.0F, 0.0F, 0.0F, -1.5F, -0.0F, 1e-30F};
  spec.types = {tokenizer::TokenType::Unknown, tokenizer::TokenType::Control, tokenizer::TokenType::Control,
                tokenizer::TokenType::Byte,    tokenizer::TokenType::Normal,  tokenizer::TokenType::UserDefined,
                tokenizer::TokenType::Unused};
  spec.add_bos = true;
  spec.bos = 1;
  spec.eos = {2, 5};
  spec.unknown = 0;
  return spec;
}

inline tokenizer::TokenizerSpec byte_level_spec() {
  tokenizer::TokenizerSpec spec;
  spec.kind = tokenizer::Kind::ByteLevel;
  spec.pre = tokenizer::PreTokenizer::Llama3;
  spec.tokens = {"!", "\xC4\xA0", "<|end|>"};
  spec.types.assign(3, tokenizer::TokenType::Normal);
  spec.merges = {"\xC4\xA0 t", "i n"};
  spec.ignore_merges = true;
  spec.add_space_prefix = false;
  spec.chat_template = "{{ bos_token }}\n";
  return spec;
}

inline ImageHead head_of(const config::ModelConfig& model, int bits) {
  ImageHead head{model, recipe_of(bits), sentence_piece_spec(), {}, {}};
  base::Random random(7);
  for (std::uint32_t i = 0; i < model.head_dim / 2; ++i) head.rope_increments.push_back(random.next());
  for (std::uint64_t i = 0; i < (2 * std::uint64_t{model.layers} + 1) * model.hidden_size; ++i)
    head.norms.push_back(static_cast<float>(random.unit()));
  return head;
}

/// What a matrix of the image was written from.
struct Written {
  std::vector<std::uint8_t> codes;  // rows x columns
  std::vector<std::int8_t> codebook;
  std::vector<std::uint8_t> scales;
  std::vector<float> row_scales;
};

inline Written write_tensor(RomWriter& writer, const TensorShape& shape, int bits, base::Random& random) {
  Written out;
  const std::size_t groups = (shape.columns + 63) / 64;
  for (int i = 0; i < 1 << bits; ++i)
    out.codebook.push_back(static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127));
  EXPECT_TRUE(writer.begin_tensor(out.codebook).ok());
  for (std::uint32_t row = 0; row < shape.rows; row += 16) {
    const std::uint32_t real = std::min(16U, shape.rows - row);
    std::vector<std::uint8_t> codes(16 * groups * 64);
    std::vector<std::uint8_t> scales(16 * groups);
    std::vector<float> row_scales(real);
    for (std::uint32_t r = 0; r < real; ++r) {
      row_scales[r] = static_cast<float>(random.unit()) + 0.1F;
      for (std::size_t g = 0; g < groups; ++g) scales[g * 16 + r] = static_cast<std::uint8_t>(random.below(256));
      for (std::uint32_t c = 0; c < shape.columns; ++c) {
        codes[r * groups * 64 + c] = static_cast<std::uint8_t>(random.below(std::uint64_t{1} << bits));
        out.codes.push_back(codes[r * groups * 64 + c]);
      }
    }
    Bytes packed(numerics::packed_code_bytes(16, shape.columns, bits));
    numerics::pack_panel(bits, shape.columns, codes, packed);
    EXPECT_TRUE(writer.append_panels(packed, scales, row_scales).ok());
    out.scales.insert(out.scales.end(), scales.begin(), scales.end());
    out.row_scales.insert(out.row_scales.end(), row_scales.begin(), row_scales.end());
  }
  return out;
}

inline std::vector<Written> write_image(const std::string& path, const ImageHead& head, std::string* hash = nullptr) {
  auto writer = RomWriter::create(path, head);
  if (!writer) {
    ADD_FAILURE() << writer.error().message;
    return {};
  }
  std::vector<Written> tensors;
  base::Random random(11);
  for (const auto& shape : tensor_shapes(head.model))
    tensors.push_back(write_tensor(*writer, shape, head.recipe.of(shape.tensor_class).bits, random));
  const auto written = writer->finish();
  EXPECT_TRUE(written.ok());
  if (hash != nullptr && written) *hash = written->content_hash;
  return tensors;
}

inline Bytes read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(in), {}};
  Bytes bytes(chars.size());
  if (!bytes.empty()) std::memcpy(bytes.data(), chars.data(), bytes.size());
  return bytes;
}

inline void write_bytes(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// An image that a test damages.
class DamagedImage : public testing::Test {
 protected:
  explicit DamagedImage(const ImageHead& head) {
    write_image(path_, head);
    bytes_ = read_bytes(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  /// The message with which the file is refused, or "" if it is not; it is one line and names the file.
  std::string refused() {
    const auto image = RomImage::open(path_, pool_);
    if (image) return "";
    EXPECT_NE(image.error().message.find(path_), std::string::npos) << image.error().message;
    EXPECT_EQ(image.error().message.find('\n'), std::string::npos) << image.error().message;
    return image.error().message;
  }
  std::string refused(const Bytes& bytes) {
    write_bytes(path_, bytes);
    return refused();
  }
  /// Changes one directory entry and repairs the checksums.
  std::string with_section(std::size_t index, const std::function<void(Section&)>& change) {
    Bytes bytes = bytes_;
    Section section = section_of(bytes, index);
    change(section);
    put(bytes, index, section);
    reseal(bytes);
    return refused(bytes);
  }
  /// Whichever byte from `first` to before `last` changes: it is refused. One file, in which a byte at a time is other.
  void expect_flips_refused(std::size_t first, std::size_t last) {
    EXPECT_EQ(refused(bytes_), "");
    const int file = ::open(path_.c_str(), O_WRONLY);
    ASSERT_GE(file, 0);
    for (std::size_t at = first; at < last; ++at) {
      const auto flipped = bytes_[at] ^ static_cast<std::byte>(1U << (base::mix(3, at) % 8));
      ASSERT_EQ(::pwrite(file, &flipped, 1, static_cast<off_t>(at)), 1);
      ASSERT_NE(refused(), "") << "byte " << at;
      ASSERT_EQ(::pwrite(file, &bytes_[at], 1, static_cast<off_t>(at)), 1);
    }
    ::close(file);
    EXPECT_EQ(refused(), "");
  }

  base::ThreadPool pool_{1};
  Bytes bytes_;

 private:
  const std::string path_ = temp_path("damaged");
};

}  // namespace kiln::rom::test
