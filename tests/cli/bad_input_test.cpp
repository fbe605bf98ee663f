// Bad input of every kind through the program itself: one sentence that says what and where, exit status 2, nothing
// written, no crash and no great allocation. The modules' own tests hold the details of each format; this file holds
// that nothing gets lost on the way to the user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "checkpoint/files.hpp"
#include "rom/layout.hpp"
#include "support/kiln_test.hpp"
#include "tokenizer/hugging_face_files.hpp"

namespace kiln {
namespace {

namespace files = checkpoint::test;
namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using testing::HasSubstr;
using Parts = std::vector<std::string>;

const std::string kStories = KILN_SOURCE_DIR "/models/kiln-stories-1m";
constexpr long kMostMemoryKib = 1024 * 1024;

class BadInput : public test::KilnTest {
 protected:
  void TearDown() override {
    rusage usage = {};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    EXPECT_LT(usage.ru_maxrss, kMostMemoryKib);
    KilnTest::TearDown();
  }

  /// Names, sizes and times of everything in the test's folder.
  [[nodiscard]] Parts listing() const {
    Parts all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      struct stat info = {};
      ::lstat(entry.path().c_str(), &info);
      all.push_back(entry.path().string() + " " + std::to_string(info.st_mode) + " " + std::to_string(info.st_size) +
                    " " + std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  void expect_refused(const Parts& arguments, const Parts& parts) const {
    const auto before = listing();
    const auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, testing::StartsWith("kiln: error: "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const auto& part : parts) EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(listing(), before) << outcome.err;
  }
  [[nodiscard]] Parts bake(const std::string& checkpoint) const {
    return {"bake", checkpoint, "-o", path("x.rom"), "--recipe", "w8"};
  }

  /// A directory with the tiny model, for a test to spoil.
  [[nodiscard]] std::string hf(const std::string& name, const json& config = files::tiny_hf_config(),
                               const std::vector<files::RawTensor>& tensors = files::tiny_hf_tensors()) const {
    fs::create_directories(folder_ / name);
    return files::write_hf(folder_ / name, config, tensors).string();
  }
  [[nodiscard]] std::string hf_bytes(const std::string& bytes) const {
    const auto directory = hf("model");
    files::write(folder_ / "model" / "model.safetensors", bytes);
    return directory;
  }
  /// The tiny model in two shards; `names` may replace what the index says.
  [[nodiscard]] std::string shards(const std::map<std::string, json>& names) const {
    fs::remove_all(folder_ / "sharded");
    const auto all = files::tiny_hf_tensors();
    const std::ptrdiff_t half = static_cast<std::ptrdiff_t>(all.size()) / 2;
    fs::create_directories(folder_ / "sharded");
    files::write(folder_ / "sharded/config.json", files::tiny_hf_config().dump());
    files::write(folder_ / "sharded/a.safetensors", files::safetensors({all.begin(), all.begin() + half}));
    files::write(folder_ / "sharded/b.safetensors", files::safetensors({all.begin() + half, all.end()}));
    json index = {{"metadata", {{"total_size", 1}}}, {"weight_map", json::object()}};
    for (std::size_t i = 0; i < all.size(); ++i)
      index["weight_map"][all[i].name] = static_cast<std::ptrdiff_t>(i) < half ? "a.safetensors" : "b.safetensors";
    for (const auto& [tensor, shard] : names) index["weight_map"][tensor] = shard;
    files::write(folder_ / "sharded/model.safetensors.index.json", index.dump());
    return path("sharded");
  }
  [[nodiscard]] std::string stories_rom() const { return shared_image(kStories, "w4", "stories.rom"); }
};

const std::string kQ = "model.layers.0.self_attn.q_proj.weight";

files::RawTensor& of_name(std::vector<files::RawTensor>& tensors, const std::string& name) {
  return *std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
}

TEST_F(BadInput, TheUnspoiltInputsAreTaken) {
  for (const auto& checkpoint : {hf("model"), shards({}), files::write_gguf(folder_, files::tiny_gguf())}) {
    const auto outcome = kiln(bake(checkpoint));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(kiln({"inspect", checkpoint}).status, 0) << checkpoint;
  }
}

TEST_F(BadInput, SafetensorsHeaders) {
  const auto whole = files::safetensors(files::tiny_hf_tensors());
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), sizeof header);
  for (const std::uint64_t cut : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{8}, 7 + header, 8 + header,
                                  std::uint64_t{whole.size()} - 1}) {
    expect_refused(bake(hf_bytes(whole.substr(0, cut))), {"model/model.safetensors"});
    expect_refused({"inspect", path("model")}, {"model/model.safetensors"});
  }
  expect_refused(bake(hf_bytes(whole + "x")), {"model.safetensors: bytes " + std::to_string(whole.size())});
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{100'000'001}, std::uint64_t{1} << 63, ~std::uint64_t{0}})
    expect_refused(bake(hf_bytes(files::raw(length) + whole.substr(8))), {"model.safetensors", "byte"});
  expect_refused(bake(hf_bytes(files::safetensors("{\"a\xFF\":1}", ""))), {"byte 11 is not UTF-8"});
  expect_refused(bake(hf_bytes(files::safetensors(std::string(100'000, '['), ""))), {"nested deeper"});
  expect_refused(bake(hf_bytes(files::safetensors("{\"a\":1,\"a\":2}", ""))), {"twice"});
}

TEST_F(BadInput, SafetensorsEntries) {
  const auto whole = files::safetensors(files::tiny_hf_tensors());
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof length);
  const auto header = json::parse(whole.substr(8, length));
  const auto with = [&](const char* key, const json& value) {
    auto spoilt = header;
    spoilt[kQ][key] = value;
    return bake(hf_bytes(files::safetensors(spoilt.dump(), whole.substr(8 + length))));
  };
  const std::uint64_t size = whole.size() - 8 - length;
  expect_refused(with("data_offsets", {size, size + 256}), {kQ, "ends at byte"});
  expect_refused(with("data_offsets", {256, 0}), {kQ, "[256, 0]"});
  expect_refused(with("data_offsets", {-1, 255}), {kQ, "byte offsets"});
  expect_refused(with("data_offsets", {1ULL << 63, ~0ULL}), {kQ});
  expect_refused(with("data_offsets", header["model.layers.0.self_attn.o_proj.weight"]["data_offsets"]), {"overlap"});
  expect_refused(with("shape", {4, 16}), {kQ, "[4, 16]", "[8, 8]"});
  expect_refused(with("shape", {1ULL << 33, 1ULL << 33}), {kQ, "2^64"});
  expect_refused(with("dtype", "F4"), {kQ, "F4", "F32, F16 or BF16"});
  expect_refused(with("dtype", "I32"), {kQ, "I32", "F32, F16 or BF16"});
  expect_refused(with("dtype", 32), {kQ, "dtype"});
}

TEST_F(BadInput, TensorsThatAreMissingTooManyOrNotFinite) {
  auto tensors = files::tiny_hf_tensors();
  std::erase_if(tensors, [](const auto& t) { return t.name == kQ; });
  expect_refused(bake(hf("missing", files::tiny_hf_config(), tensors)), {kQ, "missing"});
  tensors = files::tiny_hf_tensors();
  tensors.push_back({"model.layers.0.new\nline.\x1B[31m", "F32", {1}, files::raw(1.0F)});
  expect_refused(bake(hf("extra", files::tiny_hf_config(), tensors)), {"new\\x0aline.\\x1b[31m"});
  const float inf = std::numeric_limits<float>::infinity();
  for (const float bad : {std::nanf(""), inf, -inf}) {
    tensors = files::tiny_hf_tensors();
    of_name(tensors, kQ).data.replace((3 * 8 + 5) * 4, 4, files::raw(bad));
    const auto spoilt = hf("not_finite", files::tiny_hf_config(), tensors);
    files::write(spoilt + "/tokenizer.json", tokenizer::small::llama2_json().dump());
    expect_refused(bake(spoilt), {"model.safetensors", kQ, "row 3, column 5"});
    expect_refused({"eval", "--checkpoint", spoilt, "--tokens", write("ids.txt", "1 2 3 4")}, {kQ, "row 3, column 5"});
  }
  auto gguf = files::tiny_gguf();
  gguf.tensor("output_norm.weight").data.replace(4, 4, files::raw(inf));
  expect_refused(bake(files::write_gguf(folder_, gguf)), {"tiny.gguf", "output_norm.weight", "column 1"});
}

TEST_F(BadInput, EmptyValuesAreNotAsIfTheyWereNotGiven) {
  const auto rom = stories_rom();
  EXPECT_THAT(kiln({"run", "--rom", rom, "--chip", "demo", "--prompt", ""}).err,
              testing::Not(HasSubstr("it is empty")));  // a text
  for (const auto& last : std::vector<Parts>{{"inspect", rom, "--against", ""},
                                             {"inspect", rom, "--recipe", ""},
                                             {"inspect", ""},
                                             {"run", "--rom", rom, "--chip", "demo", "--json", ""},
                                             {"run", "--rom", rom, "--chip", "demo", "--trace", ""},
                                             {"run", "--rom", "", "--chip", "demo"},
                                             {"cost", "--chip", "demo", "--model", kStories, "--svg", ""},
                                             {"eval", "--rom", rom, "--logits", ""},
                                             {"run", "--workload", ""},
                                             {"run", "--rom", rom, "--chip", "demo", "-n", ""},
                                             {"sweep", "s.json", "-o", "q.db", "--shard", ""}})
    expect_refused(last, {"it is empty"});
}

TEST_F(BadInput, ConfigsThatAreNoFiles) {
  fs::create_directories(folder_ / "folder");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  for (const auto* name : {"folder", "pipe"})
    expect_refused({"cost", "--chip", path(name), "--model", "kiln-stories-1m"},
                   {path(name) + " is not a regular file"});
}

TEST_F(BadInput, ConfigJson) {
  const auto with = [&](const char* key, const json& value) {
    auto config = files::tiny_hf_config();
    config[key] = value;
    return bake(hf("model", config));
  };
  for (const auto* key : {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                          "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings"}) {
    for (const auto& value : {json(0), json(-5), json(1'000'000'000'000'000'000), json("8")})
      expect_refused(with(key, value), {"config.json: /" + std::string(key)});
  }
  expect_refused(with("hidden_size", 1e18), {"config.json: /hidden_size"});
  expect_refused(with("hidden_size", 4.5), {"config.json: /hidden_size"});
  expect_refused(with("num_attention_heads", 3), {"config.json: /head_dim"});  // 3 heads do not divide 8 channels
  expect_refused(with("num_key_value_heads", 3), {"/num_attention_heads is 2 and /num_key_value_heads is 3"});
  expect_refused(with("head_dim", 7), {"/head_dim is 7; expected an even number"});
  expect_refused(with("num_hidden_layers", 1024), {"model.layers.2.", "missing", "config.json"});
  expect_refused(with("rms_norm_eps", 0), {"/rms_norm_eps is 0"});
  expect_refused(with("rope_theta", -1), {"/rope_theta is -1"});
  expect_refused(with("rope_scaling", {{"rope_type", "yarn"}, {"factor", 2}}), {"/rope_scaling/rope_type", "yarn"});
  expect_refused(with("rope_scaling", {{"rope_type", "linear"}, {"factor", 0}}), {"/rope_scaling/factor"});
  expect_refused(with("rope_scaling", 5), {"/rope_scaling: found 5"});
  expect_refused(with("architectures", {"GPT2LMHeadModel"}), {"/architectures", "GPT2LMHeadModel", "LlamaForCausalLM"});
  expect_refused(with("architectures", {"new\nline"}), {"new\\x0aline"});
  expect_refused(with("model_type", "mixtral"), {"/model_type", "mixtral"});
  for (const std::string text : {"", "{", "[]", "null", "{\"hidden_size\":1e400}", "\xFF{}"}) {
    const auto directory = hf("model");
    files::write(folder_ / "model/config.json", text);
    expect_refused(bake(directory), {"model/config.json", "byte"});
  }
}

TEST_F(BadInput, ShardsAndTheirIndex) {
  const auto index = std::string("model.safetensors.index.json");
  expect_refused(bake(shards({{kQ, "gone.safetensors"}})), {index, "gone.safetensors", "No such file"});
  expect_refused(bake(shards({{kQ, index}})), {index, "/weight_map/" + kQ});
  expect_refused(bake(shards({{kQ, "../model.safetensors"}})), {index, "/weight_map/" + kQ, "leaves the directory"});
  expect_refused(bake(shards({{kQ, "/tmp/model.safetensors"}})), {index, "leaves the directory"});
  expect_refused(bake(shards({{kQ, 5}})), {index, "/weight_map/" + kQ});
  expect_refused(bake(shards({{kQ, "b.safetensors"}})), {kQ});
  expect_refused(bake(shards({{"model.unheard_of", "b.safetensors"}})), {"model.unheard_of"});
  expect_refused(bake(shards({{kQ, "new\nline.safetensors"}})), {"new\\x0aline.safetensors"});
  const auto with_a = [&](const auto& put) {
    const auto directory = shards({});
    fs::remove(folder_ / "sharded/a.safetensors");
    put(folder_ / "sharded/a.safetensors");
    return bake(directory);
  };
  expect_refused(with_a([](const fs::path&) {}), {index, "a.safetensors", "No such file"});
  expect_refused(with_a([](const fs::path& at) { fs::create_symlink("a.safetensors", at); }),
                 {index, "symbolic links"});
  expect_refused(with_a([](const fs::path& at) { fs::create_symlink("b.safetensors", at); }), {index, "the same file"});
  expect_refused(with_a([](const fs::path& at) { fs::create_directory(at); }), {"a.safetensors is not a regular file"});
  expect_refused(with_a([](const fs::path& at) { files::write(at, ""); }), {"a.safetensors has 0 bytes"});
  expect_refused(with_a([](const fs::path& at) { ::mkfifo(at.c_str(), 0600); }), {"a.safetensors is not a regular"});
}

TEST_F(BadInput, GgufFiles) {
  const auto whole = files::tiny_gguf().bytes();
  for (const std::size_t cut : {std::size_t{0}, std::size_t{3}, std::size_t{7}, std::size_t{20}, std::size_t{30},
                                std::size_t{300}, whole.size() - 40}) {
    expect_refused(bake(write("cut.gguf", whole.substr(0, cut))), {"cut.gguf"});
    expect_refused({"inspect", path("cut.gguf")}, {"cut.gguf"});
  }
  const auto patched = [&](std::size_t at, const std::string& bytes) {
    auto spoilt = whole;
    return bake(write("bad.gguf", spoilt.replace(at, bytes.size(), bytes)));
  };
  expect_refused(patched(0, "GGUX"), {"bad.gguf: byte 0", "GGUF"});
  expect_refused(patched(4, files::raw(99U)), {"bad.gguf: byte 4", "version 99"});
  expect_refused(patched(8, files::raw(1ULL << 60)), {"bad.gguf: byte 8", "tensors"});
  expect_refused(patched(16, files::raw(~0ULL)), {"bad.gguf: byte 16", "metadata"});
  expect_refused(patched(24, files::raw(1ULL << 62)), {"bad.gguf: byte 24"});
  const auto tensor = [&](const auto& spoil) {
    auto builder = files::tiny_gguf();
    spoil(builder.tensor("blk.0.attn_q.weight"));
    return bake(files::write_gguf(folder_, builder));
  };
  using Tensor = files::GgufBuilder::Tensor;
  const std::string q = "blk.0.attn_q.weight";
  expect_refused(tensor([](Tensor& t) { t.type = 99; }), {"tiny.gguf: byte", q, "unknown type 99"});
  expect_refused(tensor([](Tensor& t) { t.type = 20; }), {"tiny.gguf: byte", q, "IQ4_NL"});
  expect_refused(tensor([](Tensor& t) { t.dimensions = {4, 16}; }), {q, "[4, 16]", "[8, 8]"});
  expect_refused(tensor([](Tensor& t) { t.dimensions = {1ULL << 62, 8}; }), {q, "2^64"});
  expect_refused(tensor([](Tensor& t) { t.offset = 1ULL << 40; }), {q, "leaves the file"});
  expect_refused(tensor([](Tensor& t) { t.offset = ~0ULL - 31; }), {q, "leaves the file"});
  expect_refused(tensor([](Tensor& t) { t.offset = 0; }), {q, "overlap at byte"});
  expect_refused(tensor([](Tensor& t) { t.name = "blk.0.attn\nq.weight"; }), {q, "missing"});
  const auto metadata = [&](const auto& spoil) {
    auto builder = files::tiny_gguf();
    spoil(builder);
    return bake(files::write_gguf(folder_, builder));
  };
  using Builder = files::GgufBuilder;
  expect_refused(metadata([](Builder& b) { b.text("general.architecture", "gpt2"); }), {"tiny.gguf", "gpt2", "llama"});
  expect_refused(metadata([](Builder& b) { b.text("general.architecture", "a\nb"); }), {"a\\x0ab"});
  expect_refused(metadata([](Builder& b) { b.u32("llama.embedding_length", 0); }), {"tiny.gguf"});
  expect_refused(metadata([](Builder& b) { b.u32("llama.attention.head_count", 0); }), {"llama.attention.head_count"});
  expect_refused(metadata([](Builder& b) { b.u32("llama.block_count", 0xFFFFFFFF); }),
                 {"metadata llama.block_count is 4294967295"});
  expect_refused(metadata([](Builder& b) { b.text("llama.block_count", "two"); }), {"llama.block_count"});
}

TEST_F(BadInput, FilesThatAreNoFiles) {
  fs::create_directory(path("empty"));
  fs::create_directory(path("folder.gguf"));
  fs::create_symlink("loop", path("loop"));
  ::mkfifo(path("pipe").c_str(), 0600);
  ::mkfifo(path("pipe.gguf").c_str(), 0600);
  for (const std::string command : {"bake", "inspect"}) {
    const auto take = [&](const std::string& file) { return command == "bake" ? bake(file) : Parts{"inspect", file}; };
    expect_refused(take(path("empty")), {"empty/config.json", "No such file"});
    expect_refused(take(path("folder.gguf")), {"folder.gguf/config.json"});
    expect_refused(take(path("nowhere")), {"nowhere", "No such file"});
    expect_refused(take(path("loop")), {"loop", "symbolic links"});
    expect_refused(take(path("pipe")), {"pipe is not a regular file"});
    expect_refused(take(path("pipe.gguf")), {"pipe.gguf is not a regular file"});
    expect_refused(take(write("empty.gguf", "")), {"empty.gguf"});
  }
  for (const std::string name : {"config.json", "model.safetensors", "tokenizer.json"}) {
    const auto put = [&](const auto& make) {
      fs::remove_all(folder_ / "model");
      const auto directory = hf("model");
      fs::remove(folder_ / "model" / name);
      make(folder_ / "model" / name);
      return bake(directory);
    };
    expect_refused(put([](const fs::path& at) { fs::create_directory(at); }), {name + " is not a regular file"});
    expect_refused(put([](const fs::path& at) { ::mkfifo(at.c_str(), 0600); }), {name + " is not a regular file"});
    expect_refused(put([&](const fs::path& at) { fs::create_symlink(name, at); }), {name, "symbolic links"});
    expect_refused(put([](const fs::path& at) { fs::create_symlink("gone", at); }), {name, "No such file"});
    expect_refused(put([](const fs::path& at) { files::write(at, ""); }), {name});
  }
  const auto run = [&](const std::string& rom) {
    return Parts{"run", "--rom", rom, "--chip", "demo", "--prompt", "x"};
  };
  expect_refused(run(path("pipe")), {"pipe is not a regular file"});
  expect_refused(run(path("empty")), {"empty is not a regular file"});
  expect_refused(run(kStories + "/heldout.txt"), {"heldout.txt", "not a ROM image"});
  expect_refused({"eval", "--checkpoint", kStories, "--tokens", path("pipe")}, {"pipe is not a regular file"});
  expect_refused({"eval", "--checkpoint", kStories, "--text", path("empty")}, {"empty is not a regular file"});
  expect_refused({"run", "--model", "stories260k", "--chip", path("pipe"), "--prompt-tokens", "1"}, {"pipe"});
}

TEST_F(BadInput, DamagedImages) {
  ASSERT_EQ(kiln(bake(hf("model"))).status, 0);
  const auto whole = test::slurp(path("x.rom"));
  fs::remove(path("x.rom"));
  rom::Header header;
  std::memcpy(&header, whole.data(), sizeof header);
  std::vector<rom::Section> sections(header.sections);
  std::memcpy(sections.data(), whole.data() + sizeof header, sections.size() * sizeof(rom::Section));
  std::vector<std::size_t> places = {0, 8, 24, 40, sizeof header - 1, sizeof header};
  places.push_back(sizeof header + sections.size() * sizeof(rom::Section) - 1);
  // The texts and tables, all parts of the first matrix, and all of the last one: their first and last bytes.
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].bytes == 0 || (i >= 9 && i + 4 < sections.size())) continue;
    places.push_back(sections[i].offset);
    places.push_back(sections[i].offset + sections[i].bytes - 1);
  }
  const auto run = [&] { return Parts{"run", "--rom", path("bad.rom"), "--chip", "demo", "--prompt-tokens", "2"}; };
  for (const auto at : places) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    (void)write("bad.rom", damaged);
    expect_refused({"inspect", path("bad.rom")}, {"bad.rom"});
  }
  expect_refused(run(), {"bad.rom", "damaged"});
  for (const std::size_t cut : {std::size_t{0}, std::size_t{8}, sizeof header - 1, sizeof header, whole.size() - 1}) {
    (void)write("bad.rom", whole.substr(0, cut));
    expect_refused(run(), {"bad.rom"});
    expect_refused({"eval", "--rom", path("bad.rom"), "--tokens", write("ids.txt", "1 2 3 4")}, {"bad.rom"});
  }
  (void)write("bad.rom", whole + std::string(1, '\0'));
  expect_refused(run(), {"bad.rom", "has grown"});
}

TEST_F(BadInput, Configs) {
  const auto spoilt = [&](const std::string& kind, const std::string& name, const std::string& pointer,
                          const json& value) {
    auto config = json::parse(test::slurp(KILN_SOURCE_DIR "/configs/" + kind + "/" + name + ".json"));
    config[json::json_pointer(pointer)] = value;
    return write(kind + ".json", config.dump());
  };
  const auto chip = [](const std::string& file) {
    return Parts{"run", "--model", "stories260k", "--chip", file, "--prompt-tokens", "2", "-n", "2"};
  };
  const auto model = [](const std::string& file) {
    return Parts{"run", "--model", file, "--chip", "demo", "--prompt-tokens", "2", "-n", "2"};
  };
  const auto recipe = [&](const std::string& file) {
    return Parts{"bake", "synthetic:stories260k", "-o", path("x.rom"), "--recipe", file};
  };
  const auto gpu = [](const std::string& file) { return Parts{"baseline", "--model", "stories260k", "--gpu", file}; };
  expect_refused(chip(spoilt("chip", "demo", "/kv/bnaks", 4)), {"chip.json: /kv/bnaks", "the nearest is /kv/banks"});
  expect_refused(chip(spoilt("chip", "demo", "/kv/banks", "4")), {"chip.json: /kv/banks is \"4\"", "integer from 1"});
  expect_refused(model(spoilt("model", "stories260k", "/hiden_size", 4)), {"/hiden_size", "nearest is /hidden_size"});
  expect_refused(model(spoilt("model", "stories260k", "/hidden_size", 0)), {"model.json: /hidden_size is 0"});
  expect_refused(model(spoilt("model", "stories260k", "/head_dim", 7)), {"model.json: /head_dim is 7"});
  expect_refused(recipe(spoilt("recipe", "w4", "/bases", 4)), {"recipe.json: /bases", "nearest is /base"});
  expect_refused(recipe(spoilt("recipe", "w4", "/base", 4)), {"recipe.json: /base is 4"});
  expect_refused(gpu(spoilt("gpu", "h100-sxm", "/memory", 4)), {"gpu.json: /memory", "nearest is /memory_gb"});
  expect_refused(gpu(spoilt("gpu", "h100-sxm", "/memory_gb", -4)), {"gpu.json: /memory_gb is -4"});
  for (const std::string text : {"", "[]", "{", "\xFF"}) {
    const auto file = write("bad.json", text);
    for (const auto& arguments : {chip(file), model(file), recipe(file), gpu(file)})
      expect_refused(arguments, {"bad.json"});
  }
  auto two = chip(spoilt("chip", "demo", "/kv/bnaks", 4));
  two.insert(two.end(), {"--set", "clock_mhz=fast"});  // two errors: two sentences, each on a line of its own
  const auto outcome = kiln(two);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, testing::MatchesRegex("kiln: error: [^\n]*\nkiln: error: [^\n]*\n"));
}

TEST_F(BadInput, Overrides) {
  const std::vector<std::pair<std::string, std::string>> sets = {{"kv.bnaks=64", "the nearest is /kv/banks"},
                                                                 {"kv.banks", "POINTER=VALUE"},
                                                                 {"=5", "POINTER=VALUE"},
                                                                 {"/=5", "POINTER=VALUE"},
                                                                 {"kv..banks=5", "POINTER=VALUE"},
                                                                 {"", "POINTER=VALUE"},
                                                                 {"kv.banks.deep=5", "/kv/banks holds no keys"},
                                                                 {"kv=5", "/kv is 5"},
                                                                 {"kv.banks=0", "/kv/banks is 0"},
                                                                 {"kv.banks=1e400", "/kv/banks"},
                                                                 {"kv.banks=[", "/kv/banks"},
                                                                 {"kv.banks=a\nb", "/kv/banks is \"a?b\""},
                                                                 {"chip:name=\xFF", "byte 5 is not UTF-8"},
                                                                 {"model:head_dim=7", "/head_dim is 7"},
                                                                 {"gpu:nothing=1", "/nothing"},
                                                                 {"recipe:base.bits=99", "/base/bits is 99"}};
  for (const auto& [set, part] : sets) {
    const Parts run = {"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "--set", set};
    expect_refused(run, {"--set", part});
  }
}

TEST_F(BadInput, PromptsTextsAndTokens) {
  const auto rom = stories_rom();
  const auto run = [&](const Parts& more) {
    Parts all = {"run", "--rom", rom, "--chip", "demo"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_refused(run({"--prompt", ""}), {"the prompt is empty"});
  expect_refused(run({"--prompt", "ab\xFF"}), {"--prompt", "UTF-8 at byte 2"});
  expect_refused(run({"--prompt-tokens", "-1"}), {"--prompt-tokens", "whole number"});
  expect_refused(run({"--prompt-tokens", "99999999999999999999"}), {"--prompt-tokens", "whole number"});
  expect_refused(run({"--prompt", "x", "-n", "many"}), {"--new-tokens", "whole number"});
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "word ";
  expect_refused(run({"--prompt", words, "--set", "kv.depth_words=16"}), {"the KV cache of chip demo holds 32"});
  expect_refused(run({"--prompt-tokens", "16000000"}), {"the prompt has 16000000 tokens", "holds"});

  for (const auto& [option, subject] : {std::pair("--rom", rom), std::pair("--checkpoint", kStories)}) {
    const auto tokens = [&, o = option, s = subject](const std::string& text) {
      return Parts{"eval", o, s, "--tokens", write("ids.txt", text)};
    };
    const auto text = [&, o = option, s = subject](const std::string& bytes) {
      return Parts{"eval", o, s, "--text", write("text.txt", bytes)};
    };
    expect_refused(tokens("1 2 three 4"), {"ids.txt, byte 4", "whole numbers"});
    expect_refused(tokens("1 2 -3 4"), {"ids.txt, byte 4"});
    expect_refused(tokens("1 2 3.5 4"), {"ids.txt, byte 4"});
    expect_refused(tokens("1 2 99999999999 4"), {"ids.txt, byte 4"});
    expect_refused(tokens(std::string("1 2 \0", 5)), {"ids.txt, byte 4"});
    expect_refused(tokens("1 2 1024 4"), {"ids.txt, byte 4", "is 1024", "below 1024"});
    expect_refused(tokens(" \n"), {"ids.txt is empty"});
    expect_refused(tokens("1 2 3"), {"ids.txt has 3 tokens", "at least 4"});
    expect_refused(text(""), {"text.txt is empty"});
    expect_refused(text("a"), {"text.txt has 2 tokens", "at least 4"});
    expect_refused(text("abc\xFFxyz"), {"text.txt", "UTF-8 at byte 3"});
    expect_refused(text("ab\xED\xA0\x80"), {"text.txt", "UTF-8 at byte 2"});
    auto long_context = text("Once upon a time");
    long_context.insert(long_context.end(), {"--context", "100000"});
    expect_refused(long_context, {"text.txt has", "--context 100000"});
    for (const std::string context : {"-4", "0", "3", "1048577"}) {
      long_context.back() = context;
      expect_refused(long_context, {"--context"});
    }
    long_context.back() = "4";
    long_context.insert(long_context.end(), {"--chunks", "0"});
    expect_refused(long_context, {"--chunks is 0"});
  }
}

TEST_F(BadInput, ACacheThatFillsEndsTheAnswerAndSaysWhy) {
  // 16 banks of 16 words hold 32 tokens of 8 words, which either model's keys and values take.
  const Parts small = {"--chip", "demo", "-n", "5000", "--set", "kv.depth_words=16", "--set", "kv.banks=16"};
  const auto run = [&](Parts arguments) {
    arguments.insert(arguments.end(), small.begin(), small.end());
    auto outcome = kiln(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  };
  const auto timing = run({"run", "--model", "stories260k", "--prompt-tokens", "4"});
  EXPECT_THAT(timing.err, HasSubstr("the KV cache of chip demo is full at 32 tokens"));
  const auto answer = run({"run", "--rom", stories_rom(), "--prompt", "Once upon a time"});
  EXPECT_THAT(answer.out, HasSubstr("KV cache is full"));
  EXPECT_EQ(answer.err, "");
}

TEST_F(BadInput, OutputsThatCannotBeWrittenAreRefusedBeforeTheWork) {
  fs::create_directory(path("folder"));
  fs::create_symlink("loop", path("loop"));
  ::mkfifo(path("pipe").c_str(), 0600);
  const auto file = write("file", "precious");
  const std::string text = kStories + "/heldout.txt";
  for (const auto& bad : {path("no/folder/x"), path("folder"), path("loop/x"), path("loop"), path("pipe"), file + "/x",
                          path(std::string(300, 'a'))}) {
    expect_refused({"bake", kStories, "-o", bad}, {"cannot write " + bad});
    expect_refused({"bake", kStories, "-o", path("x.rom"), "--json", bad}, {"cannot write " + bad});
    expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "--json", bad},
                   {"cannot write " + bad});
    const Parts eval = {"eval", "--checkpoint", kStories, "--text", text, "--context", "16", "--chunks", "1"};
    auto logits = eval;
    logits.insert(logits.end(), {"--logits", bad});
    expect_refused(logits, {"cannot write " + bad});
    auto both = eval;
    both.insert(both.end(), {"--logits", path("logits.f32"), "--json", bad});
    expect_refused(both, {"cannot write " + bad});
  }
  expect_refused({"bake", kStories, "-o", ""}, {"it is empty"});
  EXPECT_EQ(test::slurp(file), "precious");
}

TEST_F(BadInput, ALinkAsOutputStaysAndWhatItLeadsToIsReplaced) {
  const auto file = write("file.json", "old");
  fs::create_symlink("file.json", path("link.json"));
  const auto outcome = kiln({"baseline", "--model", "llama-3.1-8b", "--json", path("link.json")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(fs::is_symlink(path("link.json")));
  EXPECT_TRUE(json::accept(test::slurp(file)));
}

TEST_F(BadInput, AReadOnlyFolder) {
  if (::geteuid() == 0) {  // who writes into read-only folders, but makes no files below /proc either
    return expect_refused({"bake", kStories, "-o", "/proc/self/x.rom"}, {"cannot write /proc/self/x.rom"});
  }
  fs::create_directory(path("folder"));
  ::chmod(path("folder").c_str(), 0555);
  expect_refused({"bake", kStories, "-o", path("folder/x.rom")}, {"folder/x.rom", "Permission denied"});
}

TEST_F(BadInput, OptionsInWords) {
  const auto baseline = [](const std::string& option, const std::string& value) {
    return Parts{"baseline", "--model", "llama-3.1-8b", option, value};
  };
  expect_refused(baseline("--batch", "-1"), {"--batch", "found -1", "whole number"});
  expect_refused(baseline("--batch", "0"), {"batch is 0"});
  expect_refused(baseline("--context", "18446744073709551615"), {"context is 18446744073709551615"});
  expect_refused(baseline("--precision", "int3"), {"--precision", "int3", "bf16, fp8, int4, int8"});
  expect_refused(baseline("--engine", "tgi"),
                 {"--engine", "tgi", "exllama, gpt-fast, llama.cpp, lmdeploy, mlc, sglang"});
  expect_refused(baseline("--tp", "0"), {"the number of GPUs is 0"});
  expect_refused(baseline("--gpu", "h100-smx"), {"h100-smx", "the nearest is \"h100-sxm\""});
  expect_refused({"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "--movement", "fast"},
                 {"--movement", "fast", "beats, bursts"});
  expect_refused({"bake", "synthetic:nope", "-o", path("x.rom")}, {"nope"});
  expect_refused({"bake", "synthetic:stories260k:x", "-o", path("x.rom")}, {"the seed \"x\""});
  expect_refused({"fl\ny"}, {"fl\\x0ay"});
}

// As a script gives it whose variable is not set: neither left out nor 0.
TEST_F(BadInput, AnOptionWithoutItsValue) {
  const auto rom = stories_rom();
  const Parts run = {"run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "-n", "1"};
  const Parts eval = {"eval", "--rom", rom, "--tokens", write("ids.txt", "1 2 3 4"), "--context", "4"};
  const Parts cost = {"cost", "--chip", "demo", "--model", "stories260k", "-n", "1", "--prompt-tokens", "1"};
  const Parts inspect = {"inspect", rom};
  const std::vector<std::pair<Parts, Parts>> commands = {
      {run, {"--json", "--rom", "--temperature"}},
      {eval, {"--checkpoint", "--text", "--logits"}},
      {{"eval", "--rom", rom, "--text", path("ids.txt")}, {"--tokens"}},
      {{"eval", "--checkpoint", kStories, "--text", path("ids.txt")}, {"--rom"}},
      {cost, {"--svg"}},
      {inspect, {"--chip", "--against", "--recipe"}}};
  for (const auto& [command, options] : commands) {
    for (const auto& option : options) {
      Parts words = command;
      words.insert(words.end(), {option, ""});
      expect_refused(words, {option + ": it is empty"});
    }
  }
}

}  // namespace
}  // namespace kiln
