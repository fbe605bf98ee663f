// What a tokenizer.json does around its model: normalizer, pre_tokenizer, post_processor, decoder.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "tokenizer/byte_symbols.hpp"
#include "tokenizer/hugging_face_parts.hpp"
#include "tokenizer/pre_tokenizer.hpp"

namespace kiln::tokenizer {
namespace {

/// What is at `view`, or its members if it is a Sequence.
std::vector<JsonView> parts(const JsonView& view, std::string_view list) {
  if (view.is_null()) return {};
  if (view.type() != "Sequence") return {view};
  const JsonView members = view.at(list);
  std::vector<JsonView> out;
  const std::size_t count = members.size();
  if (count > 16) members.fail(fmt::format("{} parts, expected at most 16", count));
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 16); ++i) out.push_back(members.at(i));
  return out;
}

std::string names(const std::vector<JsonView>& views) {
  std::string out;
  for (const auto& view : views) {
    out += (out.empty() ? "" : ", ") + view.type();
    if (view.type() == "Split")
      out += fmt::format(" by \"{}\"", json::write(view.at("pattern").value()).substr(0, 200));
  }
  return out.empty() ? "none" : out;
}

bool is_metaspace(const JsonView& view, TokenizerSpec& spec) {
  if (view.type() != "Metaspace" || view.at("replacement").text() != kSpaceSymbol || view.flag("split", true))
    return false;
  const JsonView scheme = view.at("prepend_scheme");
  const std::string name = !scheme.is_null() ? scheme.text() : view.flag("add_prefix_space", true) ? "always" : "never";
  spec.add_space_prefix = name != "never";
  spec.space_prefix = name == "first" ? SpacePrefix::FirstPartUnlessSpace : SpacePrefix::EachPartUnlessSpace;
  return name == "first" || name == "always" || name == "never";
}

void read_sentence_piece_spaces(const JsonView& root, TokenizerSpec& spec) {
  const auto normalizers = parts(root.at("normalizer"), "normalizers");
  const auto pre = parts(root.at("pre_tokenizer"), "pretokenizers");
  spec.add_space_prefix = false;
  if (normalizers.empty() && pre.size() == 1 && is_metaspace(pre[0], spec)) return;
  if (!pre.empty()) {
    return root.at("pre_tokenizer")
        .fail(fmt::format("{}, and with byte fallback Kiln has none or Metaspace without split", names(pre)));
  }
  bool replaced = false;
  for (const auto& part : normalizers) {
    if (part.type() == "Prepend" && part.at("prepend").text() == kSpaceSymbol && !replaced && !spec.add_space_prefix) {
      spec.add_space_prefix = true;
    } else if (part.type() == "Replace" && part.at("pattern").at("String").value() == " " &&
               part.at("content").text() == kSpaceSymbol && !replaced) {
      replaced = true;
    } else {
      return part.fail(fmt::format("{}, expected U+2581 prepended and put for spaces", names({part})));
    }
  }
  if (!replaced) root.at("normalizer").fail("no Replace of spaces by U+2581, which byte fallback needs in Kiln");
}

void read_byte_level_pre_tokenizer(const JsonView& root, TokenizerSpec& spec) {
  if (!parts(root.at("normalizer"), "normalizers").empty()) {
    return root.at("normalizer").fail("found a normaliser, and Kiln has none for byte-level vocabularies");
  }
  const auto pre = parts(root.at("pre_tokenizer"), "pretokenizers");
  if (pre.size() == 2 && pre[1].type() == "ByteLevel" && !pre[1].flag("add_prefix_space", true)) {
    const bool own_expression = pre[1].flag("use_regex", true);
    if (pre[0].type() == "Split" && !own_expression && pre[0].at("pattern").at("Regex").value() == kLlama3Expression &&
        pre[0].at("behavior").value() == "Isolated" && !pre[0].flag("invert", false)) {
      spec.pre = PreTokenizer::Llama3;
      return;
    }
    if (pre[0].type() == "Digits" && own_expression && pre[0].flag("individual_digits", false)) {
      spec.pre = PreTokenizer::SmolLm;
      return;
    }
  }
  root.at("pre_tokenizer")
      .fail(fmt::format("{}, and the pre-tokenisers that Kiln has are those of Llama 3 and SmolLM2", names(pre)));
}

/// The token that a template puts in front: the id that the template's own table gives, else its text's.
void read_bos(const JsonView& part, const JsonView& name, TokenizerSpec& spec) {
  const JsonView ids = part.at("special_tokens").at(name.text()).at("ids");
  if (ids.is_null()) {
    spec.bos = id_of(name.text(), spec);
    if (!spec.bos) name.fail("no such token");
  } else if (ids.size() != 1) {
    ids.fail(fmt::format("{} ids, expected one", ids.value().is_array() ? ids.size() : 0));
  } else {
    spec.bos = ids.at(std::size_t{0}).number(static_cast<std::uint32_t>(spec.tokens.size() - 1));
  }
  spec.add_bos = true;
}

/// The BOS from TemplateProcessing: [SpecialToken, Sequence A] or [Sequence A].
void read_post_processor(const JsonView& root, TokenizerSpec& spec) {
  for (const auto& part : parts(root.at("post_processor"), "processors")) {
    if (part.type() == "ByteLevel") continue;
    if (part.type() != "TemplateProcessing")
      return part.fail(fmt::format("{}, expected TemplateProcessing", part.type()));
    const JsonView single = part.at("single");
    const std::size_t count = single.size();
    const bool with_bos = count == 2 && single.at(std::size_t{0}).value().find("SpecialToken") != nullptr;
    if (count != (with_bos ? 2U : 1U) || single.at(count - 1).value().find("Sequence") == nullptr) {
      return single.fail("expected the text, with at most one special token in front");
    }
    if (with_bos) read_bos(part, single.at(std::size_t{0}).at("SpecialToken").at("id"), spec);
  }
}

/// Kiln decodes as these do together; which of them a file has says nothing more.
bool is_usual_decoder(const JsonView& part) {
  const std::string type = part.type();
  if (type == "Replace")
    return part.at("pattern").at("String").value() == std::string(kSpaceSymbol) && part.at("content").value() == " ";
  if (type == "Strip") return part.at("content").value() == " " && part.at("stop").number(64) == 0;
  return type == "ByteLevel" || type == "ByteFallback" || type == "Fuse" || type == "Metaspace";
}

void check_decoder(const JsonView& root) {
  for (const auto& part : parts(root.at("decoder"), "decoders"))
    if (!is_usual_decoder(part))
      return part.fail(
          fmt::format("{}, and the decoders that Kiln has are ByteLevel, Metaspace, and Replace of U+2581, "
                      "ByteFallback, Fuse, Strip",
                      names({part})));
}

}  // namespace

void read_pipeline(const JsonView& root, TokenizerSpec& spec) {
  if (spec.kind == Kind::SentencePiece) {
    read_sentence_piece_spaces(root, spec);
  } else {
    read_byte_level_pre_tokenizer(root, spec);
  }
  read_post_processor(root, spec);
  check_decoder(root);
}

}  // namespace kiln::tokenizer
