// A tokenizer.model of SentencePiece. Its pieces are read one by one: a hostile file takes no more memory than its
// tokens do.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "sentence_piece.pb.h"
#include "tokenizer/hugging_face_parts.hpp"

namespace kiln::tokenizer {
namespace {

namespace proto = google::protobuf;
namespace spm = kiln::sentence_piece;

struct Model {
  spm::TrainerSpec trainer;
  spm::NormalizerSpec normalizer;
  spm::NormalizerSpec denormalizer;
  TokenizerSpec spec;
};

/// The message that is next in the stream, of as many bytes as it says.
bool read_message(proto::io::CodedInputStream& in, proto::MessageLite& out) {
  std::uint32_t size = 0;
  if (!in.ReadVarint32(&size) || size > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) return false;
  if (in.BytesUntilLimit() >= 0 && static_cast<std::uint32_t>(in.BytesUntilLimit()) < size) return false;
  const auto limit = in.PushLimit(static_cast<int>(size));
  const bool good = out.MergePartialFromCodedStream(&in) && in.ConsumedEntireMessage();
  in.PopLimit(limit);
  return good;
}

base::Status add_piece(const spm::Piece& piece, TokenizerSpec& spec) {
  if (spec.tokens.size() == kMaxTokens) return base::Error{fmt::format("more than {} pieces", kMaxTokens)};
  if (base::first_invalid_utf8(piece.piece()))
    return base::Error{fmt::format("piece {} is not UTF-8", spec.tokens.size())};
  if (piece.type() < 1 || piece.type() > 6)
    return base::Error{fmt::format("piece {} has the type {}, expected 1 to 6", spec.tokens.size(), piece.type())};
  if (piece.type() == static_cast<int>(TokenType::Unused))
    return base::Error{fmt::format("piece {} (\"{}\") is an unused one, and Kiln has none", spec.tokens.size(),
                                   base::excerpt(base::without_controls(piece.piece())))};
  spec.tokens.push_back(piece.piece());
  spec.scores.push_back(piece.score());
  spec.types.push_back(static_cast<TokenType>(piece.type()));
  return {};
}

base::Status parse_model(const std::string& bytes, Model& out) {
  const base::Error broken{"no model of SentencePiece: expected pieces, a trainer_spec and a normalizer_spec"};
  proto::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  const auto whole = in.PushLimit(static_cast<int>(bytes.size()));
  spm::Piece piece;
  while (const std::uint32_t tag = in.ReadTag()) {
    const bool message = (tag & 7U) == 2;
    bool good = true;
    if (message && tag >> 3 == 1) {
      piece.Clear();
      good = read_message(in, piece);
      if (good)
        if (auto status = add_piece(piece, out.spec); !status) return status;
    } else if (message && tag >> 3 == 2) {
      good = read_message(in, out.trainer);
    } else if (message && tag >> 3 == 3) {
      good = read_message(in, out.normalizer);
    } else if (message && tag >> 3 == 5) {
      good = read_message(in, out.denormalizer);
    } else {
      good = proto::internal::WireFormatLite::SkipField(&in, tag);
    }
    if (!good) return broken;
  }
  if (!in.ConsumedEntireMessage() || out.spec.tokens.empty()) return broken;
  in.PopLimit(whole);
  return {};
}

std::string excerpt(const std::string& bytes) { return base::excerpt(base::without_controls(bytes)); }

/// What it says that Kiln would do otherwise.
base::Status refuse(const Model& model) {
  constexpr const char* kTypes[] = {"none", "unigram", "BPE", "word", "char"};
  const int type = model.trainer.model_type();
  if (type != 2) {
    return base::Error{fmt::format("trainer_spec/model_type is {}, and Kiln has only BPE (2)",
                                   type >= 1 && type <= 4 ? kTypes[type] : std::to_string(type))};
  }
  if (model.trainer.treat_whitespace_as_suffix())
    return base::Error{"trainer_spec/treat_whitespace_as_suffix is true, and Kiln puts spaces before words"};
  if (!model.normalizer.escape_whitespaces())
    return base::Error{"normalizer_spec/escape_whitespaces is false, and Kiln writes spaces as U+2581"};
  const spm::NormalizerSpec* const specs[] = {&model.normalizer, &model.denormalizer};
  for (const auto* spec : specs) {
    if (spec->precompiled_charsmap().empty()) continue;
    return base::Error{
        fmt::format("{}/precompiled_charsmap has {} bytes (\"{}\"), and Kiln changes no characters: "
                    "identity is expected",
                    spec == specs[0] ? "normalizer_spec" : "denormalizer_spec", spec->precompiled_charsmap().size(),
                    excerpt(spec->name()))};
  }
  return {};
}

/// The control token of this name, which the model may lack.
std::optional<base::TokenId> control(const std::string& piece, const TokenizerSpec& spec) {
  const auto id = id_of(piece, spec);
  return id && spec.types[*id] == TokenType::Control ? id : std::nullopt;
}

base::Status read_special(const Model& model, TokenizerSpec& spec) {
  for (base::TokenId id = 0; id < spec.tokens.size(); ++id) {
    if (spec.types[id] == TokenType::Unknown) {
      if (spec.unknown) return base::Error{fmt::format("pieces {} and {} are unknown ones", *spec.unknown, id)};
      spec.unknown = id;
    } else if (spec.types[id] == TokenType::UserDefined) {
      // Found in the text with its spaces escaped, where no space is put before what follows it.
      spec.added.push_back({id, true, false, false, false, false, spec.tokens[id]});
      if (spec.tokens[id].empty()) return base::Error{fmt::format("piece {} is user-defined and empty", id)};
      if (spec.remove_extra_spaces && spec.tokens[id].find(' ') != std::string::npos)
        return base::Error{fmt::format("piece {} is user-defined with a space, and extra spaces are removed", id)};
    } else if (spec.types[id] == TokenType::Byte && !model.trainer.byte_fallback()) {
      return base::Error{fmt::format("piece {} is a byte, and trainer_spec/byte_fallback is false", id)};
    }
  }
  if (!spec.unknown) return base::Error{"no piece is the unknown one, expected one"};
  spec.bos = control(model.trainer.bos_piece(), spec);
  if (const auto eos = control(model.trainer.eos_piece(), spec)) spec.eos = {*eos};
  return {};
}

}  // namespace

base::Result<TokenizerSpec> read_sentence_piece(const std::string& bytes, const std::string& file) {
  Model model;
  const auto named = [&](const base::Error& error) { return base::Error{file + ": " + error.message}; };
  if (auto status = parse_model(bytes, model); !status) return named(status.error());
  if (auto status = refuse(model); !status) return named(status.error());
  TokenizerSpec& spec = model.spec;
  spec.kind = Kind::SentencePiece;
  spec.add_space_prefix = model.normalizer.add_dummy_prefix();
  spec.remove_extra_spaces = model.normalizer.remove_extra_whitespaces();
  if (auto status = read_special(model, spec); !status) return named(status.error());
  return std::move(spec);
}

}  // namespace kiln::tokenizer
