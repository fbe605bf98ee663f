// Chat templates, rendered for a few conversations. Part "template"; part "name", if any, is the text of the BOS token.
#include <array>
#include <vector>

#include "base/utf8.hpp"
#include "support/bundle.hpp"
#include "support/property.hpp"
#include "tokenizer/chat_template.hpp"

namespace {

using namespace kiln;
using tokenizer::ChatMessage;

/// The smaller the budget, the more templates a second.
const tokenizer::ChatTemplate::Limits kLimits{.work = 1'000'000};

base::Result<std::string> render(const tokenizer::ChatTemplate& chat, const std::vector<ChatMessage>& messages,
                                 bool opens_answer, const tokenizer::ChatTemplate::Names& names) {
  return chat.render(messages, opens_answer, names, kLimits);
}

const std::array<std::vector<ChatMessage>, 4> kConversations = {{
    {},
    {{"user", "Hi"}},
    {{"system", "Be brief.\n"}, {"user", " a  b "}, {"assistant", "c\xC3\xA9"}, {"user", "{{ d }}"}},
    {{"assistant", ""}, {"user", "x"}, {"user", "y"}},
}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size));
  const auto source = parts.empty() ? fuzz::text_of(data, size) : fuzz::part(parts, "template");
  if (base::first_invalid_utf8(source)) return 0;              // readers of files have refused it
  if (source.find("internal error") != source.npos) return 0;  // which raise_exception may say, too
  const auto chat = tokenizer::ChatTemplate::parse(source);
  if (!fuzz::good(chat)) return 0;
  const tokenizer::ChatTemplate::Names names{std::string(fuzz::part(parts, "name")), "</s>", {{"pad_token", "<pad>"}}};
  for (const auto& messages : kConversations) {
    for (const bool opens_answer : {false, true}) {
      const auto text = render(*chat, messages, opens_answer, names);
      if (fuzz::good(text)) {
        const auto again = render(*chat, messages, opens_answer, names);
        fuzz::require(again.ok() && *again == *text, "a template says the same twice");
      }
    }
  }
  return 0;
}
